/* Somebody wrote this. */
#include <stdio.h>

// the first row
int a;
/// Here the second begins.
int b;
