/* Somebody wrote this. */
package a;

/**
 * A row.
 * @param x the size
 *     in some rows
 */
class A {}
