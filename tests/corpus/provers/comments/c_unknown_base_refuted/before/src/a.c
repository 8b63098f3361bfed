/* Somebody wrote this. */
#include <stdio.h>

int a; /* the sise of it */
