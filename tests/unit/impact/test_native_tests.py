"""Tests in C and C++ by their role in the build of the base: for one person, and what is none for two."""

from __future__ import annotations

from typing import Any

import pytest

from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.impact.assess import assess
from magistrate.impact.case import parse_case

TEST = '#include "rows.h"\n#include <gtest/gtest.h>\n\nTEST(Rows, Sort) {\n  EXPECT_EQ(1, rows(1));\n  EXPECT_EQ(2, rows(2));\n}\n'
MORE = TEST.replace("  EXPECT_EQ(2, rows(2));\n", "  EXPECT_EQ(2, rows(2));\n  EXPECT_EQ(3, rows(3));\n")
CMAKE = "add_executable(rows-test rows-test.cc)\ngtest_discover_tests(rows-test)\n"
PLACE = "test/rows-test.cc"


def judged(base: dict[str, str], after: str, path: str = PLACE, before: str = TEST) -> tuple[Strictness, ChangeClass]:
    case: dict[str, Any] = {"id": "c", "files": [{"path": path, "before": before, "after": after}]}
    found = assess(parse_case({**case, "context": {"files": {path: before, "src/rows.cc": "int a;\n", **base}}}))
    return found.strictness, found.files[0].change_class


SHOWN = {
    "discovered": {"test/CMakeLists.txt": CMAKE},
    "root": {"CMakeLists.txt": "enable_testing()\nadd_executable(rows_test test/rows-test.cc)\nadd_test(NAME rows_test COMMAND rows_test)\n"},
    "catch": {"test/CMakeLists.txt": CMAKE.replace("gtest_discover", "catch_discover")},
    "own function": {
        "test/CMakeLists.txt": "function(add_row_test name)\n  add_executable(${name} ${name}.cc)\n  add_test(NAME ${name} COMMAND ${name})\nendfunction()\nadd_row_test(rows-test)\ntarget_compile_options(rows-test PRIVATE -g)\n"
    },
    "a list": {"CMakeLists.txt": "set(uv_test_sources test/rows-test.cc)\nadd_executable(run-tests ${uv_test_sources})\nadd_test(NAME t COMMAND run-tests)\n"},
    "automake": {"Makefile.am": "check_PROGRAMS = test/run-tests\nTESTS = test/run-tests\ntest_run_tests_SOURCES = test/main.c \\\n  test/rows-test.cc\n"},
    "list of changes": {"test/CMakeLists.txt": CMAKE, "ChangeLog": "* rows-test: more\n"},
}  # fmt: skip
OTHERS = {
    "no build": {},
    "nothing runs it": {"test/CMakeLists.txt": "add_executable(rows-test rows-test.cc)\n"},
    "named in a comment": {"test/CMakeLists.txt": "# rows-test.cc\nadd_test(NAME x COMMAND x)\n"},
    "library": {"test/CMakeLists.txt": CMAKE + "add_library(rows rows-test.cc)\n"},
    "library by a list": {"CMakeLists.txt": CMAKE + "set(sources test/rows-test.cc)\n"},
    "installed": {"test/CMakeLists.txt": CMAKE + "install(TARGETS rows-test DESTINATION bin)\n"},
    "run when built": {"test/CMakeLists.txt": CMAKE + "add_custom_command(TARGET x POST_BUILD COMMAND rows-test)\n"},
    "run when configured": {"test/CMakeLists.txt": CMAKE + "execute_process(COMMAND rows-test)\n"},
    "no test by its name": {"test/CMakeLists.txt": CMAKE.replace("add_executable(rows-test", "add_executable(server")},
    "part of the product as well": {"test/CMakeLists.txt": CMAKE, "src/CMakeLists.txt": "add_library(a ../test/rows-test.cc)\n"},
    "included by the product": {"test/CMakeLists.txt": CMAKE, "src/a.cc": '#include "../test/rows-test.cc"\n'},
    "started by a script": {"test/CMakeLists.txt": CMAKE, "deploy.sh": "./rows-test --install\n"},
    "installed by automake": {"Makefile.am": "TESTS = x\nbin_PROGRAMS = rows\nrows_SOURCES = test/rows-test.cc\n"},
}  # fmt: skip
WORDS = {
    "skips": "  GTEST_SKIP();\n",
    "left out by the preprocessor": "#if 0\n#endif\n",
    "trigraph": "  // what??/\n",
    "a comment that takes more": "  // what \\\n",
    "an open comment": "  /* what\n",
    "runs": '  system("make");\n',
    "forks": "  fork();\n",
    "loads": '  dlopen("a", 1);\n',
    "connects": "  connect(1, a, 2);\n",
    "reads the environment": '  getenv("TOKEN");\n',
    "assembler": '  asm(".incbin \\"/etc/passwd\\"");\n',
    "takes a file in": '#include "/etc/passwd"\n',
    "takes a file above in": '#include "../../secret.inc"\n',
    "takes in what is computed": "#include WHAT\n",
    "another meaning": "#define EXPECT_EQ(a, b)\n",
    "pastes": "#define R(a, b) a##b\n",
    "starts by itself": "__attribute__((constructor)) void f() {}\n",
    "another start": "int main(int c, char **v) { return 0; }\n",
    "flags": "  GTEST_FLAG_SET(filter, x);\n",
    "writes": "#include <fstream>\n",
    "ends the run": "  exit(0);\n",
}


@pytest.mark.requirement("R16", "R20")
@pytest.mark.parametrize("name", SHOWN)
def test_a_test_that_the_build_makes_and_runs_is_for_one_person(name: str) -> None:
    assert judged(SHOWN[name], MORE) == (Strictness.ONE, ChangeClass.TESTS)


@pytest.mark.requirement("R16", "R20")
@pytest.mark.parametrize("name", OTHERS)
def test_what_the_build_does_not_only_test_with_is_for_two(name: str) -> None:
    assert judged(OTHERS[name], MORE) == (Strictness.TWO, ChangeClass.UNKNOWN)


@pytest.mark.requirement("R16", "R20")
@pytest.mark.parametrize("name", WORDS)
def test_a_test_that_newly_does_more_or_less_is_for_two(name: str) -> None:
    after = TEST.replace("  EXPECT_EQ(2", f"{WORDS[name]}  EXPECT_EQ(2")
    assert judged(SHOWN["discovered"], after)[0] is Strictness.TWO


@pytest.mark.requirement("R20")
def test_a_test_of_c_that_goes_and_one_outside_of_a_folder_of_tests_are_for_two() -> None:
    two = TEST + "\nTEST(Rows, Again) {\n  EXPECT_EQ(1, rows(1));\n}\n"
    assert judged(SHOWN["discovered"], TEST, before=two)[0] is Strictness.TWO
    base = {"src/CMakeLists.txt": CMAKE}
    assert judged(base, MORE, path="src/rows-test.cc")[0] is Strictness.TWO
