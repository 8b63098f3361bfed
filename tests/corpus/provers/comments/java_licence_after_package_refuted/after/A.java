package a;

/*
 * You may use this file in any other way.
 */
class A {}
