"""Claim: only the wording of docstrings changes, and nothing that is known reads them.

Rule kept (R19): every byte outside docstrings is equal; each docstring that differs is, to CPython's
parser and to the tokenizer, one plain literal without escapes at the head of a module, class or function
that both sides have; its text differs by the rules of documentation. Readers of docstrings are excluded
by reachability (`impact/docstring_readers.py`) and by shape: decorators and bases from small lists.
Refused: docstrings that come or go, doctests, grammars, usage texts and front matter in them, names that
tools look for (`p_`, `t_`, `do_`). Limit: equal up to source positions, source-text reflection and `__doc__`.
"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.docstring_readers import reader_of_docstrings, strange_import
from magistrate.impact.documents.compare import why_not_same_page
from magistrate.impact.documents.judging import Judge
from magistrate.impact.documents.links import why_not_link
from magistrate.impact.documents.page import UnreadablePageError
from magistrate.impact.documents.restructured import read_restructured
from magistrate.impact.documents.words import Vocabulary
from magistrate.impact.equality import proof, read_as_bytes
from magistrate.impact.languages.python import looks_like_template, read_tree
from magistrate.impact.languages.python_nodes import walk
from magistrate.impact.languages.python_outline import alike
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.text_readers import read_by_line

LITERAL: Final = rx(r"([rR]?)(\"\"\"|'''|\"|')([\s\S]*)\2\Z")
DECORATORS: Final = frozenset(
    [
        "property", "staticmethod", "classmethod", "cached_property", "functools.cached_property", "functools.lru_cache",
        "functools.cache", "functools.wraps", "lru_cache", "cache", "wraps", "contextmanager", "asynccontextmanager",
        "contextlib.contextmanager", "contextlib.asynccontextmanager", "abstractmethod", "abc.abstractmethod", "overload",
        "typing.overload", "override", "typing.override", "final", "typing.final", "dataclass", "dataclasses.dataclass",
        "total_ordering", "functools.total_ordering", "enum.unique", "unique",
    ]
)  # fmt: skip
"""Decorators that hand a docstring on and read nothing of it, by their usual names."""
HOMES: Final = frozenset(["functools", "contextlib", "abc", "typing", "typing_extensions", "dataclasses", "enum"])
BASES: Final = frozenset(
    [
        "object", "Exception", "BaseException", "ValueError", "TypeError", "RuntimeError", "KeyError", "IndexError", "LookupError",
        "OSError", "IOError", "AttributeError", "NotImplementedError", "ArithmeticError", "StopIteration", "ImportError", "Warning",
        "UserWarning", "DeprecationWarning", "str", "int", "float", "bytes", "dict", "list", "set", "tuple", "frozenset", "ABC", "abc.ABC",
        "Protocol", "typing.Protocol", "Generic", "typing.Generic", "Enum", "enum.Enum", "IntEnum", "enum.IntEnum", "StrEnum",
        "enum.StrEnum", "NamedTuple", "typing.NamedTuple", "TypedDict", "typing.TypedDict",
    ]
)  # fmt: skip
"""Bases whose metaclasses read no docstring."""
TOOL_NAMES: Final = rx(
    r"(?:p|t|do|help|cmd|command|tool|task|action)_|(?:\w*[a-z])?(?:Meta|Config|Query|Mutation|Signature)\Z"
)
NOT_PROSE: Final = rx(
    r">>>|(?m:^[ \t]*(?:---[ \t]*$|\$ |%|[<|]|[a-z_]\w*[ \t]+:[ \t].*\b[A-Z][A-Z_]{2,}\b))|(?im:^[ \t]*(?:usage|options):(?!:))|::=|"
    r"\{\{|\{%|<%|(?i:\b(?:you are an?|the (?:user|assistant|model|tool|agent|llm)|use this (?:tool|function)|when to use)\b)"
)
"""Shapes of doctests, YAML of interfaces, usage texts, grammars, templates and orders to an assistant."""
MAX_DOCSTRINGS: Final = 2_000
Owner = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Docstring:
    """One docstring: where it stands (bytes; 1-based line), what it is written as, and whose it is."""

    start: int
    end: int
    line: int
    column: int
    raw: str
    value: str
    owners: tuple[Owner, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names from the outside in; of a module none."""
        return tuple(owner.name for owner in self.owners if not isinstance(owner, ast.Module))


class _ObjectionError(ValueError):
    """What speaks against the claim, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Docstrings:
    """Docstrings of Python modules, judged like pages (R19)."""

    name: str = "python-docstrings/1"
    change_class: ChangeClass = ChangeClass.DOCS

    def applies(self, file: ChangedFile) -> bool:
        """By suffix; the parser has the last word. Stubs are read by tools, and are left out."""
        return file.name.endswith(".py")

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: the proof is static."""
        del file, step, base
        return ()

    def needs_base(self) -> bool:
        """Yes: only the base tree says who reads docstrings."""
        return True

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when nothing but the wording of docstrings differs and nobody reads them."""
        del evidence
        try:
            _verify(file, step, base)
        except (UnreadableError, UnreadablePageError) as error:
            return proof(self.name, self.change_class, file, str(error), ProofStatus.UNKNOWN)
        except _ObjectionError as error:
            return proof(self.name, self.change_class, file, str(error), ProofStatus.REFUTED)
        if not base.known:
            why = "without the repository nobody knows who reads these docstrings (give `context` or `--repo`)"
            return proof(self.name, self.change_class, file, why, ProofStatus.UNKNOWN)
        said = "all but docstrings is equal, byte for byte; only their wording differs, and nothing in the base tree reads them"
        return proof(self.name, self.change_class, file, said, ProofStatus.PROVEN)


def _verify(file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> None:
    """Raise what speaks against the claim; what is cheap is asked first."""
    before, after = file.change.before, file.change.after
    if before is None or after is None:
        raise _ObjectionError("the file is added or deleted as a whole")
    changed = _changed(before, after)
    for old, new in changed:
        _verify_plain(new)
        _verify_owners(new)
        _verify_prose(old, new)
    if looks_like_template(before) or looks_like_template(after):
        raise _ObjectionError("it may be a template of another language")
    for old, new in changed:
        _verify_wording(old, new, file, step, base)
    _verify_unread(file, changed, base)


def _changed(before: bytes, after: bytes) -> list[tuple[Docstring, Docstring]]:
    """Docstrings that differ, in pairs; everything else is equal byte for byte."""
    if not alike(before, after, docstrings=True):
        raise _ObjectionError("more than docstrings changes")
    olds, news = list(docstrings_of(before)), list(docstrings_of(after))
    if len(olds) != len(news) or len(olds) > MAX_DOCSTRINGS:
        raise _ObjectionError("a docstring comes or goes, or there are more than can be compared in time")
    if _around(before, olds) != _around(after, news):
        raise _ObjectionError("more than docstrings changes")
    found = [(old, new) for old, new in zip(olds, news, strict=True) if old.raw != new.raw]
    if not found:
        raise _ObjectionError("no docstring changes")
    if any(old.value.strip() == new.value.strip() for old, new in found):
        raise _ObjectionError(
            "only blanks at an end of a docstring change: they are part of its value and of no wording"
        )
    return found


def _around(content: bytes, docstrings: Sequence[Docstring]) -> list[bytes]:
    edges = [0, *(edge for one in docstrings for edge in (one.start, one.end)), len(content)]
    return [content[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]


def docstrings_of(content: bytes) -> Iterator[Docstring]:
    """Every docstring in the order of the text, each one token of the tokenizer.

    Raises:
        UnreadableError: a front end does not accept the text, or they disagree about a docstring.
    """
    starts = [0]
    for line in content.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    tokens = _string_tokens(content)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape is compared as it is written
        pending: list[tuple[Owner, ...]] = [(read_tree(content),)]
    while pending:
        owners = pending.pop()
        body = owners[-1].body
        first = body[0].value if body and isinstance(body[0], ast.Expr) else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            found.append(_docstring(first, owners, content, starts, tokens))
        pending += [(*owners, one) for one in _inner(owners[-1])]
    yield from sorted(found, key=lambda one: one.start)


def _inner(owner: Owner) -> Iterator[Owner]:
    """Classes and functions that stand in an owner, not those within them; however deep in its statements."""
    pending: list[ast.AST] = list(owner.body)
    while pending:
        one = pending.pop()
        if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield one
        elif not isinstance(one, ast.expr):
            pending += ast.iter_child_nodes(one)


def _docstring(
    node: ast.Constant,
    owners: tuple[Owner, ...],
    content: bytes,
    starts: Sequence[int],
    tokens: dict[tuple[int, int], str],
) -> Docstring:
    start = starts[node.lineno - 1] + node.col_offset
    end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
    raw = content[start:end].decode("utf-8", "replace")
    if tokens.get((node.lineno, node.col_offset)) != raw.replace("\r\n", "\n"):
        raise UnreadableError(f"line {node.lineno}: two front ends disagree about a docstring")
    return Docstring(
        start=start, end=end, line=node.lineno, column=node.col_offset, raw=raw, value=str(node.value), owners=owners
    )


def _string_tokens(content: bytes) -> dict[tuple[int, int], str]:
    """Literals that are a statement by themselves, by line and column in bytes; several in a row are none."""
    found: dict[tuple[int, int], str] = {}
    begins, waiting = True, None
    try:
        for token in tokenize.tokenize(io.BytesIO(content).readline):
            if token.type in {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.INDENT, tokenize.DEDENT}:
                continue
            if waiting is not None and (token.type == tokenize.NEWLINE or token.string == ";"):
                place = (waiting.start[0], len(waiting.line[: waiting.start[1]].encode()))
                found[place] = waiting.string.replace("\r\n", "\n")
            waiting = token if token.type == tokenize.STRING and begins else None
            begins = token.type == tokenize.NEWLINE or token.string in {":", ";"}
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError) as error:
        raise UnreadableError(f"the tokenizer does not accept it ({type(error).__name__})") from error
    return found


def _verify_plain(one: Docstring) -> None:
    found = LITERAL.match(one.raw)
    if found is None or "\r" in one.raw or found[3] != one.value:
        raise _ObjectionError(f"line {one.line} begins a docstring with escapes, or one that is not one plain literal")


def _verify_owners(one: Docstring) -> None:
    """Whoever has the docstring, and whatever that stands in, is handed to nothing that reads it."""
    module, *inside = one.owners
    named = _named_otherwise(module) if isinstance(module, ast.Module) else frozenset()
    for depth, owner in enumerate(inside):
        if isinstance(owner, ast.Module):
            continue
        if TOOL_NAMES.match(owner.name):
            raise _ObjectionError(f"line {one.line} is the docstring of `{owner.name}`, a name that tools look for")
        for decorator in owner.decorator_list:
            written = _dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
            accessor = written.endswith((".setter", ".getter", ".deleter")) and written.count(".") == 1
            marks = written == "pytest.fixture" or written.startswith("pytest.mark.")
            if (written not in DECORATORS and not accessor and not marks) or {written.split(".")[0], "*"} & named:
                raise _ObjectionError(f"line {one.line} is in what `@{written[:40]}` decorates, which may read it")
        if isinstance(owner, ast.ClassDef):
            _verify_bases(owner, one, named)
        elif depth + 1 < len(inside):
            raise _ObjectionError(f"line {one.line} is the docstring of something inside a function")


def _verify_bases(owner: ast.ClassDef, one: Docstring, named: frozenset[str]) -> None:
    """Bases of the lists, or classes at the top of this file, bound once, whose bases are."""
    module = one.owners[0]
    here = {each.name: each for each in module.body if isinstance(each, ast.ClassDef)}
    pending, seen = [owner], {owner.name}
    while pending:
        each = pending.pop()
        if any(keyword.arg not in {"frozen", "total"} for keyword in each.keywords):
            raise _ObjectionError(f"line {one.line} is in a class with a metaclass or options of its own")
        for base in each.bases:
            written = _dotted(base.value if isinstance(base, ast.Subscript) else base)
            if written in here and written not in seen and _bound_once(written, module):
                seen.add(written)
                pending.append(here[written])
            elif written not in seen and (written not in BASES or {written.split(".")[0], "*"} & named):
                raise _ObjectionError(f"line {one.line} is in a class of the base `{written[:40]}`, which may read it")


def _bound_once(name: str, module: ast.AST) -> bool:
    """Whether a name is that of one class in a file, and stands for nothing else there."""
    count = 0
    for node in walk(module):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            count += 1
        elif isinstance(node, ast.alias):
            count += 2 * ((node.asname or node.name) in {name, "*"})
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            count += 2 * (node.id == name)
    return count == 1


def _named_otherwise(module: ast.Module) -> frozenset[str]:
    """Names of the lists above that stand for something else here: taken in from elsewhere, or bound in this file."""
    found: set[str] = set()
    for node in walk(module):
        if isinstance(node, ast.ImportFrom) and (node.level or node.module not in HOMES):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.asname for alias in node.names if alias.asname and alias.asname != alias.name}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
    return frozenset(found)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{_dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else "(...)"


def _verify_prose(old: Docstring, new: Docstring) -> None:
    for one in (old, new):
        found = NOT_PROSE.search(one.value)
        if found is not None:
            raise _ObjectionError(
                f"line {new.line} begins a docstring with `{found[0].strip()[:30]}`, which tools may read"
            )
    if LITERAL.sub(r"\1\2", old.raw) != LITERAL.sub(r"\1\2", new.raw):
        raise _ObjectionError(f"line {new.line} changes the quotes of a docstring")


def _verify_wording(
    old: Docstring, new: Docstring, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree
) -> None:
    """By the rules of documentation, as reStructuredText, which holds more byte for byte than other markup does."""
    a, b = cleandoc(old.value), cleandoc(new.value)
    paths = {*base.files, *(one.path for one in step if one.change.after is not None)}
    words = Vocabulary(base=base, changed=frozenset(one.path for one in step), page=file.before, new_page=file.after)
    judge = Judge(
        link=lambda x, y: why_not_link(x, y, file.path, paths),
        ordinary=words.ordinary,
        misspelt=words.strange,
        anchored=words.anchored,
    )
    found = why_not_same_page(read_restructured(a), read_restructured(b), judge)
    if found is not None:
        above = len(new.value) - len(new.value.lstrip())
        raise _ObjectionError(f"line {new.line + new.value.count(chr(10), 0, above) + max(0, found[0] - 1)} {found[1]}")


def _verify_unread(file: ChangedFile, changed: Sequence[tuple[Docstring, Docstring]], base: BaseTree) -> None:
    difference = read_as_bytes(file, base)
    if difference is not None:
        raise _ObjectionError(difference.why)
    reader = read_by_line(file.name, base)
    if reader is not None:
        raise _ObjectionError(f"`{reader}` reads a file of this name line by line")
    strange = strange_import(file.after, base)
    if strange is not None:
        raise _ObjectionError(f"the file takes in `{strange}`, which may read docstrings")
    whole = any(not new.names for _, new in changed)
    flit = (
        next((path for path, text in sorted(base.lowered.items()) if _names_flit(path, text)), None) if whole else None
    )
    if flit is not None:
        raise _ObjectionError(f"`{flit}` names flit, which publishes the docstring of a module")
    body = read_tree(file.change.before or b"").body
    names = {one.name for one in body if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)}
    names |= {name for _, new in changed for name in new.names[:1]}
    found = reader_of_docstrings(file.path, names, base)
    if found is not None:
        raise _ObjectionError(found)


def _names_flit(path: str, text: str) -> bool:
    return path.endswith((".toml", ".ini", ".cfg", ".py", ".yml", ".yaml", ".txt")) and "flit" in text


PROVER: Final = Docstrings()
