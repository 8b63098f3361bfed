/* Somebody wrote this. */
package a;

/**
 * A row.
 * @param x the size
 *     in other columns
 */
class A {}
