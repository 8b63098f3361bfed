/* Somebody wrote this. */
#include <stdio.h>

/* the sise of it */
int a;
int b; /* how mucch there is */
