/* Macros used by test-list.h. */
#define TEST_ENTRY(name) { #name, &run_test_##name },
