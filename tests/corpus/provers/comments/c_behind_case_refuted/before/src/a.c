/* Somebody wrote this. */
#include <stdio.h>

void f(int a)
{
  switch (a) {
  case 1:  /* in first, out second */
    break;
  }
}
