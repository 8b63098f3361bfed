#include "runner.h"

TEST_IMPL(rows_sort) {
  /* Assume that calling it twice is allowed. */
  ASSERT_EQ(2, rows(2));
  ASSERT_EQ(1, rows(1));
}
