/* Somebody wrote this. */
#include <//other thing>
int a;
