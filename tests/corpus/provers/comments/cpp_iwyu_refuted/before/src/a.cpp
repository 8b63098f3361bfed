/* Somebody wrote this. */
#include "a.h" // IWYU pragma: keep
