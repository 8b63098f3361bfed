/* You may use it. */
int a;
