/* Somebody wrote this. */
#include <stdio.h>

void f(void)
{
  LATER(a); LATER(b);
}
