module;
#include <a>
export module a;
int  b;
