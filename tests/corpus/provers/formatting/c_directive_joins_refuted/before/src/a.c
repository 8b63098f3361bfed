/* Somebody wrote this. */
#include <stdio.h>

#define A 1
int b = 2;
