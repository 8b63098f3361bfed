/* Somebody wrote this. */
#include <stdio.h>

int a;
