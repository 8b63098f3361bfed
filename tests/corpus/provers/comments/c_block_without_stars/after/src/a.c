/* Somebody wrote this. */
#include <stdio.h>

/* one thing */
int b;
/* Gives the size of it,
   in bytes. */
int a(void);
