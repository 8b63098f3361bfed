/* Somebody wrote this. */
#include <stdio.h>

const char *a = R"(  // "
int b; // )";
int  c;
