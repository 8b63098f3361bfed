/* Somebody wrote this. */
#include <stdio.h>

void f(int a, int b)
{
  CHECK_THAT(a==b);
}
