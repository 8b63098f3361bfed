/* Somebody wrote this. */
#include <stdio.h>

/* the size of it */
int a;
