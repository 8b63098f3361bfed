TEST_DECLARE   (rows_sort)
TEST_DECLARE   (rows_one)

TASK_LIST_START
  TEST_ENTRY  (rows_sort)
  TEST_ENTRY  (rows_one)
TASK_LIST_END
