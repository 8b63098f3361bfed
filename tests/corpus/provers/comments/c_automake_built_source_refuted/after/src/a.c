/* Somebody wrote this. */
#include <stdio.h>

/* the size of it */
int a;
int b; /* how much there is */
