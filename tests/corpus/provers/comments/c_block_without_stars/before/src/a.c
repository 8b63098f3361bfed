/* Somebody wrote this. */
#include <stdio.h>

/* one thing */
int b;
/* Gives the sise of it,
   in bytes. */
int a(void);
