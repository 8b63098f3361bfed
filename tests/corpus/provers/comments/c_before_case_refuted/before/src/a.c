/* Somebody wrote this. */
#include <stdio.h>

void f(int a)
{
  switch (a) {
  case 1:
    a = 2;
  case 2:
    break;
  }
}
