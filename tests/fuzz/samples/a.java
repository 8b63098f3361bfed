/*
 * A sample of many shapes.
 */
package a.b;

import java.util.*;
import static java.util.Map.entry;

/**
 * Rows and their sizes.
 *
 * @param <T> what a row holds
 * @deprecated for the table
 */
@SuppressWarnings({"unchecked", "raw"})
public sealed abstract class A<T extends Comparable<? super T>> permits A.B, A.C {
    // the size of it
    private static final int SIZE = 0x1F_FF + 1_000 - 0b101 + 017;
    static final double D = 1.5e-3 + .5f + 2. + 1e10d + 0x1.8p3; // NOSONAR
    char c = '\'', d = 'é', e = '\\', f = '\n', g = '\101';
    String s = "a // b /* c */ \"d\" \\", t = ""; //$NON-NLS-1$
    String block = """
        one "two" ""
          three \
        four \"""
        """;
    Map<String, List<List<T>>> rows = new HashMap<>();
    int[] many = {1, 2, -3}, none[] = {};

    /** @deprecated use B */
    non-sealed static class B extends A<String> { }

    static final class C extends A<Integer> {
        /* two words */ int x = 1;
        { x++; ++x; }
    }

    record P(int a, String... b) { P { assert a >= 0 : "small"; } }

    enum E { ONE { int f() { return 1; } }, TWO; int f() { return 2; } }

    @interface N { int value() default 1; String[] names() default {}; }

    <R> R apply(java.util.function.Function<? super T, ? extends R> f, T t) throws Exception {
        int i = 0, j = i++ + ++i, k = i-- - --j;
        outer:
        for (int n = 0; n < many.length; n += 2) {
            if (n > 1 && n >>> 1 != 3 || !(n <= 4)) continue outer; else break;
        }
        for (var row : rows.entrySet()) { /* nothing */ }
        i >>>= 2; i >>= 1; i <<= 1; i ^= ~i & 3 | 4; i %= 5;
        do { i--; } while (i > 0);
        //noinspection ResultOfMethodCallIgnored
        f.apply(t);
        switch (i) {
            case 1:
                j = 2;
                // falls through
            case 2: case 3: return null;
            default: break;
        }
        int m = switch (j) { case 1, 2 -> { yield 3; } default -> -1; };
        Runnable r = () -> { synchronized (this) { m(); } };
        Comparator<T> q = Comparator.<T>naturalOrder().thenComparing(Object::toString, (a, b) -> a.compareTo(b));
        Object o = (T) t; int[] z = new int[] {1, 2,};
        if (o instanceof String str && !str.isEmpty()) { throw new IllegalStateException("a" + str); }
        try (var in = open(); var out = open()) { in.read(); } catch (RuntimeException | Error x) { // a row of it
            throw x;
        } finally { i = i > 0 ? 1 : -1; }
        return f.apply(t);
    }

    abstract void m();
}
