/* Somebody wrote this. */
package a;

/**
 * The sizze of it.
 * {@code
 * first second
 * }
 */
class A {}
