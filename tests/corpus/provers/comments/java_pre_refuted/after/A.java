/* Somebody wrote this. */
package a;

/**
 * A row.
 * <pre>
 * second first
 * </pre>
 */
class A {}
