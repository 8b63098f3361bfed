"""Tests in C and C++: which file the build of the base makes a test of, and nothing else (CTest, GoogleTest, Catch2, `check`).

Rule kept (R16, R20): the file stands in a folder of tests, a build file above it makes it part of a test by name or by
pattern, and that build file names it for nothing else: no library, no installed file, no command. What the words of C
and C++ leave out, steer or start beside testing is told here as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx

ENDINGS: Final = rx(r"\.(?:c|cc|cpp|cxx|c\+\+)\Z")
PLACE: Final = rx(r"(?:^|/)(?:tests?|unit_?tests?|gtests?)/(?:[^/]+/)*[^/]+\.(?:c|cc|cpp|cxx|c\+\+)\Z")
BUILDS: Final = ("CMakeLists.txt", "Makefile.am")
RUNS: Final = rx(
    r"(?m)^\s*(?:add_test|gtest_discover_tests|gtest_add_tests|catch_discover_tests|doctest_discover_tests)\s*\(|^(?:TESTS|check_PROGRAMS)\s*\+?="
)
"""The base runs what it builds there: CTest and its modules, `make check` of automake."""
COMMENT: Final = rx(r"#[^\n]*")
COMMAND: Final = rx(r"(?m)^[ \t]*([A-Za-z_]\w*)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
"""A command of CMake with its arguments."""
VARIABLE: Final = rx(r"(?m)^([A-Za-z_][\w.]*)[ \t]*\+?=[ \t]*((?:[^\n]*\\\n)*[^\n]*)")
"""A variable of automake with its value, over continued lines."""
OF_TESTS: Final = rx(r"(?i)tests?(?:_|-|\b)|\bcheck_|(?:^|_)test")
MAKES: Final = frozenset({"add_executable", "set", "list", "foreach"})
"""Commands that may name a source of a test: their first name has to say that it is one."""
SETS: Final = frozenset({"target_compile_options", "target_compile_definitions", "target_link_libraries", "target_include_directories", "target_compile_features", "set_target_properties"})  # fmt: skip
"""Commands that set how a target is built, and give it no source."""
NEVER: Final = rx(r"(?i)install|custom|process|librar|configure|copy|download|generate")
DECLARES: Final = rx(
    r"(?m)^[ \t]*(?:TYPED_)?TEST(?:_[FP]|_CASE\w*|_IMPL|_SUITE)?[ \t]*\(|^[ \t]*(?:SCENARIO|RUN_TEST|BOOST_\w*TEST_CASE\w*)[ \t]*\(|^(?:static\s+)?int\s+main\s*\("
)
LEAVES_OUT: Final = rx(
    r"GTEST_SKIP|\bDISABLED_|RETURN_SKIP|TEST_IGNORE|\bSKIP\s*\(|\[!(?:mayfail|shouldfail)|\[\.|\b(?:may_fail|should_fail|expected_failures)\b|doctest::skip|"
    r"^\s*#\s*(?:if|ifdef|ifndef|elif|else)\b|\?\?/|/\*(?!.*\*/)",
    re.MULTILINE,
)
"""What leaves a test or lines out, or lets it fail."""
DOES_MORE: Final = rx(
    r"(?i)\b(?:system|w?popen|_popen|fork|vfork|exec[lv]\w*|posix_spawn\w*|dlopen|dlsym|socket|connect|getenv|secure_getenv|remove|rename|unlink\w*|chmod|ptrace|mprotect|"
    r"createprocess\w*|shellexecute\w*|winexec|loadlibrary\w*|curl_\w+|setenv|putenv|_exit|quick_exit|abort|atexit|signal|std::filesystem)\s*\(|\benviron\b|"
    r"\basm\b|__asm\w*|incbin|#\s*embed|_pragma|#\s*pragma|constructor|\bmain\s*\(|(?:gtest_flag|flags_gtest)|"
    r"^\s*#\s*(?:define|undef)\s+\w*(?:expect|assert|test|check|require|main|true|false|return|if)\w*|##|\bfilesystem\b|fstream|\bofstream\b"
)
"""What a test of C does beside testing, or how it changes what testing means."""
INCLUDES: Final = rx(r"^\s*#\s*(?:include\w*|import)\b\s*(?P<what>[^\n]*)")
PLAIN: Final = rx(r"(?:<(?!/)[\w/.+-]+>|\"(?!/)[\w/.+-]+\")\s*(?://[^\n]*)?\Z")


def built_as_test(path: str, base: BaseTree) -> bool:
    """Whether a build file above a path makes it part of a test and a build file of the base runs what it builds."""
    makers = makers_of(path, base)
    return bool(makers) and any(RUNS.search(COMMENT.sub("", base.files[above])) for above in _above(path, base))


def makers_of(path: str, base: BaseTree) -> frozenset[str]:
    """The build files above a path that name it for tests; none where one of them names it for anything else."""
    found = set()
    for build in _above(path, base):
        folder = build.rpartition("/")[0]
        said = _uses(base.files[build], path[len(folder) + 1 if folder else 0 :])
        if False in said:
            return frozenset()
        if said:
            found.add(build)
    return frozenset(found)


def _above(path: str, base: BaseTree) -> Iterator[str]:
    parts = path.split("/")[:-1]
    for depth in range(len(parts), -1, -1):
        above = "/".join(parts[:depth])
        yield from (one for name in BUILDS if (one := f"{above}/{name}" if above else name) in base.files)


@lru_cache(maxsize=512)
def _uses(text: str, rest: str) -> frozenset[bool]:
    """For each place that names a file: whether it is made part of a test there."""
    plain = COMMENT.sub("", text)
    stem = rest.rpartition(".")[0]
    name = re.compile(rf"(?<![\w/.+-])(?:\$\{{\w+\}}/|\./)?(?:{re.escape(rest)}|{re.escape(stem)})(?![\w/+-]|\.\w)")
    said = set()
    taken = 0
    for pattern in (COMMAND, VARIABLE):
        for found in pattern.finditer(plain):
            count = len(name.findall(found[2])) + int(bool(_by_pattern(found[2], rest)) and "GLOB" in found[2])
            if count:
                taken += len(name.findall(found[2]))
                said.add(_of_tests(found[1], found[2], made=pattern is VARIABLE))
    return frozenset(said | ({False} if len(name.findall(plain)) > taken else set()))


def _by_pattern(value: str, rest: str) -> bool:
    words = (word.removeprefix("${CMAKE_CURRENT_SOURCE_DIR}/") for word in re.split(r"[\s\"]+", value) if "*" in word)
    return any(fnmatchcase(rest, word) and word.count("/") == rest.count("/") for word in words)


def _of_tests(name: str, value: str, *, made: bool) -> bool:
    if NEVER.search(name) and name.lower() != "target_link_libraries":
        return False
    if made:
        return OF_TESTS.search(name) is not None
    first = re.match(r"\s*(?:APPEND\s+|GLOB\s+)?[\"']?([\w${}.-]+)", value)
    lower = name.lower()
    if lower in SETS and not re.search(r"\.(?:c|cc|cpp|cxx|c\+\+|sh|py|cmake)\b", value):
        return True
    if lower in MAKES or lower == "file":
        return first is not None and OF_TESTS.search(first[1]) is not None and (lower != "file" or "GLOB" in value)
    return OF_TESTS.search(lower) is not None


def lists_of_changes(base: BaseTree) -> frozenset[str]:
    """Lists of changes without an ending at the root, which only people read."""
    return frozenset(
        path for path in base.files if path.lower() in {"changelog", "changes", "news", "history", "authors"}
    )


def why_not_test(file: ChangedFile) -> str | None:
    """What a changed test of C or C++ leaves out or does beside testing that it did not before; None for others."""
    if not ENDINGS.search(file.path):
        return None
    gone, come = ("\n".join(line.text for line in file.lines if line.added is side) for side in (False, True))
    for pattern, words in ((LEAVES_OUT, "may leave tests out"), (DOES_MORE, "does more than test")):
        if len(pattern.findall(come)) > len(pattern.findall(gone)):
            line = next((one for one in file.added if pattern.search(one.text)), None)
            if line is not None:
                return f"line {line.number} {words}: `{line.text.strip()[:60]}`"
    for line in file.added:
        found = INCLUDES.match(line.text)
        if found is not None and (PLAIN.match(found["what"]) is None or ".." in found["what"]):
            return f"line {line.number} takes in something that is no plain header: `{line.text.strip()[:60]}`"
        if line.text.rstrip().endswith("\\") and line.text.lstrip().startswith("//"):
            return f"line {line.number} is a comment that takes the next line in"
    return None
