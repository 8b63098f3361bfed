/* Somebody wrote this. */
#include <stdio.h>

a<b<int> > c;
