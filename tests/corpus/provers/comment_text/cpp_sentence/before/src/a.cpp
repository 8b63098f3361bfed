/* Somebody wrote this. */
#include <stdio.h>

// the first row
int a;
int b;
