const char k[] = {
#embed "a.h"
};
