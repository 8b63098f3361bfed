/* Somebody wrote this. */
#include <stdio.h>

/* one thing */
int b;
/* lint -save
   two things */
int a;
