"""Docstrings (R19): where they stand, who may read them, and what is told of them."""

from __future__ import annotations

import pytest

from magistrate.domain.impact import ChangeClass, FileChange, Impact
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case
from magistrate.impact.docstring_readers import READERS, SILENT, imports_of
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.provers.docstrings import docstrings_of

OLD = 'import json\n\n\ndef rows(text):\n    """Return recieved rows."""\n    return json.loads(text)\n'
NEW = OLD.replace("recieved", "received")

pytestmark = pytest.mark.requirement("R19")


def judged(before: str, after: str, **files: str) -> Impact:
    change = FileChange(path="src/tables/rows.py", before=before.encode(), after=after.encode())
    base = BaseTree(
        files={"setup.cfg": "[metadata]\n", **{k.replace("__", "/"): v for k, v in files.items()}}, known=True
    )
    return assess(Case(id="", steps=((change,),), base=base))


def why(before: str, after: str, **files: str) -> str:
    impact = judged(before, after, **files)
    assert not impact.auto_eligible
    return next(one.why for one in impact.files[0].tried if one.rule == "python-docstrings/1")


def test_a_correction_of_spelling_is_documentation() -> None:
    impact = judged(OLD, NEW)
    assert impact.auto_eligible
    assert impact.files[0].change_class is ChangeClass.DOCS
    assert impact.files[0].proof.rule == "python-docstrings/1"


def test_docstrings_are_found_where_python_has_them() -> None:
    text = (
        '"""m"""\nif 1:\n    def f():\n        \'\'\'f\'\'\'\nclass C:\n    "C"; x = 1\n    def g(self): "g"\n'
        '    async def h(self):\n        r"""h"""\n        def i():\n            """i"""\n        "no docstring"\nx = "no"\n'
        '"no"\n'
    )
    found = [one.value for one in docstrings_of(text.encode())]
    assert found == ["m", "f", "C", "g", "h", "i"]
    names = [one.names for one in docstrings_of(text.encode())]
    assert names == [(), ("f",), ("C",), ("C", "g"), ("C", "h"), ("C", "h", "i")]


@pytest.mark.parametrize("text", ['"a" "b"\n', '("a")\n', '"a"\\\n"b"\n'])
def test_what_is_not_one_token_is_not_read(text: str) -> None:
    if text == '("a")\n':
        with pytest.raises(UnreadableError):
            list(docstrings_of(text.encode()))
        return
    with pytest.raises(UnreadableError):
        list(docstrings_of(text.encode()))


@pytest.mark.parametrize(
    "package", ["click", "fastapi", "ply", "langchain", "mcp", "docopt", "fire", "typer", "graphene"]
)
def test_a_reader_anywhere_in_the_base_is_a_reader(package: str) -> None:
    assert package in READERS
    assert f"takes in `{package}`" in why(
        OLD, NEW, other__a="x = 1\n", **{"other__a.py": f"from {package}.x import y\n"}
    )


@pytest.mark.parametrize("package", ["argparse", "cmd", "unittest", "inspect", "somewhat", "pydantic"])
def test_a_package_that_is_not_known_to_be_silent_is_asked_about(package: str) -> None:
    assert package not in SILENT
    assert f"takes in `{package}`" in why(OLD.replace("json", package), NEW.replace("json", package))


@pytest.mark.parametrize(
    "line",
    [
        "print(rows.__doc__)",
        "help = getdoc(rows)",
        "doctest.testmod()",
        "text = ast.get_docstring(node)",
        "getattr(x, '__doc__')",
    ],
)
def test_whatever_asks_for_a_docstring_is_a_reader(line: str) -> None:
    assert "may read docstrings" in why(OLD, NEW, **{"tools__a.py": line + "\n"})


def test_handing_a_docstring_on_reads_nothing() -> None:
    assert judged(OLD, NEW, **{"src__tables__a.py": "f.__doc__ = g.__doc__\n"}).auto_eligible


def test_a_page_that_speaks_of_doctests_reads_nothing() -> None:
    assert judged(OLD, NEW, **{"docs__a.md": "We use no doctest.\n"}).auto_eligible


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import a.b as c, d\n", {"a", "d"}),
        ("from a.b import c\n", {"a"}),
        ("from . import c\nfrom .d import e\n", set()),
        ("try:\n    import a\nexcept ImportError: import b\n", {"a", "b"}),
        ("import a; import b\n", {"a", "b"}),
    ],
)
def test_what_a_module_takes_in(text: str, found: set[str]) -> None:
    assert imports_of(text) == found


def test_what_is_named_at_run_time_is_not_known() -> None:
    late = "x = __import__('a' + 'b')\n"
    assert "run time" in why(OLD + late, NEW + late)


@pytest.mark.parametrize("name", ["p_rows", "t_ROW", "do_rows", "tool_rows", "help_rows"])
def test_names_that_tools_look_for(name: str) -> None:
    assert "a name that tools look for" in why(OLD.replace("rows(", f"{name}("), NEW.replace("rows(", f"{name}("))


def test_names_that_only_begin_alike_are_no_matter() -> None:
    assert judged(OLD.replace("rows(", "map_rows("), NEW.replace("rows(", "map_rows(")).auto_eligible


@pytest.mark.requirement("R25")
def test_without_the_base_nothing_is_proven() -> None:
    change = FileChange(path="a.py", before=OLD.encode(), after=NEW.encode())
    impact = assess(Case(id="", steps=((change,),), base=BaseTree()))
    assert not impact.auto_eligible
    assert impact.context_wanted


@pytest.mark.parametrize("end", ["\\n", "\\x41", "\\\n"])
def test_an_escape_in_a_docstring_is_no_plain_literal(end: str) -> None:
    assert "with escapes" in why(OLD, NEW.replace("rows.", f"rows.{end}"))
