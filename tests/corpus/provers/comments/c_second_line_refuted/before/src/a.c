/* Somebody wrote this. */
#include <stdio.h>

/* one thing */
int b;
/* lint -save
   one thing */
int a;
