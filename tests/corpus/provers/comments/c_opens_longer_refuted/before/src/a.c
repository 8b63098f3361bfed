/* Somebody wrote this. */
#include <stdio.h>

int a; /* one thing */
int b; /* other thing */
