"""Nothing is told only where a proof holds; what is told is short, visible and quotes no secret (R29)."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from world.behaviour_world import entries, judged, told

from magistrate.domain.impact import ChangeClass, FileChange, ProofStatus
from magistrate.entrypoints.cli.assess_words import behaves
from magistrate.entrypoints.cli.proofs import behaviour_lines
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.behaviour import readers
from magistrate.impact.behaviour.facts import SHOWN, both_shown, quiet_name, shown
from magistrate.impact.case import Case
from magistrate.judge import assessment
from magistrate.wire.assessment import BehaviourVerdict

HIDDEN = chr(0x202E)
EQUAL = [
    ("layout of python", "src/x.py", "def f(timeout=30):\n    return 1\n", "def f(timeout = 30):\n    return  1\n"),
    ("comment of python", "src/x.py", "x = 1  # the wrost of them\n", "x = 1  # the worst of them\n"),
    ("layout of json", "src/a.json", '{"timeout": 3}\n', '{"timeout":   3}\n'),
    ("layout of yaml", "src/a.yaml", "timeout: 3\n", "timeout:   3\n"),
    ("layout of go", "src/a.go", "package a\n\nvar Timeout = 3\n", "package a\n\nvar  Timeout = 3\n"),
    ("layout of typescript", "src/a.ts", "const timeout = 3;\n", "const  timeout = 3;\n"),
    ("layout of java", "src/A.java", "class A { int timeout = 3; }\n", "class A { int  timeout = 3; }\n"),
    ("layout of rust", "src/a.rs", "const A: u8 = 3;\n", "const A:  u8 = 3;\n"),
    ("layout of toml", "src/a.toml", "timeout = 3\n", "timeout  =  3\n"),
    ("prose", "docs/a.md", "# Page\n\nRows are kept.\n", "# Page\n\nRows are kept here.\n"),
]  # fmt: skip


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(("path", "before", "after"), [case[1:] for case in EQUAL], ids=[case[0] for case in EQUAL])
def test_a_proof_that_nothing_is_done_leaves_nothing_to_tell(path: str, before: str, after: str) -> None:
    found = judged(path, before, after)
    assert found.files[0].proof.status is ProofStatus.PROVEN
    assert found.behaviour == ()


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(("path", "before", "after"), [case[1:] for case in EQUAL], ids=[case[0] for case in EQUAL])
def test_the_same_without_the_repository_is_no_proof_and_is_told(path: str, before: str, after: str) -> None:
    change = FileChange(path=path, before=before.encode(), after=after.encode())
    found = assess(Case(id="x", steps=((change,),), base=BaseTree()))
    assert found.files[0].proof.status is not ProofStatus.PROVEN
    assert [one.kind for one in found.behaviour] == ["other"]


@pytest.mark.requirement("R29")
def test_ordinary_code_is_proven_to_be_code_and_is_told_all_the_same() -> None:
    found = judged("src/x.py", "def f(x):\n    return x + 1\n", "def f(x):\n    return x + 2\n")
    assert found.behaviour
    assert found.files[0].change_class not in {ChangeClass.FORMATTING, ChangeClass.COMMENTS}


@pytest.mark.requirement("R29")
def test_what_is_told_asks_for_nobody() -> None:
    plain, named = judged("src/x.py", "A = 1\n", "A = 2\n"), judged("src/x.py", "B = 1\n", "B = 1\n\n\ndef f(): ...\n")
    assert plain.behaviour
    assert named.behaviour
    assert plain.strictness is named.strictness


@pytest.mark.requirement("R29")
def test_a_file_that_is_not_proven_is_told_beside_one_that_is() -> None:
    step = (
        FileChange(path="a.py", before=b"x = 1\n", after=b"x =  1\n"),
        FileChange(path="b.py", before=b"x = 1\n", after=b"y = g()\n"),
    )
    found = assess(Case(id="x", steps=(step,), base=BaseTree(files={"a.py": "x = 1\n", "b.py": "x = 1\n"}, known=True)))
    assert {one.path for one in found.behaviour} == {"b.py"}


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(
    ("path", "before", "after", "said"),
    [
        ("a.png", b"\x89PNG\0\1", b"\x89PNG\0\2", "is not text"),
        ("a.txt", b"x\n", b"y\n", "not named here"),
        ("yarn.lock", b"x\n", b"y\n", "pins other versions"),
        ("tests/test_a.py", b"def test_a(): assert 1\n", b"def test_a(): pass\n", "looks like a test"),
        ("a.py", None, b"x = g()\n", "is new"),
        ("a.py", b"x = g()\n", None, "is gone"),
        ("a.json", b"1", b"2" * 1_100_000, "too large"),
        ("a.py", b"\xff\xfe", b"\xff\xfd", "not named here"),
    ],
)
def test_what_no_reader_reads_is_still_told(path: str, before: bytes | None, after: bytes | None, said: str) -> None:
    change = FileChange(path=path, before=before, after=after)
    found = assess(Case(id="x", steps=((change,),), base=BaseTree())).behaviour
    assert [one.kind for one in found] == ["other"]
    assert said in found[0].why


@pytest.mark.requirement("R29")
def test_a_mode_is_told() -> None:
    change = FileChange(path="a.sh", before=b"x\n", after=b"x\n", mode_before="100644", mode_after="100755")
    found = assess(Case(id="x", steps=((change,),), base=BaseTree())).behaviour
    assert [(one.why, one.before, one.after) for one in found] == [("the mode of the file", "100644", "100755")]


@pytest.mark.requirement("R29")
def test_a_link_is_told_as_one() -> None:
    change = FileChange(path="a", before=b"b", after=b"c", mode_before="120000", mode_after="120000")
    assert "link" in assess(Case(id="x", steps=((change,),), base=BaseTree())).behaviour[0].why


def _chain(*texts: str) -> Case:
    sides = [text.encode() for text in texts]
    steps = tuple((FileChange(path="a.py", before=a, after=b),) for a, b in pairwise(sides))
    return Case(id="x", steps=steps, base=BaseTree(files={"a.py": texts[0]}, known=True))


@pytest.mark.requirement("R29")
def test_a_chain_is_told_from_its_first_side_to_its_last() -> None:
    found = assess(_chain("TIMEOUT = 1\n", "TIMEOUT = 2\n", "TIMEOUT = 3\n")).behaviour
    assert [(one.kind, one.before, one.after) for one in found] == [("limit", "1", "3")]


@pytest.mark.requirement("R29")
def test_a_chain_that_comes_back_is_told_too() -> None:
    found = assess(_chain("TIMEOUT = 1\n", "TIMEOUT = 2\n", "TIMEOUT = 1\n")).behaviour
    assert [one.why for one in found] == ["changes, and changes back in a later step"]


@pytest.mark.requirement("R29")
def test_a_reader_that_crashes_costs_the_names_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(file: object) -> None:
        raise RuntimeError(file)

    monkeypatch.setattr(readers, "READERS", (crash,))
    assert [kind for kind, *_ in told("a.py", "TIMEOUT = 1\n", "TIMEOUT = 2\n")] == ["other"]


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", "DB_PASSWORD = 'hunter2'\n", "DB_PASSWORD = 'hunter3'\n"),
        ("a.py", "def f(api_key='hunter2'): pass\n", "def f(api_key='hunter3'): pass\n"),
        ("a.yaml", "db:\n  password: hunter2\n", "db:\n  password: hunter3\n"),
        ("a.yaml", "a: 1\n", "a: 1\ndb:\n  host: x\n  password: hunter3 hunter3 hunter3\n"),
        ("a.py", "X = {'a': 1,\n 'b': 'hunter2 and a word', 'password': 'q'}\n", "X = [{'a': 1,\n 'b': 'hunter3 and a word', 'password': 'r'}]\n"),
        (".env", "A=hunter2\n", "A=hunter3\n"),
        (".env", "A=x\nB=1\nC=hunter2\n", "A=y\nB=2\nC=hunter3\n"),
        ("a.tf", 'token = "hunter2"\n', 'token = "hunter3"\n'),
        ("a.go", 'package a\nvar Token = "hunter2"\n', 'package a\nvar Token = "hunter3"\n'),
    ],
)  # fmt: skip
def test_no_secret_is_quoted(path: str, before: str, after: str) -> None:
    found = entries(path, before, after)
    assert found
    assert not [one for one in found if "hunter" in f"{one.why}{one.before}{one.after}"]


@pytest.mark.requirement("R29")
def test_what_only_asks_the_environment_is_quoted() -> None:
    text = "import os\nA = os.environ.get('A_URL', 'x')\n"
    assert ("default", "default of `A_URL` from `os.environ.get`", "'x'", "'y'") in told(
        "a.py", text, text.replace("'x'", "'y'")
    )


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "dbPasswd",
        "`a.secretKey`",
        "ACCESS_TOKEN",
        "api_key",
        "sshKey",
        "credentials",
        "conn_string_connection_string",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert quiet_name(name)


@pytest.mark.requirement("R29")
@pytest.mark.parametrize("name", ["timeout", "keyboard", "primary_key", "`a.limits.cpu`", "compass"])
def test_other_names_are_quoted(name: str) -> None:
    assert not quiet_name(name)


@pytest.mark.requirement("R29")
def test_texts_are_short_visible_and_show_where_they_differ() -> None:
    before, after = "x" * 500 + "a" + "y" * 500, "x" * 500 + "b" + "y" * 500
    left, right = both_shown(before, after)
    assert left is not None
    assert right is not None
    assert left != right
    assert max(len(left), len(right)) <= SHOWN + 2
    assert shown(f"a{HIDDEN}\n\tb") == "a<U+202E> b"


@pytest.mark.requirement("R29")
def test_a_hidden_sign_in_a_value_is_written_out() -> None:
    found = entries("a.py", "TIMEOUT = 'a'\n", f"TIMEOUT = 'b{HIDDEN}'\n")
    assert all((one.after or "").isascii() for one in found)
    assert found


@pytest.mark.requirement("R29")
def test_a_long_list_is_cut_and_says_so() -> None:
    before = "".join(f"LIMIT_{n} = 1\n" for n in range(50))
    found = entries("a.py", before, before.replace("= 1", "= 2"))
    assert len(found) == 31
    assert found[-1].why == "changes 20 more things that are not listed"


@pytest.mark.requirement("R29")
def test_unnamed_code_says_in_which_functions_it_stands() -> None:
    before = "class A:\n    def f(self, x):\n        return x + 1\n\n\ndef g(x):\n    return x\n"
    found = entries("a.py", before, before.replace("x + 1", "x + 2").replace("return x\n", "return h(x)\n"))
    assert [one.why for one in found] == ["changes `A.f`, `g` in ways that are not named here (lines 3, 7)"]


@pytest.mark.requirement("R29")
def test_the_contract_has_the_entries_and_leaves_an_empty_list_out() -> None:
    case = _chain("TIMEOUT = 1\n", "TIMEOUT = 2\n")
    made = assessment(case, assess(case), "sha256:" + "0" * 64)
    assert made["behaviour"] == [
        {"kind": "limit", "path": "a.py", "line": 1, "before": "1", "after": "2", "why": "`TIMEOUT`"}
    ]
    assert msgspec.convert(made["behaviour"], tuple[BehaviourVerdict, ...])[0].after == "2"
    quiet = _chain("x = 1\n", "x =  1\n")
    assert "behaviour" not in assessment(quiet, assess(quiet), "sha256:" + "0" * 64)


@pytest.mark.requirement("R29")
def test_entries_are_said_in_one_line() -> None:
    rows = [
        {"kind": "limit", "path": "src/x.py", "line": 12, "before": "30", "after": "300", "why": "`timeout`"},
        {"kind": "route", "path": "a", "line": 0, "before": None, "after": "GET", "why": "`/x`"},
        {"kind": "exit", "path": "a", "line": 3, "before": "raise", "after": None, "why": f"`f{HIDDEN}`"},
        {"kind": "other", "path": "a", "line": 3, "before": None, "after": None, "why": "changes"},
    ]
    assert list(behaviour_lines(rows)) == [
        "  behaviour: limit: `timeout`: 30 -> 300 at src/x.py:12",
        "  behaviour: route: `/x`: new, GET at a",
        "  behaviour: exit: `f<U+202E>`: raise, gone at a:3",
        "  behaviour: other: changes at a:3",
    ]
    assert behaves(rows)[0] == ("12", "limit: `timeout`: 30 -> 300")


@pytest.mark.requirement("R29")
def test_a_pinned_action_is_quoted_and_a_key_at_its_place_is_not() -> None:
    before = "steps:\n- uses: a/b@" + "1a" * 20 + "\n"
    found = told("ci.yaml", before, before.replace("1a", "2b"))
    assert found == [("default", "`steps[a/b].uses`", "a/b@" + "1a" * 20, "a/b@" + "2b" * 20)]
    key = "steps:\n- name: x\n  uses: " + "1a" * 20 + "\n"
    assert told("ci.yaml", key, key.replace("1a", "2b")) == [("default", "`steps[x].uses`", "[masked]", "[masked]")]


@pytest.mark.requirement("R29")
def test_a_version_of_a_dependency_by_its_commit_is_quoted() -> None:
    old = "v0.0.0-20230301143203-a9d515a09cc2"
    before = f"module a\n\nrequire b/c {old}\n"
    new = old.replace("a9d515", "b9d515")
    assert told("go.mod", before, before.replace(old, new)) == [("other", "dependency `b/c`", old, new)]
