/* Somebody wrote this. */
#include <stdio.h>

#define S(x)
#x
int a; const char *b = S(
1);
