/* Somebody wrote this. */
#include <stdio.h>

/*[clinic input]
other thing here
[clinic]*/
int a;
