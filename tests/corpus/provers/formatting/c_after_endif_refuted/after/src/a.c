/* Somebody wrote this. */
#include <stdio.h>

#ifdef A
#endif int a;
