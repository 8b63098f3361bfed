/* Somebody wrote this. */
#include <stdio.h>

#define A 1 \
  + 2
// a row of words
int a = A;
