/* Somebody wrote this. */
#include <stdio.h>

const char *a = "/* one thing */";
