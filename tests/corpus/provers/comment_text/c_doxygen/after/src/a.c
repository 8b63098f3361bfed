/* Somebody wrote this. */
#include <stdio.h>

/**
 * Gives the sum of both.
 * It is an integer.
 */
int sum(int a, int b);
