/* Somebody wrote this. */
#include <stdio.h>

void f(void)
{
  __asm {
    mov eax, 1 mov ebx, 2
  }
}
