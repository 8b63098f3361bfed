/* Somebody wrote this. */
#include <//one thing>
int a;
