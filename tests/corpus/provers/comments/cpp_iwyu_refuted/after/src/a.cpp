/* Somebody wrote this. */
#include "a.h"
