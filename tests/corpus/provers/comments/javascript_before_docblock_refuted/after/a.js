// the tests of the page
/** @jest-environment jsdom */
f();
