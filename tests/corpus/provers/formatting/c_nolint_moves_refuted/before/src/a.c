/* Somebody wrote this. */
#include <stdio.h>

// NOLINTNEXTLINE
int a; int b;
