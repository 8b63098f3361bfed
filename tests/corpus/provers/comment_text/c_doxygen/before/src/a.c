/* Somebody wrote this. */
#include <stdio.h>

/**
 * Gives the sum of two.
 */
int sum(int a, int b);
