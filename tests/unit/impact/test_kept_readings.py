"""What is kept of a text that was read is kept by all of its bytes and all that was asked about them."""

from __future__ import annotations

import re

import pytest

from magistrate.domain.impact import FileChange
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.guards.reading import compared
from magistrate.impact.languages.python_outline import alike
from magistrate.impact.rederivation.texts import same_toml
from magistrate.impact.sensing import Saying, line_start

ASKS = "from django.contrib.auth.decorators import login_required\n\n\n@login_required\ndef view(request):\n    return page(request)\n"
OPEN = ASKS.replace("@login_required\n", "# anybody comes\n")


def weaker_of(before: str, after: str) -> int:
    file = ChangedFile(
        change=FileChange(path="a/views.py", before=before.encode(), after=after.encode(), mode_before="100644")
    )
    found = compared(file)
    return -1 if found is None else len(found)


@pytest.mark.requirement("R24")
def test_guards_of_texts_of_one_length_are_not_confused() -> None:
    assert len(ASKS) == len(OPEN)
    assert weaker_of(ASKS, ASKS.replace("page(request)", "page(request, 1)")) == 0
    assert weaker_of(ASKS, OPEN) > 0
    assert weaker_of(OPEN, ASKS) == 0
    assert weaker_of(ASKS, OPEN) > 0, "what was kept is as it was"


@pytest.mark.requirement("R21")
def test_a_tree_that_is_alike_but_for_docstrings_is_not_alike_in_all() -> None:
    before, after = (
        b'def f() -> int:\n    """Says."""\n    return 1\n',
        b'def f() -> int:\n    """Tells."""\n    return 1\n',
    )
    assert alike(before, after, docstrings=True)
    assert not alike(before, after)
    assert not alike(before, after, annotations=True)
    assert not alike(before, after, imports=True)


@pytest.mark.requirement("R21")
def test_values_of_toml_of_one_length_are_not_confused() -> None:
    old, laid_out, other = b"a = [1, 2]\n", b"a = [1,2 ]\n", b"a = [1, 3]\n"
    assert same_toml("a.toml", old, laid_out, BaseTree()) is None
    assert same_toml("a.toml", old, other, BaseTree()) == "the values change, or their order"
    assert same_toml("a.toml", other, old, BaseTree()) == "the values change, or their order"


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from x import y\nmigrations.AddField('a')\n", True),
        ("MIGRATIONS.AddField('a')\n", False),
        ("migrations are listed\n", False),
        ("\u00e9 migrations.AddField('a')\n", True),
        ("\x1cmigrations.AddField('a')\n", True),
    ],
)
def test_a_saying_around_a_word_is_found_behind_the_screen_as_without_it(text: str, *, said: bool) -> None:
    saying = Saying(starts=line_start("revision ="), words=("migrations",), around=re.compile(r"\bmigrations\.Add"))
    assert saying.within(text) is said
