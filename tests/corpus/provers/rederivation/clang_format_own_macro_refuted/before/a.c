#include "say.h"
const char *t=say(a+b);
