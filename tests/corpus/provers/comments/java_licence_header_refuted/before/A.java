/*
 * You may use this file in the following way.
 */
package a;

class A {}
