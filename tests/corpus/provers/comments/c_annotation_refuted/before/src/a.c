/* Somebody wrote this. */
#include <stdio.h>

/*@ requires a > 0; */
int f(int a);
