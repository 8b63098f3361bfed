"""Which files a runner of the base tree takes for tests, by language, and that nothing else loads them.

Rule kept (R16, R20): a name and a folder are premises. Beside them the base has to show the runner
(a manifest or its configuration above the file), a new file has to stand beside tests, and no file
that is not itself a test may import, name, list or package this one. Files that all tests load
(set-up, support, fixtures, hooks) are no tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.testing.collection import folders_above, is_test_name, why_no_test_role
from magistrate.impact.testing.loading import left_out_by_cargo, who_loads
from magistrate.impact.testing.native import ENDINGS, PLACE, built_as_test, lists_of_changes, makers_of
from magistrate.impact.testing.rust_modules import only_for_tests

SHARED: Final = rx(
    r"(?i)(?:^|/)(?:__mocks__|__fixtures__|fixtures?|helpers?|support|utils?|setup|mocks?|common|shared|lib|testdata|resources|vendor|third_party|"
    r"node_modules|dist|build|templates?|examples?|snapshots?|pages|routes|public|static|migrations|ci|deploy\w*|ops|infra\w*|terraform|ansible|k8s|helm|charts|_[^/]*(?<!__))/|"
    r"(?:^|/)(?:conftest|setup|teardown|global|jest|vitest|karma|bootstrap|env|export_test|main_test|test_?case|(?:spec|test|rails|unit)_?helper)[^/]*\Z|"
    r"\.config\.[^/]*\Z"
)
"""Folders and names of what tests share, keep beside them, or are started by."""
SUPPORT: Final = rx(
    r"(?i)(?:^|/)(?:support|helpers?|utils?|common|mocks?|fixtures?|index|main|run(?:ner)?|config|abstract\w*|base\w*)[^/]*\Z"
)
"""The same where a name does not say itself that it is a test."""
IMPORTS: Final = rx(
    r"^\s*(?:import|from)\s+(?:static\s+)?([A-Za-z_][\w.]*)|(?:\bfrom|\brequire|\bimport|\brequire_relative|\bmock)\s*\(?\s*['\"]([^'\"\n]+)['\"]|"
    r"^\s*(?:import\s+)?(?:[\w.]+\s+)?\"([\w./-]+)\"\s*$|^\s*(?:pub\s+)?use\s+([\w:\\]+)"
)
PACKAGE_DEPTH: Final = 2
MEMBER: Final = rx(r"(?i)\.(?:[cm]?[jt]sx?|py|go|rs|rb|php|java|kt|groovy|c|cc|cpp|cxx|c\+\+)\Z")
SUFFIXED: Final = rx(r"(?i)(?:[._-](?:test|tests|spec)|test|tests|_it)\.[a-z]+\Z|(?:^|/)test_[^/]+\Z")
"""Names that say by themselves that they are tests: whoever names their stem means them."""
RUNS_NODE: Final = rx(
    r"\b(?:jest|vitest|mocha|ava|tap|borp|jasmine|uvu|karma|qunit|tape|playwright|bun test|deno test)\b|\bnode\b.*--test\b"
)
"""Runners as a script of a package starts them."""
BUILDS: Final = rx(r"(?:^|/)(?:pom\.xml|[^/]+\.gradle(?:\.kts)?)\Z")
SHIPS_TESTS: Final = rx(r"(?i)test-jar|(?:<sourceDirectory>|\bmain\b[^}]{0,200}srcDirs?)[^<\n]*src/test")
RUNS_PHP: Final = rx(r"phpunit|pestphp")
EXPORTS: Final = rx(r"^[ \t]*export\b|\bexports\b", re.MULTILINE)
TEST_CALL: Final = rx(r"(?:^|[^\w.])(?:describe|it|test|suite|t\.test)(?:\.\w+)*\s*\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """How one runner finds its tests: their paths, and what of the base shows that it is used there."""

    name: str
    paths: re.Pattern[str]
    shown: Callable[[str, BaseTree], bool]


def _go(path: str, base: BaseTree) -> bool:
    return any(above + "go.mod" in base.files for above in folders_above(path))


def _cargo(path: str, base: BaseTree) -> bool:
    crate = path[: ("/" + path).rindex("/tests/")]
    manifest = base.files.get(crate + "Cargo.toml")
    if manifest is None or crate + "tests/Cargo.toml" in base.files:
        return False
    return not left_out_by_cargo(manifest, path.rpartition("/")[2].removesuffix(".rs"))


def _jvm(path: str, base: BaseTree) -> bool:
    project = path[: ("/" + path).index("/src/test/")]
    builds = [
        base.files[one]
        for one in sorted(base.files)
        if BUILDS.search(one) and one.rpartition("/")[0] + "/" == (project or "/")
    ]
    return bool(builds) and not any(SHIPS_TESTS.search(text) for text in builds)


def _node(path: str, base: BaseTree) -> bool:
    manifests = [
        base.files[above + "package.json"] for above in folders_above(path) if above + "package.json" in base.files
    ]
    nearest = next((above for above in folders_above(path) if above + "package.json" in base.files), None)
    if nearest is None or not any(RUNS_NODE.search(line) for text in manifests for line in _scripts(text)):
        return False
    rest = path[len(nearest) :]
    return SUFFIXED.search(path) is not None or re.search(r"(?:^|/)(?:__tests__|tests?|spec)/", rest) is not None


def _scripts(manifest: str) -> Iterator[str]:
    """The commands of a package, and for `test` the packages that it may start."""
    try:
        found = json.loads(manifest)
    except (ValueError, RecursionError):
        return
    scripts = found.get("scripts") if isinstance(found, dict) else None
    if not isinstance(scripts, dict):
        return
    yield from (line for line in scripts.values() if isinstance(line, str))
    if "test" in scripts and isinstance(needs := found.get("devDependencies"), dict):
        yield " ".join(needs)


def _ruby(path: str, base: BaseTree) -> bool:
    return any(
        above + name in base.files for above in folders_above(path) for name in ("Gemfile", "Rakefile", ".rspec")
    )


def _php(path: str, base: BaseTree) -> bool:
    names = ("phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml")
    if any(above + name in base.files for above in folders_above(path) for name in names):
        return True
    return any(RUNS_PHP.search(base.files.get(above + "composer.json", "")) for above in folders_above(path))


RUNNERS: Final = (
    Runner(name="go test", paths=rx(r"_test\.go\Z"), shown=_go),
    Runner(name="cargo test", paths=rx(r"(?:^|/)tests/[^/]+\.rs\Z"), shown=_cargo),
    Runner(name="a module for tests alone", paths=rx(r"(?:^|/)src/.+\.rs\Z"), shown=only_for_tests),
    Runner(
        name="the tests of the build",
        paths=rx(r"(?:^|/)src/test/(?:java|kotlin|groovy)/.*(?:Tests?|TestCase|IT|Spec)\.(?:java|kt|groovy)\Z"),
        shown=_jvm,
    ),
    Runner(
        name="the tests of the package",
        paths=rx(r"(?:\.(?:test|spec)|(?:^|/)(?:__tests__|tests?|spec)/(?:[^/]+/)*[^/]+)\.[cm]?[jt]sx?\Z"),
        shown=_node,
    ),
    Runner(
        name="rspec or minitest",
        paths=rx(r"(?:^|/)(?:spec/(?:[^/]+/)*[^/]+_spec|tests?/(?:[^/]+/)*(?:[^/]+_test|test_[^/]+))\.rb\Z"),
        shown=_ruby,
    ),
    Runner(name="a test that the build makes and runs", paths=PLACE, shown=built_as_test),
    Runner(name="phpunit", paths=rx(r"(?:^|/)[Tt]ests?/(?:[^/]+/)*[^/]+Test\.php\Z"), shown=_php),
)


def collected_by(path: str, base: BaseTree) -> str | None:
    """The runner that takes a path for a test, in words; None where none is shown. For Python see `collection`."""
    if any(part.startswith(".") for part in path.split("/")) or _shared(path):
        return None
    return next((one.name for one in RUNNERS if one.paths.search(path) and one.shown(path, base)), None)


def _shared(path: str) -> bool:
    return SHARED.search(path) is not None or (SUPPORT.search(path) is not None and not SUFFIXED.search(path))


def why_no_role(file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> str | None:
    """Why the base does not say that this file is a test and nothing else; None when it does."""
    if file.path.endswith(".py"):
        return ("what all tests load is no test" if _shared(file.path) else None) or (
            why_no_test_role(file, base) or _loaded(file, step, base)
        )
    if collected_by(file.path, base) is None:
        return "no runner that the base shows takes this file for a test"
    return _company(file, base) or _shape(file) or _loaded(file, step, base)


def _company(file: ChangedFile, base: BaseTree) -> str | None:
    if file.change.before is not None:
        return None
    folder = file.path.rpartition("/")[0]
    beside = (one for one in base.files if one.rpartition("/")[0] == folder and one != file.path)
    if any(collected_by(one, base) is not None for one in beside):
        return None
    return "the file is new, and its folder has no tests yet: nothing says that the runner takes it"


def _shape(file: ChangedFile) -> str | None:
    """A script below a folder of tests says itself that it is one, on each side."""
    if SUFFIXED.search(file.path) or not re.search(r"\.[cm]?[jt]sx?\Z", file.path):
        return None
    sides = [text for text, side in zip(file.both_texts, (file.change.before, file.change.after), strict=True) if side]
    if any(EXPORTS.search(text) for text in sides):
        return "it gives something to other files, and its name does not say that it is a test"
    return None if all(TEST_CALL.search(text) for text in sides) else "it declares no test"


def _loaded(file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> str | None:
    native = ENDINGS.search(file.path) is not None
    tests = (
        tests_of(base)
        | _declaring(file.path, base)
        | (makers_of(file.path, base) | lists_of_changes(base) if native else frozenset())
    )
    return who_loads(file, step, base, tests, suffixed=native or SUFFIXED.search(file.path) is not None)


def why_new_import(file: ChangedFile, base: BaseTree) -> str | None:
    """What a test newly loads that no test of the base loads, and that is no part of the repository."""
    tests = tests_of(base)
    for line in file.added:
        found = IMPORTS.search(line.text)
        name = next((one for one in found.groups() if one), "") if found else ""
        if not name or name.startswith(".") or name in file.before:
            continue
        parts = [one for one in re.split(r"[.:/\\]+", name.removeprefix("node:")) if one]
        wide = file.path.endswith((".java", ".kt", ".groovy", ".php", ".rs")) and len(parts) > PACKAGE_DEPTH
        shown = name[: name.rindex(parts[-1])].rstrip(".:\\") if wide else name
        if parts and (parts[0] in {"crate", "super", "self", "__future__"} or _is_own(parts[0], base)):
            continue
        if not any(shown.lower() in base.lowered[one] for one in tests if one != file.path):
            return f"line {line.number} loads `{shown[:60]}`, which no test of the base loads"
    return None


def _is_own(name: str, base: BaseTree) -> bool:
    """Whether a folder or a module of the repository has this name."""
    kept = base.looked_up.get("names of modules")
    if not isinstance(kept, frozenset):
        kept = frozenset(
            part.partition(".")[0] for path in base.files if MEMBER.search(path) for part in path.split("/")
        )
        base.looked_up["names of modules"] = kept
    return name in kept


def _declaring(path: str, base: BaseTree) -> frozenset[str]:
    """The files that may declare a module for tests: their declaration is what makes it one."""
    if not path.endswith(".rs") or not only_for_tests(path, base):
        return frozenset()
    folder = path.rpartition("/")[0]
    near = {folder, folder.rpartition("/")[0]}
    return frozenset(one for one in base.files if one.endswith(".rs") and one.rpartition("/")[0] in near)


def tests_of(base: BaseTree) -> frozenset[str]:
    """Every test of the base."""
    kept = base.looked_up.get("tests by role")
    if not isinstance(kept, frozenset):
        kept = frozenset(path for path in base.files if MEMBER.search(path) and _is_test(path, base))
        base.looked_up["tests by role"] = kept
    return kept


def _is_test(path: str, base: BaseTree) -> bool:
    return is_test_name(path.rpartition("/")[2]) or collected_by(path, base) is not None
