// clang-format off for the rows
int a;
