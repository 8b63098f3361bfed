/*
 * Somebody wrote this.
 */
package a;

/**
 * The sizze of a row.
 *
 * @see B
 */
class A {}
