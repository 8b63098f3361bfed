/* Somebody wrote this. */
#include <stdio.h>

void f(int a)
{
  switch (a) {
  case 1:
    a = 2;
    /* here is the sise of it */
  case 2:
    break;
  }
}
