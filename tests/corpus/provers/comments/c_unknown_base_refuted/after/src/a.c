/* Somebody wrote this. */
#include <stdio.h>

int a; /* the size of it */
