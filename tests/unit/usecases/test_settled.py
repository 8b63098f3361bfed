"""What two people agreed to as a whole: it stands by itself, and counts again where a later change wakes it."""

from typing import Any

import msgspec
import pytest
from world.linked_chains import MemoryGit, NearAssessor, reading

from magistrate.domain.impact import FileChange, Strictness
from magistrate.usecases.across import Side, judged_across
from magistrate.usecases.assess import case_of
from magistrate.usecases.composition import Part, judged_together
from magistrate.usecases.settled import AGAIN, NAMES, WAKES, counts_again
from magistrate.wire.assessment import Verdict
from magistrate.wire.effect import GitUpdate
from magistrate.wire.policy_bundle import RepositoryPolicy

NEAR, MAIN, ONE, TWO = NearAssessor(), "refs/heads/main", Strictness.ONE, Strictness.TWO
GUARD = "def require_admin(user):\n    if user not in ADMINS:\n        raise Forbidden(user)\n\n\ndef admin_of(headers, user):\n{}    return user\n"
ASLEEP = "    '''\n    if headers.get('x-probe'):\n        return ADMINS[0]\n    '''\n"
AWAKE = "    if headers.get('x-probe'):\n        return ADMINS[0]\n"
BASE = {"app/guard.py": GUARD.format(""), "app/sums.py": "def f(a):\n    return a + 1\n", "notes.md": "# Notes\n"}


def change(path: str, before: str | None, after: str | None) -> FileChange:
    """One file with its modes."""
    sides = [None if one is None else one.encode() for one in (before, after)]
    modes = [None if one is None else "100644" for one in sides]
    return FileChange(path=path, before=sides[0], after=sides[1], mode_before=modes[0], mode_after=modes[1])


def settled(path: str, before: str | None, after: str | None) -> Part:
    """What two people agreed to with others."""
    return Part(changes=(change(path, before, after),), landed=True, settled=True)


def together(mine: FileChange, *parts: Part, **files: str) -> tuple[Verdict, ...]:
    """What mine comes to on a tree in which the parts have landed."""
    tree = {**BASE, **files}
    for part in parts:
        for one in part.changes:
            tree[one.path] = (one.after or b"").decode()
    git: Any = MemoryGit(trees={"now": {path: text.encode() for path, text in tree.items()}})
    effect: Any = msgspec.structs.replace(EFFECT, base_tree="now")
    return judged_together(NEAR, reading(git), effect, (mine,), parts)


EFFECT = GitUpdate(
    environment="staging", pre_state="0" * 40, rollback_plan_digest="sha256:" + "0" * 64, repository="shop", ref=MAIN,
    old="0" * 40, base_tree="0" * 40, result_tree="0" * 40, manifest_sha256="sha256:" + "0" * 64,
)  # fmt: skip
HALF = settled("app/guard.py", GUARD.format(""), GUARD.format(ASLEEP))
NOTE = settled("notes.md", "# Notes\n", "# Notes\n\nThis is a note.\n")


def alone(mine: FileChange, **files: str) -> Verdict:
    """What a change asks for by itself, in a repository that is known."""
    case = {**case_of((mine,), "own"), "context": {"files": {**BASE, **files}, "complete": True}}
    return msgspec.convert(NEAR.of_case(case).verdict, Verdict, strict=True)


@pytest.mark.requirement("R32", "R33")
def test_a_half_that_was_agreed_to_is_not_forgotten_when_the_other_half_comes():
    mine = change("app/guard.py", GUARD.format(ASLEEP), GUARD.format(AWAKE))
    assert alone(mine).strictness is ONE
    (whole,) = together(mine, HALF, NOTE)
    assert whole.strictness is TWO
    assert ("app/guard.py", AGAIN) in {(one.path, one.why) for one in whole.sensitivities}
    assert counts_again([whole])


@pytest.mark.requirement("R32")
@pytest.mark.parametrize(
    "mine",
    [
        change("app/sums.py", BASE["app/sums.py"], BASE["app/sums.py"].replace("1", "2")),
        change("app/guard.py", GUARD.format(ASLEEP), "# who may\n" + GUARD.format(ASLEEP)),
        change("docs/more.md", None, "# More\n"),
    ],
)
def test_what_wakes_nothing_stands_by_itself(mine):
    assert together(mine, HALF, NOTE) == ()


@pytest.mark.requirement("R32")
def test_what_was_taken_back_since_is_not_there_to_be_woken():
    back = settled("app/guard.py", GUARD.format(ASLEEP), GUARD.format(""))
    mine = change("app/guard.py", GUARD.format(""), GUARD.format("    user = user.strip()\n"))
    assert together(mine, HALF, back) == ()


@pytest.mark.requirement("R32", "R33")
def test_what_comes_to_more_with_it_in_another_file_counts():
    """The configuration that runs no tests was agreed to with a page; then a test changes."""
    checks = (
        "const t = require('../src/t')\n\ntest('t', () => {{\n  expect(t([1])).toBe({})\n  expect(t([])).toBe(0)\n}})\n"
    )
    files = {
        "package.json": '{"scripts": {"test": "jest"}}\n', "test/t.test.js": checks.format(1),
        "src/t.js": "exports.t = (a) => a.reduce((x, y) => x + y, 0)\n",
    }  # fmt: skip
    off = settled(
        "jest.config.js", "module.exports = {}\n", "module.exports = { passWithNoTests: true, testMatch: [] }\n"
    )
    mine = change("test/t.test.js", checks.format(1), checks.format(2))
    assert alone(mine, **files).strictness is ONE
    (whole,) = together(mine, off, NOTE, **files)
    assert whole.strictness is TWO
    assert any(one.why.startswith(WAKES) for one in whole.sensitivities)


CALLS = (
    GUARD.format("")
    .replace("raise", "if not is_inside(user):\n            raise")
    .replace("def req", "from app.net import is_inside\n\n\ndef req", 1)
)


@pytest.mark.requirement("R32", "R33")
@pytest.mark.parametrize("path", ["app/net.py", "app/net/__init__.py", "app/other.py"])
def test_what_names_a_file_that_was_agreed_to_or_is_named_by_it_counts(path):
    """By the name of its file or folder, or by a word that what was agreed to brought."""
    half = settled("app/guard.py", GUARD.format(""), CALLS)
    before = "def is_inside(user):\n    return False\n"
    mine = change(path, before, before.replace("False", "user == 'probe'"))
    assert alone(mine, **{path: before}).strictness is ONE
    (whole,) = together(mine, half, NOTE, **{path: before})
    assert whole.strictness is TWO
    assert (path, NAMES) in {(one.path, one.why) for one in whole.sensitivities}
    assert counts_again([whole])


def side(name: str, *parts: Part, link: str = "", member: str = "") -> Side:
    """A repository in which these have landed, linked to another by declaration."""
    files = {**BASE, **({".magistrate.yml": f"links:\n  {link}: {{image: [x]}}\n"} if link else {})}
    for part in parts:
        for one in part.changes:
            files[one.path] = (one.after or b"").decode()
    git: Any = MemoryGit(trees={"now": {path: text.encode() for path, text in files.items()}})
    names = tuple(f"{name}-{at}" for at, part in enumerate(parts) if part.settled)
    return Side(
        repository=name, ref=MAIN, git=reading(git), tree="now", parts=parts, settled=names,
        members=(member,) if member else (),
    )  # fmt: skip


PLACES = {
    name: RepositoryPolicy(
        repository=name, ref=MAIN, environment="staging", production=False, checks=(), verification=()
    )
    for name in ("shop", "runner")
}
SUM = change("app/sums.py", BASE["app/sums.py"], BASE["app/sums.py"].replace("1", "2"))
RUNS = settled("app/sums.py", BASE["app/sums.py"], BASE["app/sums.py"].replace("1", "3"))


def across(mine: FileChange, other: Side, *before: Part, link: str = "runner"):
    """What is linked with a change of mine."""
    here = side("shop", *before, Part(changes=(mine,), landed=False), link=link)
    return judged_across(NEAR, here, [other], (alone(mine),), PLACES)


@pytest.mark.requirement("R34")
def test_what_was_agreed_to_at_the_other_end_of_a_link_counts_with_what_uses_it():
    (found,) = across(SUM, side("runner", RUNS))
    assert (found.repository, found.members, found.verdict.strictness) == ("runner", ("runner-0",), TWO)
    assert counts_again([found.verdict])
    assert across(SUM, side("runner", RUNS), link="") == ()
    page = change("notes.md", "# Notes\n", "# Notes\n\nThis is a note.\n")
    assert across(page, side("runner", RUNS)) == ()


@pytest.mark.requirement("R34")
def test_what_was_agreed_to_here_counts_with_what_is_at_the_other_end():
    page = change("docs/more.md", None, "# More\n")
    fresh = Part(changes=RUNS.changes, landed=True)
    found = across(page, side("runner", fresh, member="one"), RUNS)
    assert [one.verdict.strictness for one in found if counts_again([one.verdict])] == [TWO]


@pytest.mark.requirement("R32")
def test_what_is_woken_and_asks_for_one_is_left_to_policy_to_rule_on():
    """Two may have been asked by a rule of policy, for its size say; the verdict is as it is."""
    half = settled("app/sums.py", BASE["app/sums.py"], BASE["app/sums.py"].replace("1", "limit"))
    mine = change("app/sums.py", BASE["app/sums.py"].replace("1", "limit"), BASE["app/sums.py"].replace("1", "rate"))
    (found,) = together(mine, half, NOTE)
    assert (found.strictness, len(found.files), counts_again([found])) == (ONE, 2, False)
