/* Somebody wrote this. */
#include <stdio.h>

#define A 1 \
  + 2
int a = A;
