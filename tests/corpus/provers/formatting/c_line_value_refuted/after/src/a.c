/* Somebody wrote this. */
#include <stdio.h>

int where(void)
{

  return __LINE__;
}
