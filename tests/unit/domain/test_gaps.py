"""Gaps as a proposal states them: counted, bounded, and against a change unless they surely lie elsewhere."""

from __future__ import annotations

import pytest

from magistrate.context.locate import needed_files
from magistrate.domain.gaps import ELSEWHERE, MAX_LINES, bears, gaps_of, mark_elsewhere, unmarked

pytestmark = pytest.mark.requirement("R11")
COMMIT = "a" * 40


def read(source: str, **facts: str) -> dict[str, str]:
    return {"tool": "read_file", "source": source, "redactions": "0", "truncated": "false", "refused": "", **facts}


def test_every_kind_of_gap_is_a_line_with_its_place_and_count() -> None:
    told = gaps_of(
        [
            read(f"{COMMIT}:a.py"),
            read(f"{COMMIT}:a.py", redactions="2"),
            read(f"{COMMIT}:a.py", redactions="1", truncated="true"),
            read("'../x'", refused="MAG-E530"),
            read("'../x'", refused="MAG-E530"),
            read("'z'", refused="MAG-E532"),
            read(f"{COMMIT}:", tool="search_code", skipped="4"),
        ]
    )
    assert told == (
        'truncated "a.py" read_file: 1',
        'redacted "a.py" read_file: 3',
        "refused \"'../x'\" read_file: 2 with MAG-E530",
        "missing \"'z'\" read_file: 1 with MAG-E532",
        'skipped "" search_code: 4',
    )
    assert gaps_of([read(f"{COMMIT}:a.py")]) == ()


def test_a_gap_bears_on_its_file_and_on_nothing_else() -> None:
    redacted, refused = gaps_of([read(f"{COMMIT}:a b\"'é.py", redactions="1"), read(ascii("c.py"), refused="MAG-E531")])
    for gap, path in ((redacted, "a b\"'é.py"), (refused, "c.py")):
        assert mark_elsewhere([gap], {path, "d.py"}) == (gap,)
        assert mark_elsewhere([gap], {"d.py"}) == (ELSEWHERE + gap,)
        assert mark_elsewhere([gap], None) == (gap,)
        assert bears(gap, {"d.py"}), "not marked"
        assert not bears(ELSEWHERE + gap, {"d.py"})
        assert bears(ELSEWHERE + gap, {path}), "marked wrongly"
        assert unmarked(ELSEWHERE + gap) == gap


@pytest.mark.parametrize(
    "line", ["x", "", "unattributed: y", "elsewhere: x", 'elsewhere: odd "\\q" z: 1', "more: 7 further"]
)
def test_what_is_not_understood_counts(line: str) -> None:
    assert bears(line, {"a.py"})


def test_more_gaps_than_are_listed_count() -> None:
    told = gaps_of([read(f"'{n}'", refused="MAG-E532") for n in range(MAX_LINES + 5)])
    assert len(told) == MAX_LINES + 1
    assert "5 further gaps" in told[-1]
    assert mark_elsewhere(told, {"a.py"})[0] == told[-1]


FILES = {
    "src/shop/user.py": "from shop import keys\nfrom . import b\n",
    "src/shop/keys.py": "import shop.deep\n",
    "src/shop/deep.py": "",
    "src/shop/b.py": "import os\n",
    "src/shop/new.py": "",
    "bad.py": "def",
    "uses_bad.py": "import bad\n",
}


def test_what_a_patch_needs_is_followed_and_unknown_where_it_cannot_be() -> None:
    whole = frozenset({"src/shop/user.py", "src/shop/keys.py", "src/shop/deep.py", "src/shop/b.py"})
    assert needed_files(["src/shop/user.py"], FILES, "") == whole
    assert needed_files(["README.md"], FILES, "") == frozenset({"README.md"})
    added = "--- a/src/shop/b.py\n+++ b/src/shop/b.py\n@@ -1 +1,2 @@\n import os\n+from shop import new\n"
    assert needed_files(["src/shop/b.py"], FILES, added) == frozenset({"src/shop/b.py", "src/shop/new.py"})
    assert needed_files(["uses_bad.py"], FILES, "") is None
    assert needed_files(["src/shop/b.py"], FILES, added.replace("new\n", "(\n")) is None
    assert needed_files(["x.py"], FILES, '+++ "b/\\303.py"\n') is None
