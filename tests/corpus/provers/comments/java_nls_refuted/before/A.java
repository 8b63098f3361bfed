/* Somebody wrote this. */
package a;

class A {
  String x = "a";
}
