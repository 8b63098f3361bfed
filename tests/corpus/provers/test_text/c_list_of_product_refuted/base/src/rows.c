#include "../test/test-list.h"
int rows(int n) { return n; }
