/* Somebody wrote this. */
#include <stdio.h>

const char *a = R"x( a
b)x";
