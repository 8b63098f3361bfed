/* Somebody wrote this. */
#include <stdio.h>

int f(int a, int *b) { return a /*b; } /* done */
