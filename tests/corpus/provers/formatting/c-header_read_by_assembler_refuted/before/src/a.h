#ifndef A_H
#define A_H
#ifndef __ASSEMBLER__
int a(void);
#endif
  nop
  ret
#endif
