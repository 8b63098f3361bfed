"""Markdown of a verdict: whatever a repository says, GitHub sees words and code spans."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from magistrate.entrypoints.cli.assess_markdown import code, markdown_text, prose
from magistrate.entrypoints.cli.assess_words import Report
from magistrate.usecases.assess import Assessed

SIGNS = st.text(alphabet="ab1 `|\\[]()<>!@#*_~:/.-&;'\"{}$=+^%,\n\tGH", max_size=60)
WORDS = st.lists(
    st.sampled_from(
        [
            "plain", "words", "`code`", "@team", "GH-12", "#7", "owner/repo#1", "http://evil.example", "www.evil.example",
            "a@b.example", ":tada:", "![x](y)", "[x](javascript:1)", "<img", "src=x>", "**bold**", "__x__", "~~x~~", "```",
            "``", "`", "|", "\\|", "\\`", "\\", "JIRA-1", "deadbeef00", "&lt;", "$x$", "</details>", "-->", "<!--", "- [ ]",
        ]
    ),
    max_size=12,
).map(" ".join)  # fmt: skip


def outside_of_code(markdown: str) -> str:
    """Text that GitHub's filters for mentions, references, links and emoji would look at."""
    seen = []
    for block in MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").parse(markdown):
        assert block.type != "html_block", block.content
        for token in block.children or []:
            assert token.type in {"text", "code_inline", "softbreak"}, (token.type, markdown)
            seen += [token.content] if token.type == "text" else []
    return "\n".join(seen)


@pytest.mark.requirement("R26")
@given(st.one_of(SIGNS, WORDS, st.text(max_size=80)))
@example("`a` b` @x `c`")
@example("x\\| | y `z")
def test_no_words_become_markup(text: str) -> None:
    said = f"| a {prose(text)} | {code(text)} |"
    table = f"| x | y |\n|---|---|\n{said}\n"
    seen = outside_of_code(table)
    assert not re.search(r"[@#/\\<>\[\]*_~`|$&{}]|www|gh-|[a-z]-\d|:\w+:", seen, re.IGNORECASE), (seen, said)
    assert MarkdownIt("commonmark").enable("table").render(table).count("<td>") == 2
    assert "\n" not in said


@pytest.mark.parametrize(
    "text", ["the syntax trees differ: this changes what the program does", "line 12 says so; no more."]
)
def test_plain_sentences_stay_sentences(text: str) -> None:
    assert prose(text) == text


def test_what_a_reason_quotes_stands_in_one_code_span() -> None:
    assert prose("line 3: `eval(x)` may run, or `a` may") == "line 3: `eval(x)` may run, or `a` may"


@pytest.mark.slow
def test_a_verdict_of_any_size_stays_under_the_limit_of_a_comment() -> None:
    proof = {"rule": "no-prover/1", "status": "unknown", "why": "`" + "€" * 900 + "` @x", "witness": {}}
    files: list[dict[str, Any]] = [
        {"path": f"{'ü' * 200}/{number}", "class": "unknown", "proof": proof} for number in range(3_000)
    ]
    hits = [{"kind": "secrets", "path": file["path"], "line": 1, "why": "x" * 300} for file in files]
    verdict = {
        "files": files, "sensitivities": hits, "denials": [], "strictness": "two", "digest": "d", "assessor": "a",
    }  # fmt: skip
    out = markdown_text(
        Report(found=Assessed(verdict=verdict, evidence=(), notes=("n" * 900,) * 5), revisions=("a", "b"))
    )
    assert len(out.encode()) <= 60_000
    assert re.search(r"… and 2,\d{3} more", out)
    assert out.rstrip().endswith("</sub>")


@pytest.mark.requirement("R20")
def test_of_a_test_the_row_says_first_what_it_no_longer_checks() -> None:
    why = "checks go or change (old line 4); a test by its role; no lower class, because the words of the code differ"
    proof = {"rule": "test-text/1", "status": "proven", "why": why, "witness": {}, "asks": "one"}
    verdict = {
        "files": [{"path": "test/a.test.ts", "class": "tests", "proof": proof}], "sensitivities": [], "denials": [],
        "strictness": "one", "digest": "d", "assessor": "a",
    }  # fmt: skip
    out = markdown_text(Report(found=Assessed(verdict=verdict, evidence=(), notes=()), revisions=("a", "b")))
    assert "| checks go or change (old line 4); a test by its role |" in out
