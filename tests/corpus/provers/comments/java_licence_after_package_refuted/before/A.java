package a;

/*
 * You may use this file in the following way.
 */
class A {}
