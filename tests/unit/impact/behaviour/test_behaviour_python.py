"""What a change of Python does to a running system, by name (R29)."""

from __future__ import annotations

import pytest
from world.behaviour_world import Told, entries, told

CASES: list[tuple[str, str, str, list[Told]]] = [
    ("default of a parameter", "def f(a, name='x'):\n    return a\n", "def f(a, name='y'):\n    return a\n",
     [("default", "default of `name` in `f`", "'x'", "'y'")]),
    ("limit as a default", "def f(timeout=30):\n    return 1\n", "def f(timeout=300):\n    return 1\n",
     [("limit", "default of `timeout` in `f`", "30", "300")]),
    ("default of a keyword-only parameter", "def f(*, deep=False):\n    pass\n", "def f(*, deep=True):\n    pass\n",
     [("flag", "default of `deep` in `f`", "False", "True")]),
    ("constant of a file", "MAX_RETRIES = 3\n", "MAX_RETRIES = 5\n", [("limit", "`MAX_RETRIES`", "3", "5")]),
    ("new limit of a file", "A = 1\n", "A = 1\nTIMEOUT = 5\n", [("limit", "`TIMEOUT`", None, "5")]),
    ("limit that is gone", "A = 1\nTIMEOUT = 5\n", "A = 1\n", [("limit", "`TIMEOUT`", "5", None)]),
    ("switch of a class", "class A:\n    debug = False\n", "class A:\n    debug = True\n", [("flag", "`A.debug`", "False", "True")]),
    ("entry of a table", "C = {'a': 1, 'b': {'ttl': 5}}\n", "C = {'a': 1, 'b': {'ttl': 50}}\n", [("limit", "`C['b']['ttl']`", "5", "50")]),
    ("limit given to a call", "def f():\n    return get(u, timeout=3)\n", "def f():\n    return get(u, timeout=30)\n",
     [("limit", "`timeout` of `get` in `f`", "3", "30")]),
    ("limit taken from a call", "def f():\n    return get(u, timeout=3)\n", "def f():\n    return get(u)\n",
     [("limit", "`timeout` of `get` in `f`", "3", None)]),
    ("switch given to a call", "def f():\n    return get(u, verify=True)\n", "def f():\n    return get(u, verify=False)\n",
     [("flag", "`verify` of `get` in `f`", "True", "False")]),
    ("limit of a function", "def f():\n    retries = 3\n    return retries\n", "def f():\n    retries = 4\n    return retries\n",
     [("limit", "`retries` in `f`", "3", "4")]),
    ("flag that is asked", "def f(c):\n    return c.is_enabled('a')\n", "def f(c):\n    return c.is_enabled('b')\n",
     [("flag", "flag `a` asked in `f`", "c.is_enabled", None), ("flag", "flag `b` asked in `f`", None, "c.is_enabled")]),
    ("default of the environment", "import os\nA = os.environ.get('A', '1')\n", "import os\nA = os.environ.get('A', '2')\n",
     [("default", "default of `A` from `os.environ.get`", "'1'", "'2'")]),
    ("route of flask gets a method", "@app.route('/u', methods=['GET'])\ndef u():\n    pass\n", "@app.route('/u', methods=['GET', 'POST'])\ndef u():\n    pass\n",
     [("route", "`/u`", "GET", "GET, POST")]),
    ("route of fastapi is another", "@app.get('/a')\ndef u():\n    pass\n", "@app.get('/b')\ndef u():\n    pass\n",
     [("route", "`/a`", "GET", None), ("route", "`/b`", None, "GET")]),
    ("route of django", "urlpatterns = [path('a/', v)]\n", "urlpatterns = [path('a/', v), path('b/', w)]\n",
     [("route", "`/b/`", None, "any method"), ("default", "`urlpatterns`", "[path('a/', v)]", "[path('a/', v), path('b/', w)]")]),
    ("field of a class", "class A(Base):\n    x: int\n", "class A(Base):\n    x: str\n", [("schema", "field `A.x`", "int", "str")]),
    ("new field", "class A(Base):\n    x: int\n", "class A(Base):\n    x: int\n    y: str\n", [("schema", "field `A.y`", None, "str")]),
    ("column", "class A(Base):\n    x = Column(String(5))\n", "class A(Base):\n    x = Column(String(9))\n",
     [("schema", "field `A.x`", "Column(String(5))", "Column(String(9))")]),
    ("migration", "def upgrade():\n    pass\n", "def upgrade():\n    op.drop_column('a', 'b')\n",
     [("schema", "`op.drop_column` in `upgrade`", None, "op.drop_column('a', 'b')")]),
    ("error that is raised", "def f(x):\n    if x > 5:\n        raise ValueError('a')\n    return x\n", "def f(x):\n    if x > 9:\n        raise ValueError('a')\n    return x\n",
     [("exit", "`raise` in `f`", "raise ValueError('a') when x > 5", "raise ValueError('a') when x > 9")]),
    ("error handling that is gone", "def f():\n    try:\n        g()\n    except KeyError:\n        pass\n    return 1\n", "def f():\n    g()\n    return 1\n",
     [("exit", "error handling in `f`", "except KeyError, ignored", None)]),
    ("early return", "def f(x):\n    if x:\n        return None\n    return g(x)\n", "def f(x):\n    return g(x)\n",
     [("exit", "early return in `f`", "return None when x", None)]),
    ("exit status", "def f():\n    sys.exit(1)\n", "def f():\n    sys.exit(2)\n", [("exit", "`sys.exit` in `f`", "sys.exit(1)", "sys.exit(2)")]),
    ("status of an answer", "def f():\n    return Response(status=404)\n", "def f():\n    return Response(status=500)\n",
     [("exit", "`status` of `Response` in `f`", "404", "500")]),
    ("check that is gone", "def f(x):\n    assert x\n    return g(x)\n", "def f(x):\n    return g(x)\n", [("exit", "`assert` in `f`", "assert x", None)]),
    ("parameter", "def f(a):\n    return 1\n", "def f(a, b=2):\n    return 1\n", [("signature", "`f`", "f(a)", "f(a, b=…)")]),
    ("function that is gone", "def f():\n    return 1\ndef g():\n    return 2\n", "def f():\n    return 1\n", [("signature", "`g`", "g()", None)]),
    ("mark that is gone", "@login_required\ndef f():\n    return 1\n", "def f():\n    return 1\n", [("signature", "decorators of `f`", "@login_required", "none")]),
    ("option of a command line", "p.add_argument('--n', type=int, default=3)\n", "p.add_argument('--n', type=int, default=4)\n",
     [("default", "default of the option `--n`", "3", "4")]),
    ("required option", "p.add_argument('--n', type=int)\n", "p.add_argument('--n', type=int, required=True)\n",
     [("signature", "option `--n`", "--n, type=int", "--n, type=int, required=True")]),
    ("what a module offers", "__all__ = ['a']\n", "__all__ = ['a', 'b']\n", [("signature", "`__all__`", "['a']", "['a', 'b']")]),
    ("method of a class", "class A:\n    def f(self, a): return a\n", "class A:\n    def f(self, b): return b\n", [("signature", "`A.f`", "f(self, a)", "f(self, b)")]),
]  # fmt: skip
NOT_NAMED: list[tuple[str, str, str]] = [
    ("local variable renamed", "def f(x):\n    a = x\n    return a\n", "def f(x):\n    b = x\n    return b\n"),
    ("local constant", "def f(x):\n    a = 5\n    return a + x\n", "def f(x):\n    a = 6\n    return a + x\n"),
    ("limit under another local name", "def f(x):\n    timeout = 5\n    return g(timeout)\n", "def f(x):\n    wait_timeout = 5\n    return g(wait_timeout)\n"),
    ("private function", "def _f(a):\n    return 1\n", "def _f(a, b):\n    return 1\n"),
    ("function inside another", "def f():\n    def g(a): pass\n    return g\n", "def f():\n    def g(b): pass\n    return g\n"),
    ("a client is no route", "def f(client):\n    return client.get('/a', 1)\n", "def f(client):\n    return client.get('/b', 1)\n"),
    ("moved within a block", "def f():\n    a()\n    b()\n    return 1\n", "def f():\n    b()\n    a()\n    return 1\n"),
    ("last return", "def f(x):\n    return x + 1\n", "def f(x):\n    return x + 2\n"),
    ("raise in a new private function", "A = 1\n", "A = 1\ndef _g():\n    raise ValueError('x')\n"),
    ("annotation of a parameter", "def f(a: int):\n    return g(a)\n", "def f(a: str):\n    return h(a)\n"),
    ("does not parse", "def f(:\n    a b\n", "def f(:\n    a c\n"),
]  # fmt: skip


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(("before", "after", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_python_is_named(before: str, after: str, expected: list[Told]) -> None:
    assert told("src/x.py", before, after) == expected


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(("before", "after"), [case[1:] for case in NOT_NAMED], ids=[case[0] for case in NOT_NAMED])
def test_what_has_no_name_in_python_is_other(before: str, after: str) -> None:
    found = entries("src/x.py", before, after)
    assert [one.kind for one in found] == ["other"]
    assert "not named here" in found[0].why
    assert found[0].line > 0


@pytest.mark.requirement("R29")
def test_lines_are_those_of_the_new_side_and_of_the_old_one_for_what_is_gone() -> None:
    before = "import a\nTIMEOUT = 5\n\n\ndef f(a): pass\n"
    found = entries("src/x.py", before, "import a\nimport b\nTIMEOUT = 6\n")
    assert [(one.kind, one.line) for one in found] == [("limit", 3), ("signature", 5)]


@pytest.mark.requirement("R29")
def test_a_whole_new_file_tells_its_interface_and_not_its_inside() -> None:
    text = "import x\nTIMEOUT = 3\n\n@app.get('/a')\ndef f(a):\n    raise ValueError\n\nclass B(Base):\n    x: int\n    y: str\n"
    assert told("src/x.py", None, text) == [
        ("route", "`/a`", None, "GET"),
        ("signature", "`f`", None, "f(a)"),
        ("signature", "`B`", None, "class B(Base)"),
        ("schema", "fields of `B`", None, "B.x, B.y"),
    ]
