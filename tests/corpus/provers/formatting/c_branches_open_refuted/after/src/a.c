/* Somebody wrote this. */
#include <stdio.h>

#ifdef A
int a = f(1,
#else
int a = g(1,
#endif
 2);
int b;
