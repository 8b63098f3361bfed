#include "test-list.h"
