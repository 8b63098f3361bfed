/* Somebody wrote this. */
package a;

/**
 * The size of it.
 * {@code
 * first second
 * }
 */
class A {}
