/* Somebody wrote this. */
#include <stdio.h>

int a; // LCOV_EXCL_LINE
