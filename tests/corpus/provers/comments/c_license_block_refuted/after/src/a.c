/* You may see it. */
int a;
