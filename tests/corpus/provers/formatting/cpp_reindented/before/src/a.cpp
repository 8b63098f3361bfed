/* Somebody wrote this. */
#include <stdio.h>

namespace a{
template<typename T> struct B:C<T>{
std::map<int,T> m = {{1,T{}}};
int n=1'000;
const char*s=R"( " )";
};
}
