/* Somebody wrote this. */
#include <stdio.h>

auto a = "b" s;
