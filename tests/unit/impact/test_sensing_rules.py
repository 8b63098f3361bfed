"""Patterns of rules: white space stays within a line, inside of sets as well."""

from __future__ import annotations

import pytest

from magistrate.impact.sensing import rule


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("pattern", "found", "missed"),
    [
        (r"a\s+b", "a \tb", "a\nb"),
        (r"\w://[^\s:/@]+:[^\s/@]+@", "postgres://user:pw@host", "a://b c:d@"),
        (r"[^\s#]+\s@", "docs @", "docs\n@"),
        (r"x[\s,]+y", "x , y", "x\ny"),
        (r"\[\s\]", "[ ]", "[\n]"),
        (r"[^]\s]z", "az", "]z"),
        (r"q\\s", r"q\s", "q "),
    ],
)
def test_white_space_ends_no_line(pattern: str, found: str, missed: str) -> None:
    made = rule(pattern, "why")
    for one in (made.pattern, made.folded):
        assert one.search(found)
        assert not one.search(missed)


@pytest.mark.requirement("R24")
def test_an_address_with_a_password_is_found() -> None:
    from magistrate.domain.impact import ChangeClass, FileChange
    from magistrate.impact.base import BaseTree, ChangedFile
    from magistrate.impact.sensors import secrets

    change = FileChange(path="a.py", before=b"x = 1\n", after=b'x = connect("amqp://shop:hunter22@queue.internal")\n')
    found = list(secrets.SENSOR.sense(ChangedFile(change=change), BaseTree()))
    assert any(one.kind is ChangeClass.SECRETS and one.itself for one in found)
