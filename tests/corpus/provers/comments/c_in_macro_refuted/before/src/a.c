/* Somebody wrote this. */
#include <stdio.h>

void f(void)
{
  DEFINE_IT(a, /* the size of it */ 1);
}
