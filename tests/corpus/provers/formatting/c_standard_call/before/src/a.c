/* Somebody wrote this. */
#include <stdio.h>

static int twice(int a,int b)
{
  return a+b;
}
int main(void)
{
  printf( "%d",twice(1,2) );
}
