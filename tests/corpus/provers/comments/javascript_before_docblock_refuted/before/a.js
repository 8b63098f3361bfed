/** @jest-environment jsdom */
f();
