/* Somebody wrote this. */
#include <stdio.h>

// what is it ??/
int  a;
int b;
