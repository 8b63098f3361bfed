/* Somebody wrote this. */
#include <stdio.h>

void f(int a)
{
  switch (a) {
  case 1:
    a = 2;
    /* then we go onn from here */
  case 2:
    break;
  }
}
