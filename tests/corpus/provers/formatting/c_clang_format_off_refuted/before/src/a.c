/* Somebody wrote this. */
#include <stdio.h>

int a; // clang-format off
int b;
