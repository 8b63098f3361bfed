/*
 * Copyright of somebody.
 * made for the city
 */
f();
