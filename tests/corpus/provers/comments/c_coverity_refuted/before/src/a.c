/* Somebody wrote this. */
#include <stdio.h>

/* coverity[leaked_storage] */
int a;
