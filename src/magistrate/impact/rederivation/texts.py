"""What a formatter may never change: the words of a text, their order, and what else its family keeps.

A guard beside the bytes of the tool, so that a fault of a formatter, or a setting nobody thought
of, does not become a change of meaning: cheap, without a grammar, and never a proof by itself.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.languages.notation import MARKS, NARROW_MARKS
from magistrate.impact.languages.python import head_of, looks_like_template, read_tokens, read_tree, same_tree
from magistrate.impact.languages.python_nodes import walk
from magistrate.impact.languages.python_outline import alike
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.toml_text import parsed

BRACES: Final = rx(r"(?<!=)\{\{|\{%|%\}|<%|%>|<\?php|@@")
"""Marks of templates where `[[` and `={{` are of the language itself."""
DIRECTIVE: Final = rx(
    r"(?i)\b(?:noqa|nosec|type|pyright|mypy|pylint|ruff|flake8|fmt|yapf|isort|pragma|coverage|skip|off|on|ignore|disable|enable|coding|nopep8)\b|:"
)
PIECE: Final = rx(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\w+|"
    r"<<=|>>=|>>>=?|===?|!==?|\*\*=?|&&=?|\|\|=?|\?\?=?|\?\.|\.\.\.|->|=>|::|:=|\+\+|--|<<|>>|<=|>=|[-+*/%&|^]=|[^\w\s]",
    re.DOTALL,
)
"""Comments and texts whole, words, and signs as long as they may be."""
USES: Final = rx(
    rb"(?m)^[ \t]*(?:pub(?:\([^)\n]*\))?[ \t]+)?(?:use[ \t][^;\"'/]*|mod[ \t]+\w+|extern[ \t]+crate[ \t]+[\w \t]+);"
)
ENDS: Final = rx(r"\n")
GOES_ON: Final = frozenset(
    [
        "case",
        "chan",
        "const",
        "default",
        "defer",
        "else",
        "for",
        "func",
        "go",
        "goto",
        "if",
        "import",
        "interface",
        "map",
        "package",
        "range",
        "select",
        "struct",
        "switch",
        "type",
        "var",
    ]
)
SHELL: Final = rx(
    r"(?:(?<=[\s;])|\A)#[^\n]*|\n\s*|;;&?|;&|&&|\|\||\d*[<>]+[&|]?|[;&|()]|(?:\"(?:\\.|[^\"\\])*\"|'[^']*'|`[^`]*`|\\.|[^\s;&|<>()\"'`\\])+",
    re.DOTALL,
)
CONTINUES: Final = frozenset({";", ";;", "&&", "||", "|", "&", "(", "{", "then", "do", "else", "in", "!"})
DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _head(before: bytes, after: bytes) -> str | None:
    first, second = before.split(b"\n", 1)[0], after.split(b"\n", 1)[0]
    if first != second and (first.startswith(b"#!") or second.startswith(b"#!")):
        return "the interpreter line changes"
    return None


def _template(pattern: re.Pattern[str], *sides: bytes) -> str | None:
    if any(pattern.search(side.decode("utf-8", "replace")) for side in sides):
        return "it may be a template of another language"
    return None


def only_blanks(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """The same pieces, texts and comments whole: for tools that move nothing but blanks and line ends."""
    del path, base
    if _c_pieces(before) != _c_pieces(after):
        return "more than blanks and line ends changes"
    return _head(before, after) or _template(NARROW_MARKS, before, after)


def go_lines(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """As `only_blanks`, and a statement ends where it ended: a line end is a sign there."""
    old, new = (_ended(side) for side in (before, after))
    if old != new:
        return "a statement ends elsewhere, or more than blanks changes"
    return only_blanks(path, before, after, base)


def shell_words(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """The same words, texts and comments whole; a line end is a semicolon, but for where a command goes on."""
    del path, base
    if _commands(before) != _commands(after):
        return "more than blanks, line ends and semicolons changes"
    return _head(before, after) or _template(NARROW_MARKS, before, after)


def same_words_in_order(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """The same pieces in the same order, but for semicolons, round brackets, last commas and kinds of quotes."""
    del path, base
    old, new = (
        [_unquoted(piece) for piece in _pieces(side) if piece not in {";", "(", ")"}] for side in (before, after)
    )
    if old != new:
        return "the words of the text change"
    return _head(before, after) or _template(BRACES, before, after)


def same_words(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """The same pieces in the same order, last commas aside; only lists of `use` and `mod` may be sorted."""
    del path, base
    old, new = (USES.sub(b"", side) for side in (before, after))
    lists = [
        Counter(b" ".join(found[0] for found in USES.finditer(side)).replace(b",", b" ").split())
        for side in (before, after)
    ]
    words = [Counter(re.findall(rb"\w+", b" ".join(one.elements()))) for one in lists]
    if _pieces(old) != _pieces(new) or words[0] != words[1]:
        return "the words of the text change"
    return _head(before, after) or _template(BRACES, before, after)


def _c_pieces(side: bytes) -> list[str]:
    return [
        " ".join(piece.split()) if piece.startswith(("//", "/*")) else piece
        for piece in PIECE.findall(side.decode("utf-8", "replace"))
    ]


def _pieces(side: bytes) -> list[str]:
    """As `_c_pieces`, without a comma before what closes."""
    found = _c_pieces(side)
    return [
        piece for at, piece in enumerate(found) if piece != "," or found[at + 1 : at + 2] not in (["}"], ["]"], [")"])
    ]


def _unquoted(piece: str) -> str:
    """A text by what is between its quotes."""
    if piece[0] in "\"'" and len(piece) > 1:
        return "text " + re.sub(r"\\([\"'])", r"\1", piece[1:-1])
    return piece


def _ended(side: bytes) -> list[str]:
    """Pieces with a `;` where a line of Go ends a statement."""
    found: list[str] = []
    for row in ENDS.split(side.decode("utf-8", "replace")):
        pieces = [piece for piece in PIECE.findall(row) if not piece.startswith(("//", "/*"))]
        found += pieces
        last = pieces[-1] if pieces else ";"
        if (last[-1].isalnum() or last[-1] in "_)]}`\"'" or last in {"++", "--"}) and last not in GOES_ON:
            found.append(";")
    return [
        one for at, one in enumerate(found) if one != ";" or found[at + 1 : at + 2] not in ([";"], [")"], ["}"], [])
    ]


def _commands(side: bytes) -> list[str]:
    found: list[str] = []
    for piece in SHELL.findall(side.decode("utf-8", "replace").replace("\\\n", " ")):
        ends = piece == ";" or piece.isspace()
        if not ends:
            found.append(" ".join(piece.split()) if piece.startswith("#") else piece)
        elif found and found[-1] not in CONTINUES:
            found.append(";")
    return found


def _other_values(before: str, after: str) -> bool:
    """Whether two documents differ in values or order; floats that are spelled otherwise may be equal."""
    old, new = parsed(before), parsed(after)
    if "float(" not in old or "float(" not in new:
        return old != new
    return repr(tomllib.loads(before)) != repr(tomllib.loads(after))


def same_toml(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """Equal values in equal order; and more than blanks, line ends and commas stays, comments among it."""
    try:
        other = _other_values(before.decode(), after.decode())
    except UnicodeDecodeError:
        return "it is no TOML"
    except UnreadableError as error:
        if isinstance(error.__cause__, tomllib.TOMLDecodeError | RecursionError):
            return "it is no TOML"
        raise (error.__cause__ or error) from error
    if other:
        return "the values change, or their order"
    more = only_blanks(path, before.replace(b",", b" "), after.replace(b",", b" "), base)
    return more or _template(MARKS, *(re.sub(rb"\[\[|\]\]", b"", side) for side in (before, after)))


def same_python(path: str, before: bytes, after: bytes, base: BaseTree) -> str | None:
    """One tree but for the blanks at the ends of the lines of docstrings."""
    del path, base
    try:
        if not alike(before, after, docstrings=True) or not same_tree(_trimmed(before), _trimmed(after)):
            return "the syntax trees differ in more than the layout of docstrings"
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "the parser does not accept it"
    return any_python(before, after) or _comments(before, after)


def any_python(before: bytes, after: bytes) -> str | None:
    """What every tool for Python must leave alone: heads and templates; both sides must be read."""
    if head_of(before) != head_of(after):
        return "the interpreter line or the encoding line changes"
    try:
        read_tree(before)
        read_tree(after)
        if looks_like_template(before) or looks_like_template(after):
            return "it may be a template of another language"
    except UnreadableError as error:
        return str(error)
    return None


def _comments(before: bytes, after: bytes) -> str | None:
    """Comments keep their words and order; one that a tool may read changes not even in blanks."""
    old, new = ([one.text for one in read_tokens(side).comments] for side in (before, after))
    if [re.sub(r"[\s#]+", "", text) for text in old] != [re.sub(r"[\s#]+", "", text) for text in new]:
        return "the words of a comment change"
    if any(one != other and DIRECTIVE.search(one) for one, other in zip(old, new, strict=True)):
        return "a comment changes that a tool may read"
    return None


def _trimmed(content: bytes) -> ast.Module:
    module = ast.parse(content, type_comments=True)
    module.type_ignores = []
    for node in walk(module):
        if isinstance(node, DOCUMENTED) and node.body and isinstance(node.body[0], ast.Expr):
            value = node.body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                value.value = "\n".join(line.strip() for line in value.value.strip().splitlines())
    return module
