"""What another language is written with is no finding in a page; what hides or passes for ASCII is, everywhere."""

from __future__ import annotations

import time

import pytest

from magistrate.domain.impact import FileChange
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.file_gate import gate
from magistrate.impact.sensors.hidden_text import SENSOR


def found(path: str, text: str, before: str = "") -> list[str]:
    change = FileChange(path=path, before=before.encode(), after=(before + text + "\n").encode())
    return [one.why for one in SENSOR.sense(ChangedFile(change=change), BaseTree())]


ORDINARY = [
    "\u26a0\ufe0f Mind the gap",
    "\u2764\ufe0f\u200d\U0001f525 and \U0001f468\u200d\U0001f469\u200d\U0001f467 and 1\ufe0f\u20e3",
    "\u041a\u043b\u044e\u0447 \u0434\u043b\u044f Rack (API-\u043a\u043b\u044e\u0447)",
    "\u0437\u0430\u043f\u0443\u0441\u0442\u0438\u0442\u0435 `make` \u0441 \u043a\u043b\u044e\u0447\u043e\u043c",
    "\u0422\u0435\u0441\u0442",
    "Sinatra\u306f[Rack](https://x.example/a#readme)\u3092\u4f7f\u3046\uff08\u4f8b\uff09\uff1a",
    "- \u65b9\u6cd5: [\u89e3\u6790\uff0c\u4e0d](https://x.example/a-b/)",
    "\u03bb is written \u03bb",
]
HIDING = [
    "\u26a0\ufe0f\ufe0f two selectors",
    "\u26a0\ufe0f\u200b and more",
    "a\ufe0f on a letter",
    "x\u200dy joined letters",
    "\U0001f3f4\U000e0067\U000e0062\U000e007f a flag of tags",
    "\u202edesrever",
    "\u2066isolated\u2069",
    "zero\u200bwidth",
    "run \u0441\u0443\u0440 now",
    "use `\u0441\u043e\u0440` \u0434\u043b\u044f \u043a\u043b\u044e\u0447\u0430",
    "\u0421\u043c\u043e\u0442\u0440\u0438 https://\u0430\u0440\u0440.example \u0434\u043b\u044f \u043a\u043b\u044e\u0447\u0430",
    "p\u0430yp\u0430l",
    "\u043f\u0440\u0438\u0432\u0435\u0442world",
    "\u0434\u043b\u044f \u0441\u043e\u0440/\u0445 \u043a\u043b\u044e\u0447",
    "\uff41\uff44\uff4d\uff49\uff4e \u306f",
    "if (x\uff09 plain text",
    "`rm\uff1b` \u3092\u4f7f\u3046",
    "\U0001d41a\U0001d41b",
    "\u0561\u0562\u0563",
]


@pytest.mark.requirement("R25")
@pytest.mark.parametrize("text", ORDINARY)
def test_a_page_in_its_own_language_is_ordinary(text: str) -> None:
    assert found("README.md", text) == []


@pytest.mark.requirement("R25")
@pytest.mark.parametrize("text", HIDING)
@pytest.mark.parametrize("path", ["README.md", "a.py"])
def test_what_hides_or_passes_is_named(path: str, text: str) -> None:
    assert found(path, text)


@pytest.mark.requirement("R25")
@pytest.mark.parametrize(
    "text",
    [
        "x = '\u26a0\ufe0f'",
        "if x\uff08\u4f8b\uff09:",
        "s = '\u0441'",
        "\u0441\u043e\u0440 = 1",
        "a = '\u2019'",
        "x =\u00a01",
    ],
)
def test_code_has_none_of_the_allowance(text: str) -> None:
    assert found("a.py", text)


@pytest.mark.requirement("R25")
def test_a_word_that_can_be_taken_for_nothing_else_is_ordinary_in_code() -> None:
    assert found("a.py", "x = '\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440\u0443\u0439'") == []


@pytest.mark.requirement("R25")
def test_a_nul_elsewhere_does_not_blind_it() -> None:
    assert found("a.py", "z = 'zero\u200bwidth'", before="n = '\0'\n")


@pytest.mark.requirement("R53")
def test_a_line_of_one_long_word_is_looked_at_in_linear_time() -> None:
    began = time.perf_counter()
    for char in ("\u043e", "\u26a0\ufe0f", "`", "www.", "\u200d\u26a0"):
        found("README.md", char * 200_000)
    assert time.perf_counter() - began < 5  # generous: a loaded machine


OLD = "one \u200b here\ntwo teh\nthree\n"


@pytest.mark.requirement("R25")
def test_hidden_text_that_stays_does_not_bar_another_line_of_a_page() -> None:
    change = FileChange(path="README.md", before=OLD.encode(), after=OLD.replace("teh", "the").encode())
    assert gate(ChangedFile(change=change)).barred is None


@pytest.mark.requirement("R25")
@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("README.md", OLD, OLD.replace("one", "eno")),
        ("README.md", OLD, OLD.replace("\u200b", "")),
        ("README.md", OLD, OLD.replace("two teh", "two \u200b the")),
        ("README.md", OLD, OLD + "one \u200b here\n"),
        ("README.md", OLD.replace("\u200b", "\u2028"), OLD.replace("\u200b", "\u2028").replace("teh", "the")),
        ("README.md", OLD.replace("\u200b", "\x1b"), OLD.replace("\u200b", "\x1b").replace("teh", "the")),
        ("README.md", "\ufeff" + OLD, "\ufeff" + OLD.replace("teh", "the")),
        ("README.md", OLD.replace("\u200b", "\U000e0041"), OLD.replace("\u200b", "\U000e0041").replace("teh", "the")),
        ("README.md", OLD.replace("\u200b", "\u200f"), OLD.replace("\u200b", "\u200f").replace("teh", "the")),
        ("a.py", OLD, OLD.replace("teh", "the")),
        ("README.md", None, OLD),
    ],
)
def test_hidden_text_bars_where_it_moves_or_where_it_is_read(path: str, old: str | None, new: str) -> None:
    change = FileChange(path=path, before=None if old is None else old.encode(), after=new.encode())
    assert gate(ChangedFile(change=change)).barred is not None
