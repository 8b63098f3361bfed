///usr/bin/env jbang "$0" "$@" ; exit $?
class A { int x=1; }
