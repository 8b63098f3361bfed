"""A line that is continued into an empty one joins nothing today and whatever is written there tomorrow."""

from __future__ import annotations

import pytest

from magistrate.domain.impact import ChangeClass, FileChange
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case


def kind_of(before: str, after: str) -> ChangeClass:
    change = FileChange(path="src/a.h", before=before.encode(), after=after.encode())
    return assess(Case(id="", steps=((change,),), base=BaseTree(files={}, known=True))).files[0].change_class


BEFORE = "#ifndef A_H\n#define A_H\nint  a(void) ;\n\n#endif\n"


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("end", ["\\\n\n", " \\\n\n", "\\\n\n\n", "\\\r\n\n"])
def test_such_a_line_is_no_layout(end):
    assert kind_of(BEFORE, BEFORE.replace("int  a(void) ;\n\n", "int a(void);" + end)) is not ChangeClass.FORMATTING


@pytest.mark.requirement("R17")
def test_layout_beside_it_still_is():
    assert kind_of(BEFORE, BEFORE.replace("int  a(void) ;\n\n", "int a(void);\n\n")) is ChangeClass.FORMATTING
