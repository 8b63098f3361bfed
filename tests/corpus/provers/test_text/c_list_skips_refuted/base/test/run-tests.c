#include "runner.h"
#include "test-list.h"

int main(int argc, char **argv) {
  return run_tests(argc, argv);
}
