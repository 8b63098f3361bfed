/* Somebody wrote this. */
#include <stdio.h>

int a; int b; // clang-format off
