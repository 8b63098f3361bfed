/* Somebody wrote this. */
#include <stdio.h>

auto a = R"(// one thing
)";
