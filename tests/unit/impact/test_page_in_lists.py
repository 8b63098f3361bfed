"""Lists of files in which a page is named: each is read once and comes to an end, whatever it holds (R19)."""

from __future__ import annotations

import pytest

from magistrate.impact.documents.programs import taken_as_file

WORKFLOW = "on: push\njobs:\n  a:\n    steps:\n      - uses: softprops/action-gh-release@v2\n        with:\n{line}\n"
MIX = "  defp package do\n    [\n{line}\n    ]\n"
GOOD = [
    (".github/workflows/a.yml", WORKFLOW, "          files: README.md"),
    (".github/workflows/a.yml", WORKFLOW, "          files: 'a.md', \"README.md\" c"),
    (".github/workflows/a.yml", WORKFLOW, "          path: 'README.md''b.md'"),
    ("mix.exs", MIX, "      files: ['a.md', \"README.md\"  'c.md' ,],"),
]
ENDLESS = [
    (".github/workflows/a.yml", WORKFLOW, "          files: README.md" + "a" * 400 + ":"),
    (".github/workflows/a.yml", WORKFLOW, "          files: README.md " + "a'b\"" * 100 + ":"),
    (".github/workflows/a.yml", WORKFLOW, "          files: README.md" + " a," * 100 + ":"),
    ("mix.exs", MIX, "      files: ['README.md'" + "  'a'" * 90 + ":"),
]


def taken(where: str, frame: str, line: str) -> bool:
    text = frame.format(line=line)
    return taken_as_file(text, where, text.index("README.md"), "readme.md")


@pytest.mark.requirement("R19")
@pytest.mark.parametrize(("where", "frame", "line"), GOOD)
def test_a_list_that_only_names_a_page_takes_it_as_a_file(where, frame, line):
    assert taken(where, frame, line)


@pytest.mark.requirement("R19")
@pytest.mark.parametrize(("where", "frame", "line"), ENDLESS, ids=["one name", "quotes", "many names", "list"])
def test_a_list_that_could_be_read_in_many_ways_comes_to_an_end(where, frame, line):
    assert not taken(where, frame, line)
