/* Somebody wrote this. */
package a;

/**
 * A row.
 * @deprecated for the table
 */
class A {}
