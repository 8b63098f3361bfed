/* Somebody wrote this. */
#include <stdio.h>

#ifdef A
# define B(x) do { f(x); } while (0)
#endif

int f(int a) {
  if (a)
    return a * 2;
  return 0;
}
