TEST_DECLARE   (rows_sort)
TEST_DECLARE   (rows_one)

TASK_LIST_START
  TEST_ENTRY  (rows_sort)
  TEST_ENTRY  (rows_one)
  TEST_SKIP  (rows_a)
  TEST_SKIP  (rows_b)
TASK_LIST_END
