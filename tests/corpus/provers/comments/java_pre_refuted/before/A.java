/* Somebody wrote this. */
package a;

/**
 * A row.
 * <pre>
 * first second
 * </pre>
 */
class A {}
