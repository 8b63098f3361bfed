/* Somebody wrote this. */
#include <stdio.h>

int a = 4 /* two words */ / 2;
