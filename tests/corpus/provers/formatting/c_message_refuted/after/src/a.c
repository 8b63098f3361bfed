/* Somebody wrote this. */
#include <stdio.h>

#ifdef A
#error it's a b
#endif
