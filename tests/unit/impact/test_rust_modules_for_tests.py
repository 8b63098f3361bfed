"""A module that the compiler takes in for tests alone is a test; one that may be in the product is not (R16, R20)."""

from __future__ import annotations

import pytest

from magistrate.domain.impact import ChangeClass, FileChange, Impact, Strictness
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case

OLD = "use super::*;\n\n#[test]\nfn one() {\n    assert_eq!(total(1), 1);\n    assert_eq!(total(3), 3);\n}\n"
NEW = OLD.replace("total(1), 1", "total(2), 2")
CRATE = {"Cargo.toml": '[package]\nname = "a"\n'}


def judged(path: str, old: str, new: str, base: dict[str, str]) -> Impact:
    step = (FileChange(path=path, before=old.encode(), after=new.encode()),)
    return assess(Case(id="x", steps=(step,), base=BaseTree(files={**CRATE, **base, path: old}, known=True)))


GUARDED = {
    "guarded": ("src/cart_tests.rs", {"src/lib.rs": "#[cfg(test)]\nmod cart_tests;\n"}),
    "guarded with more": ("src/cart_tests.rs", {"src/lib.rs": "#[cfg(all(test, not(loom)))]\nmod cart_tests;\n"}),
    "in a guarded folder": ("src/tests/cart.rs", {"src/lib.rs": "#[cfg(test)]\nmod tests;\n", "src/tests/mod.rs": "mod cart;\n"}),
    "the folder itself": ("src/tests/mod.rs", {"src/lib.rs": "#[cfg(test)]\nmod tests;\n"}),
}  # fmt: skip


@pytest.mark.requirement("R20")
@pytest.mark.parametrize("name", GUARDED)
def test_a_module_for_tests_alone_is_for_one_person_with_its_checks_first(name: str) -> None:
    path, base = GUARDED[name]
    found = judged(path, OLD, NEW, base)
    assert found.classes == (ChangeClass.TESTS,), found.files[0].proof.why
    assert found.strictness is Strictness.ONE
    assert found.files[0].proof.why.startswith("checks go or change (old line 5)")


ONE = "#[cfg(test)]\nmod cart_tests;\n"
OPEN = {
    "open": {"src/lib.rs": "mod cart_tests;\n"},
    "guarded in a comment": {"src/lib.rs": "// #[cfg(test)]\nmod cart_tests;\n"},
    "guarded for tests or a feature": {"src/lib.rs": '#[cfg(any(test, feature = "x"))]\nmod cart_tests;\n'},
    "guarded for all but tests": {"src/lib.rs": "#[cfg(not(test))]\nmod cart_tests;\n"},
    "open in the program": {"src/lib.rs": ONE, "src/main.rs": "mod cart_tests;\n"},
    "open in another program": {"src/lib.rs": ONE, "src/other.rs": "mod cart_tests;\n"},
    "by its path": {"src/lib.rs": ONE + '#[path = "cart_tests.rs"]\nmod y;\n'},
    "by its path from afar": {"src/lib.rs": ONE, "src/a/b/mod.rs": '#[path = "../../cart_tests.rs"]\nmod y;\n'},
    "included": {"src/lib.rs": ONE + 'include!("cart_tests.rs");\n'},
    "made by a macro": {"src/lib.rs": ONE + "macro_rules! m { ($n:ident) => { mod $n; } }\nm!(cart_tests);\n"},
    "within a macro": {"src/lib.rs": "cfg_rt! { mod cart_tests; }\n"},
    "the guard is of another": {"src/lib.rs": "#[cfg(test)]\nuse x;\nmod cart_tests;\n"},
    "the guard ends in a comment": {"src/lib.rs": "/*\n#[cfg(test)]\n*/ mod cart_tests;\n"},
    "all of it is a comment": {"src/lib.rs": "/*\n#[cfg(test)]\nmod cart_tests;\n*/\nmake!(cart_tests);\n"},
    "a target": {"src/lib.rs": ONE, "Cargo.toml": '[package]\nname = "a"\n[[bin]]\nname = "b"\npath = "src/cart_tests.rs"\n'},
    "nobody declares it": {"src/lib.rs": "pub fn total() {}\n"},
    "read by the build": {"src/lib.rs": ONE, "build.rs": 'fn main() { compile("src/cart_tests.rs") }\n'},
}  # fmt: skip


@pytest.mark.requirement("R16", "R20")
@pytest.mark.parametrize("name", OPEN)
def test_a_module_that_may_be_in_the_product_is_no_test(name: str) -> None:
    found = judged("src/cart_tests.rs", OLD, NEW, OPEN[name])
    assert ChangeClass.TESTS not in found.classes
    assert found.strictness is Strictness.TWO


@pytest.mark.requirement("R20")
def test_a_changed_check_inside_of_a_product_file_is_ordinary_code() -> None:
    old = (
        "pub fn total(a: i32) -> i32 {\n    a\n}\n\n#[cfg(test)]\nmod tests {\n    "
        + OLD.replace("\n", "\n    ")
        + "\n}\n"
    )
    found = judged("src/lib.rs", old, old.replace("total(1), 1", "total(2), 2"), {})
    assert found.classes == (ChangeClass.CODE,)
    assert found.strictness is Strictness.ONE
