/* Somebody wrote this. */
package a;

class A {
  native int f() /*-{
 * first second
  }-*/;
}
