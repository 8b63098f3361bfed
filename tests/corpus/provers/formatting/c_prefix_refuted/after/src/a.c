/* Somebody wrote this. */
#include <stdio.h>

void *a = L"a";
