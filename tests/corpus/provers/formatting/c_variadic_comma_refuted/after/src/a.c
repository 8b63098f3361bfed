/* Somebody wrote this. */
#include <stdio.h>

void f(void)
{
  SHOW(1, 2);
}
