/* Somebody wrote this. */
#include <stdio.h>

#define A (x)
