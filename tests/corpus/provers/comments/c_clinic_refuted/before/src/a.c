/* Somebody wrote this. */
#include <stdio.h>

/*[clinic input]
one thing here
[clinic]*/
int a;
