/*
 * Copyright of somebody.
 * made for the town
 */
f();
