#ifndef A_H
#define A_H
/* one thing */
int b;
/**
 * a_new:
 * Returns: (transfer none): it
 */
int a(void);
#endif
