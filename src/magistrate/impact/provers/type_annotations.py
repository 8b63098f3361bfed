"""Claim: of a Python program only annotations inside functions change, and nothing reads them when it runs (R17).

With the annotations of arguments, of results and of local values left out, both sides are one
tree. What that takes:

- annotations of modules and classes are values (dataclasses, models, named tuples): they stay;
- a bare `x: T` in a function makes a name local: it stays; `x: T = v` and `x = v` are one there;
- an annotation that changes is a plain expression: names, dots, brackets, `|`, texts; no call;
- with `from __future__ import annotations` on both sides it is never evaluated; without, it is made
  of names that cannot fail: builtin types, and names of `typing` or `collections.abc` that the
  module imports once, above, in a form that these accept;
- imports may be added of `typing` and `collections.abc`, of names that the text did not have;
- a function whose annotations change has no decorator beside an allow-list;
- nothing in the repository reads annotations (`impact/annotation_readers.py`): packages that are
  known to leave them alone, no word of the library that hands them out, no compiler of Python;
- comments are the same, and CPython's compiler accepts the result.

Class `lint`: what the program does is equal, what a type checker or a reader is told is not.
Limits: equal up to source positions, reflection (`help`, rendered documentation) and the bytes of
code objects; which packages read annotations is known by a list.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.annotation_names import IMPORTABLE, SAFE_SHAPES, Function, Names, leaves_alone, never_fails
from magistrate.impact.annotation_readers import reader_of_annotations
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.computed_names import asks_computed_names
from magistrate.impact.equality import proof, read_as_bytes
from magistrate.impact.languages.python import head_of, looks_like_template, read_tokens, same_tree
from magistrate.impact.languages.python_nodes import walk
from magistrate.impact.languages.python_outline import alike
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.python_imports import atoms_in, shadowed
from magistrate.impact.text_readers import read_by_line

MORE: Final = "more than annotations changes"
STAR: Final = rx(r"\bimport[ \t]*\(?[ \t]*\*")
DIRECTIVE: Final = rx(
    r"#.*\b(?:noqa|type|pyright|mypy|pylint|ruff|fmt|yapf|nosec|pragma|isort|skip|nopep8)\b", re.IGNORECASE
)


class _Refused(Exception):
    """Why the change is more than annotations, or these may be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeAnnotations:
    """Both sides are one tree without the annotations of functions."""

    name: str = "type-annotations/1"
    change_class: ChangeClass = ChangeClass.LINT

    def applies(self, file: ChangedFile) -> bool:
        """Python source, by name; a stub is nothing but annotations."""
        return file.name.endswith(".py")

    def needs_base(self) -> bool:
        """Yes: only the repository says whether annotations are read."""
        return True

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: the proof is static."""
        del file, step, base
        return ()

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when only annotations differ that nobody reads."""
        del evidence
        try:
            count = _judge(file, step, base)
        except (_Refused, UnreadableError) as error:
            return proof(self.name, self.change_class, file, str(error), ProofStatus.REFUTED)
        computed = asks_computed_names(file, base)
        if computed is not None:
            why = f"`{computed}` asks for names that are put together when it runs, and names this module"
            return proof(self.name, self.change_class, file, why, ProofStatus.UNKNOWN)
        if not base.known:
            why = "without the repository it is not known who reads annotations"
            return proof(self.name, self.change_class, file, why, ProofStatus.UNKNOWN)
        why = f"only annotations inside {count} functions change, and nothing here reads them when it runs"
        return proof(self.name, self.change_class, file, why, ProofStatus.PROVEN)


def _judge(file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> int:
    """How many functions changed; raises _Refused, UnreadableError."""
    before, after = file.change.before, file.change.after
    if before is None or after is None:
        raise _Refused("the file is added or deleted as a whole")
    if head_of(before) != head_of(after):
        raise _Refused("the interpreter line or the encoding line changes")
    if not alike(before, after, annotations=True, imports=True):
        raise _Refused(MORE)
    old, new = _parsed(before), _parsed(after)
    kept, added = _without_new_names(old, new, file.before)
    changed = _judge_functions(old, new)
    if not changed:
        raise _Refused("no annotation of a function changes")
    evaluated = added or not Names(new).future
    new.body = kept
    for tree in (old, new):
        _Erase().visit(tree)
    if not same_tree(old, new):
        raise _Refused(MORE)
    _same_comments(before, after)
    if looks_like_template(before) or looks_like_template(after):
        raise _Refused("it may be a template of another language")
    _compiles(after)
    _judge_base(file, base, evaluated=evaluated, added=added)
    own = next((one.path for one in step if {"typing", "collections"} & set(re.split(r"[/.]", one.path))), None)
    if own is not None:
        raise _Refused(f"`{own}` of the same change may be loaded instead of a module of the library")
    named = _named_outside(file.path, changed, base)
    if named is not None:
        raise _Refused(f"`{named}` names a function whose annotations change: what it is for may read them")
    return len(changed)


def _named_outside(path: str, functions: Sequence[str], base: BaseTree) -> str | None:
    """A file that is no program and names a function of this module, as settings and entry points do."""
    stem = path.rsplit("/", 1)[-1].removesuffix(".py")
    words = "|".join(re.escape(name) for name in sorted(set(functions)))
    pattern = re.compile(rf"(?<!\w){re.escape(stem)}\s*[:.]\s*(?:\w+\.)?(?:{words})(?!\w)")
    texts = ((other, text) for other, text in sorted(base.files.items()) if not other.endswith(".py") and stem in text)
    return next((other for other, text in texts if pattern.search(text)), None)


def _judge_base(file: ChangedFile, base: BaseTree, *, evaluated: bool, added: bool) -> None:
    reader = reader_of_annotations(base)
    if reader is not None:
        raise _Refused(reader)
    own = next((own for module in ("typing", "collections") if (own := shadowed(module, base))), None)
    if evaluated and own is not None:
        raise _Refused(f"`{own}` may be loaded instead of a module of the library")
    stem = file.path.rsplit("/", 1)[-1].removesuffix(".py")
    star = next(
        (path for path, text in sorted(base.files.items()) if "*" in text and stem in text and STAR.search(text)), None
    )
    if added and (star is not None or stem == "__init__"):
        raise _Refused(f"`{star or file.path}` may hand on every name of this file, also new ones")
    as_bytes, by_line = read_as_bytes(file, base), read_by_line(file.name, base)
    if as_bytes is not None or by_line is not None:
        raise _Refused(as_bytes.why if as_bytes is not None else f"`{by_line}` reads a file of this name line by line")


def _judge_functions(old: ast.Module, new: ast.Module) -> tuple[str, ...]:
    """Names of the functions whose annotations change."""
    functions = [[node for node in walk(tree) if isinstance(node, Function)] for tree in (old, new)]
    if len(functions[0]) != len(functions[1]):
        raise _Refused(MORE)
    changed = [pair for pair in zip(*functions, strict=True) if _dumped(pair[0]) != _dumped(pair[1])]
    known = Names(old), Names(new)
    for one, other in changed:
        _judge_function(one, other, known[0])
        _judge_function(other, one, known[1])
    return tuple(one.name for one, _ in changed)


def _parsed(content: bytes) -> ast.Module:
    """A tree of one's own, to be changed."""
    try:
        module = ast.parse(content, type_comments=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _Refused(f"the parser does not accept it ({type(error).__name__})") from error
    module.type_ignores = []
    return module


def _compiles(content: bytes) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(content, "proposal", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _Refused(f"the compiler does not accept it ({type(error).__name__})") from error


def _without_new_names(old: ast.Module, new: ast.Module, text: str) -> tuple[list[ast.stmt], bool]:
    """The statements of the new side without imports of names of `typing` that the old one lacks; whether there are any."""
    had = {atom for statement in old.body for atom in atoms_in(statement)}
    kept: list[ast.stmt] = []
    fresh = False
    for at, statement in enumerate(new.body):
        if not isinstance(statement, ast.ImportFrom) or statement.level or statement.module not in IMPORTABLE:
            kept.append(statement)
            continue
        names = [one for one, atom in zip(statement.names, atoms_in(statement), strict=True) if atom in had]
        for atom in (one for one in atoms_in(statement) if one not in had):
            fresh = True
            if atom.alias or atom.name not in IMPORTABLE[atom.module]:
                raise _Refused(MORE)
            if re.search(rf"(?<!\w){re.escape(atom.name)}(?!\w)", text):
                raise _Refused(f"`{atom.name}` is imported anew, and the text had that word already")
        if names:
            kept.append(ast.ImportFrom(module=statement.module, names=names, level=0))
        elif at == 0 and len(new.body) > 1 and isinstance(new.body[1], ast.Expr):
            raise _Refused("an import stands where the documentation of the module was")
    return kept, fresh


def _slots(function: Function) -> list[tuple[str, ast.expr | None]]:
    """Every place of a function for an annotation, its own locals included; not those of functions inside."""
    given = function.args
    arguments = [
        *given.posonlyargs,
        *given.args,
        *given.kwonlyargs,
        *(one for one in (given.vararg, given.kwarg) if one),
    ]
    found: list[tuple[str, ast.expr | None]] = [("def", one.annotation) for one in arguments]
    return [*found, ("def", function.returns), *(("local", one.annotation) for one in _locals(function))]


def _locals(function: Function) -> Iterator[ast.AnnAssign]:
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            yield node
        pending += ast.iter_child_nodes(node)


def _dumped(function: Function) -> list[str]:
    return [where + (ast.dump(one) if one is not None else "") for where, one in _slots(function)]


def _judge_function(function: Function, other: Function, known: Names) -> None:
    for decorator in function.decorator_list:
        if not leaves_alone(decorator, function, known):
            raise _Refused(f"line {decorator.lineno} has a decorator that may read annotations")
    had = Counter(_dumped(other))
    for where, annotation in _slots(function):
        if annotation is None:
            continue
        shape = where + ast.dump(annotation)
        if had[shape]:
            had[shape] -= 1
            continue
        if not all(isinstance(node, SAFE_SHAPES) for node in walk(annotation)):
            raise _Refused(f"line {annotation.lineno} has an annotation that does something")
        if where == "def" and not known.future and not never_fails(annotation, known):
            raise _Refused(f"line {annotation.lineno} has an annotation that is evaluated and may fail")


class _Erase(ast.NodeTransformer):
    """Takes the annotations of functions out of a tree, and those of their locals that have a value."""

    def __init__(self) -> None:
        self._inside: list[bool] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """In a class an annotation is a value."""
        self._inside.append(False)
        self.generic_visit(node)
        self._inside.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """In a function it is not."""
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """In a function it is not."""
        return self._function(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """`x: T = v` in a function is `x = v`."""
        self.generic_visit(node)
        if node.value is None or not (self._inside and self._inside[-1]):
            return node
        return ast.copy_location(ast.Assign(targets=[node.target], value=node.value, type_comment=None), node)

    def _function(self, node: Function) -> ast.AST:
        given = node.args
        for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
            if one is not None:
                one.annotation = None
        node.returns = None
        self._inside.append(True)
        self.generic_visit(node)
        self._inside.pop()
        return node


def _same_comments(before: bytes, after: bytes) -> None:
    old, new = (read_tokens(side) for side in (before, after))
    if [one.text for one in old.comments] != [one.text for one in new.comments]:
        raise _Refused("a comment changes")
    rows = [[row.strip() for row in side.decode().split("\n") if DIRECTIVE.search(row)] for side in (before, after)]
    if rows[0] != rows[1]:
        raise _Refused("a line changes whose comment is for a tool")


PROVER: Final = TypeAnnotations()
