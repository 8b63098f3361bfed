#define say(x) #x
