#ifndef A_H
#define A_H
#define SIZE 4
  nop ret
#endif
