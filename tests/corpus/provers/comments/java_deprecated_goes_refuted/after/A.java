/* Somebody wrote this. */
package a;

/**
 * A row.
 */
class A {}
