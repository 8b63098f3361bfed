int a = 1'0; int b = '"'; // "
int c;
