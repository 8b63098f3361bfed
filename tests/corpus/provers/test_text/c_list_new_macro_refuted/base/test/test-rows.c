#include "runner.h"

TEST_IMPL(rows_sort) {
  ASSERT_EQ(1, rows(1));
}
