"""Pages: one more edit never relaxes, layout alone is proven, and what stands beside never helps."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.domain.impact import FileChange, ProofStatus
from magistrate.impact.assess import judge
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.provers.documentation import PROVER

BLOCKS = (
    "# Rows\n",
    "The rows of `a` are kept here, see [it](https://github.com/acme/tool/wiki/Old).\n",
    "Teh rows are kept on the server for 30 days.\n",
    "- a row that is kept\n- another row\n",
    "You must not close the table before the rows are written.\n",
    "```\nrm rows\n```\n",
    "| a | b |\n|---|---|\n| red | yes |\n",
    "1. Open it.\n2. Close it.\n",
    "Words of others are kept as well.\n",
)
EDITS = (
    (2, "Teh", "The"), (2, "30", "40"), (2, "on the server", "in the server"), (1, "Old", "New"), (1, "acme", "acrne"),
    (1, "`a`", "`b`"), (3, "another row", "other rows"), (3, "- another row\n", ""), (4, "not ", ""), (4, "before", "after"),
    (4, "close", "colse"), (5, "rows", "row"), (6, "yes", "no"), (6, "red", "rde"), (7, "Open", "Opne"), (8, "kept", "kpet"),
    (8, "Words of others are kept as well.\n", ""), (8, "kept", "kept on the server"), (0, "Rows", "Row"), (8, " as well", "  \nas well"),
)  # fmt: skip
BASE = BaseTree(files={"src/a.c": "int x;"}, known=True)


def proven(before: str, after: str, path: str = "docs/a.md") -> bool:
    file = ChangedFile(change=FileChange(path=path, before=before.encode(), after=after.encode()))
    return judge(file, (file,), BASE, (), (PROVER,)).impact.proof.status is ProofStatus.PROVEN


def edited(edits: set[int]) -> str:
    blocks = list(BLOCKS)
    for at in sorted(edits):
        place, old, new = EDITS[at]
        blocks[place] = blocks[place].replace(old, new)
    return "\n".join(blocks)


def places(edits: set[int]) -> list[int]:
    return [EDITS[at][0] for at in edits]


@pytest.mark.slow
@pytest.mark.requirement("R19", "R26")
@settings(max_examples=400, deadline=None)
@given(st.sets(st.integers(0, len(EDITS) - 1), min_size=1, max_size=5), st.integers(0, len(EDITS) - 1))
def test_one_more_edit_never_relaxes(some: set[int], more: int) -> None:
    if EDITS[more][0] in places(some):
        return
    if proven(edited(set()), edited({*some, more})):
        assert proven(edited(set()), edited(some))
        assert proven(edited(set()), edited({more}))


@pytest.mark.requirement("R19")
@settings(max_examples=200, deadline=None)
@given(st.integers(20, 90), st.lists(st.sampled_from(["", "\n", "\n\n"]), min_size=len(BLOCKS), max_size=len(BLOCKS)))
def test_layout_alone_is_proven(width: int, blanks: list[str]) -> None:
    prose = [textwrap.fill(one.strip(), width, break_long_words=False, break_on_hyphens=False) + "\n" for one in BLOCKS]
    blocks = [new if one[0].isalpha() else one for one, new in zip(BLOCKS, prose, strict=True)]
    after = "".join(f"{block}\n{blank}" for block, blank in zip(blocks, blanks, strict=True))
    assert after == edited(set()) or proven(edited(set()), after)


@pytest.mark.requirement("R19")
@settings(max_examples=200, deadline=None)
@given(st.sampled_from([" ", "   ", "\t"]), st.integers(0, 40))
def test_a_blank_at_the_end_of_a_line_is_layout_unless_it_breaks_the_line(blank: str, at: int) -> None:
    lines = edited(set()).split("\n")
    at %= len(lines)
    plain = lines[at]
    lines[at] += blank
    inside = plain.startswith(("```", "rm")) or (
        at + 1 < len(lines) and lines[at + 1].strip() != "" and plain[:1].isalpha()
    )
    if not inside and plain.strip():
        assert proven(edited(set()), "\n".join(lines))


@pytest.mark.requirement("R19")
@given(st.text(alphabet="ab *_`[]()<>#-|!\n", max_size=60), st.text(alphabet="ab *_`[]()<>#-|!\n", max_size=60))
def test_any_text_is_judged_without_failing(before: str, after: str) -> None:
    for path in ("docs/a.md", "docs/a.rst", "docs/a.txt", "CHANGES.md"):
        file = ChangedFile(change=FileChange(path=path, before=before.encode(), after=after.encode()))
        assert "failed" not in judge(file, (file,), BASE, (), (PROVER,)).impact.proof.why
