"""Mutated pages: whatever is proven keeps its code, numbers, links and markup, read again by other means."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from magistrate.domain.impact import FileChange, ProofStatus
from magistrate.impact.assess import judge
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.provers.documentation import PROVER

MARKDOWN = """\
# Rows and tables

The `Table` class keeps rows in memory for 30 days, see [the guide](https://github.com/acme/tool/wiki/Rows).
You must not call `close()` before the rows are written, or they are lost.

- one row, **never** two
  - a cell with `x = 1`
- another row that is kept by the server

1. Open the table.
2. Close the table.

```sh
tool rows --all
```

| name | kept |
|------|------|
| red  | yes  |
| blue | no   |

> Rows of others are public.

<div>
Rows
</div>

See [other][o] pages and ![picture](a.png) as well.

[o]: https://docs.acme.example/other
"""
RESTRUCTURED = """\
Rows and tables
===============

The ``Table`` class keeps rows in memory for 30 days, see :ref:`rows` and
`the guide <https://github.com/acme/tool/wiki/Rows>`_ for that::

    tool rows --all

.. note::

   You must not close it.

- one row, **never** two
- another row that is kept by the server

>>> table.rows()
[1, 2]

=====  ====
red    yes
blue   no
=====  ====

The last words are here.
"""
PAGES = {"docs/a.md": MARKDOWN, "docs/a.rst": RESTRUCTURED}
PIECES = (
    "", " ", "  ", "\n", "\n\n", "    ", "\t", "x", "a", "the ", "not ", "never ", "all ", "un", "1", "0", "-", "*", "**", "`",
    "```\n", "#", "# ", "> ", "- ", "1. ", "|", "[", "]", "(", ")", "](x)", "!", "<b>", "<!--", "-->", "{{", "::", ":", ".. ",
    ">>> ", "https://evil.example/", "\\", "&", "_", "~~", "---\n", "===\n", "rm ", "You ", "?", ",", ".", "\r\n", "é", "\u043e",
)  # fmt: skip
BASE = BaseTree(files={"src/a.c": "int x;", "docs/b.md": "Words.\n"}, known=True)


def mutants(text: str, seed: int, count: int) -> Iterator[str]:
    chance = random.Random(seed)
    for _ in range(count):
        mutant = text
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            at = chance.randrange(len(mutant) + 1)
            kind = chance.randrange(5)
            if kind == 0:
                mutant = mutant[:at] + mutant[at + chance.randrange(1, 8) :]
            elif kind == 1:
                words = re.findall(r"\S+|\s+", mutant)
                one, other = chance.randrange(len(words)), chance.randrange(len(words))
                words[one], words[other] = words[other], words[one]
                mutant = "".join(words)
            elif kind == 2:
                lines = mutant.split("\n")
                lines.insert(chance.randrange(len(lines)), lines[chance.randrange(len(lines))])
                mutant = "\n".join(lines)
            else:
                mutant = mutant[:at] + chance.choice(PIECES) + mutant[at:]
        yield mutant


def active(tokens: list[Token]) -> Iterator[tuple[str, ...]]:
    for token in tokens:
        if token.type in {"fence", "code_block", "html_block", "code_inline", "html_inline", "hardbreak"}:
            yield token.type, token.info, token.content
        elif token.type in {
            "link_open",
            "image",
            "em_open",
            "strong_open",
            "heading_open",
            "td_open",
            "ordered_list_open",
        }:
            yield token.type, token.tag, str(sorted((k, v) for k, v in token.attrs.items() if k != "href"))
        yield from active(token.children or [])


def held(path: str, text: str) -> object:
    """What has to be the same on both sides of a proven page."""
    text = re.sub(r"(https?://[^/\s)>#]+/[^/\s)>#]+)[^\s)>]*", r"\1", text)
    numbers = re.findall(r"\d[\d.,]*", text)
    weights = Counter(re.findall(r"\b(?:not|never|all|must|no|yes|or|before|public)\b", text.lower()))
    hosts = re.findall(r"https?://[^/\s)>]+/[^/\s)>]+", text)
    if path.endswith(".md"):
        return numbers, weights, hosts, list(active(MarkdownIt("commonmark").enable("table").parse(text)))
    code = re.findall(r"``[^`]+``|:\w+:`[^`]+`|`[^`]+`_|^[ \t]*(?:>>>|\.\. ).*$", text, re.MULTILINE)
    return numbers, weights, hosts, code, text.count("::")


def verify_mutants(path: str, seed: int, count: int) -> int:
    before = PAGES[path]
    proven = 0
    for mutant in mutants(before, seed, count):
        if mutant == before:
            continue
        file = ChangedFile(change=FileChange(path=path, before=before.encode(), after=mutant.encode()))
        found = judge(file, (file,), BASE, (), (PROVER,)).impact.proof
        assert "failed" not in found.why, found.why
        if found.status is ProofStatus.PROVEN:
            proven += 1
            assert held(path, mutant.replace("\r\n", "\n")) == held(path, before), mutant
    return proven


@pytest.mark.requirement("R19", "R25")
@pytest.mark.parametrize("path", sorted(PAGES))
def test_a_mutated_page_that_is_proven_keeps_what_counts(path: str) -> None:
    assert verify_mutants(path, 1, 300) > 0


@pytest.mark.soak
@pytest.mark.parametrize("path", sorted(PAGES))
def test_ten_thousand_mutated_pages_keep_what_counts(path: str) -> None:
    assert verify_mutants(path, 2, 10_000) > 0
