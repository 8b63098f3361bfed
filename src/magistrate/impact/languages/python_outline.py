"""Whether two Python texts can be one program at all once some things are left out; found cheaply.

A necessary condition and never a proof: it stops at the first difference, so that what most changes
are (other code) costs a prover nothing more.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Final

from magistrate.impact.languages.python import KEPT, read_tree, same_value

ANNOTATED: Final = ("annotation", "returns", "type_comment", "simple")


@lru_cache(maxsize=KEPT)
def alike(
    before: bytes, after: bytes, *, docstrings: bool = False, annotations: bool = False, imports: bool = False
) -> bool:
    """Whether the trees are equal but for what is left out by name.

    Raises:
        UnreadableError: where the parser refuses.
    """
    pending: list[tuple[object, object]] = [(read_tree(before), read_tree(after))]
    while pending:
        a, b = pending.pop()
        if a is b:
            continue
        if isinstance(a, list) and isinstance(b, list):
            left, right = (_kept(side, docstrings=docstrings, imports=imports) for side in (a, b))
            if len(left) != len(right):
                return False
            pending += zip(left, right, strict=True)
        elif annotations and isinstance(a, ast.AnnAssign | ast.Assign) and isinstance(b, ast.AnnAssign | ast.Assign):
            pending.append((a.value, b.value))
        elif type(a) is not type(b):
            return False
        elif isinstance(a, ast.AST):
            names = ("value",) if type(a) is ast.Constant else a._fields
            kept = [name for name in names if not annotations or name not in ANNOTATED]
            pending += [(getattr(a, name, None), getattr(b, name, None)) for name in kept]
        elif not same_value(a, b):
            return False
    return True


def _kept(side: list[object], *, docstrings: bool, imports: bool) -> list[object]:
    if docstrings and side and isinstance(side[0], ast.Expr) and isinstance(side[0].value, ast.Constant):
        side = side[1:]
    return [one for one in side if not isinstance(one, ast.Import | ast.ImportFrom)] if imports else side
