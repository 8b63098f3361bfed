/*
 * You may use this file in any other way.
 */
package a;

class A {}
