/*
 * Somebody wrote this.
 */
package a;

/**
 * The size of a row.
 * It is counted once.
 *
 * @see B
 */
class A {}
