/* Somebody wrote this. */
#include <stdio.h>

/*@ requires a > 1; */
int f(int a);
