/* Somebody wrote this. */
#include <stdio.h>

const char *a = "a b";
