/* A sample of many shapes: Apache-2.0 as the rest. */
#include <stdio.h>
#include <string.h>
#include <assert.h>

#ifndef LIMIT
#  define LIMIT 0x1Fu /* how many there are */
#endif
#define TEXT(x) #x
#define ALL(...) #__VA_ARGS__
#define JOIN(a, b) a##b
#define OBJECT (1 + 2)
#define SWAP(a, b) \
    do { \
        int JOIN(t_, a) = (a); /* one and the other */ \
        (a) = (b); \
        (b) = JOIN(t_, a); \
    } while (0)

#if defined(LIMIT) && LIMIT > 3
static const char *names[] = { "one // two", "three /* four */", "a\
b", "\"\\", "x" "y" };
#else
#error it is too small
#endif

/**
 * Gives the sum of both.
 * It is an integer.
 */
static int sum(int a, int b)
{
    return a + +b - -a; // a row of words
}

struct point { int x, y; double z[3]; };

static int look(struct point *p, int kind) {
    switch (kind) {
    case 1:
        p->x++;
        /* FALLTHROUGH */
    case 2:
        p->y = p->x-- - p->y / *(&p->x) + (p->y << 2) * sum(1,2);
        break;
    default:
        goto out;
    }
    if (p->x > 0x1e + 1 && p->y) p->z[0] = 1.5e-3 + .5f; else p->z[1] = 'a' + '\'' + L'b';
out:
    return p->x ? p->y : -1;
}

#if 0
this is no code at all
#endif

int main(void)
{
    struct point p = {1, 2, {0.0, 1.0, 2.0}};
    const char *all = ALL(a, b  c,d);
    int one = OBJECT, two = 2;
    SWAP(one, two);
    printf("%s %s %s %d\n", TEXT(a + b), all, names[one % 2], look(&p, two));
    puts(TEXT( "a"  b ));
#ifdef LIMIT
    puts("limit"); /* a few words here */
#endif
    return sum(one, two) > LIMIT
        ? 0
        : 1;
}
