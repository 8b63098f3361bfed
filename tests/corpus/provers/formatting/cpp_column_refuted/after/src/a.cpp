/* Somebody wrote this. */
#include <stdio.h>

auto  a = std::source_location::current().column();
