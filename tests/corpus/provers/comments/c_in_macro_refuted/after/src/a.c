/* Somebody wrote this. */
#include <stdio.h>

void f(void)
{
  DEFINE_IT(a, /* the weight of it */ 1);
}
