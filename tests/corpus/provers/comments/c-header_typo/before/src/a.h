#ifndef A_H
#define A_H
/* one thing */
int b;
/* Gives the sise of it,
   in bytes. */
int a(void);
#endif
