"""Rust text through two front ends: a tree-sitter grammar, and a lexer by the Rust Reference.

Documentation comments are attributes (macros read them, tests run them): they are tokens here, but
for lines of prose that rustdoc alone reads (`rust_docs`).
Macros see more than tokens: whether two signs join, and with `stringify!` or positions even blanks.
So the spacing of two signs never changes, and the layout inside a macro only where the macro is
one of the standard library that does not look at it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.blocks import (
    STARTS,
    Bound,
    Dialect,
    bind,
    difference,
    joined,
    template,
    verify_line_ends,
    verify_size,
    without_line_end,
)
from magistrate.impact.languages.reading import Difference, Reading, UnreadableError
from magistrate.impact.languages.rust_docs import only_rustdoc_reads, prose_lines
from magistrate.impact.languages.trees import Leaf, TreeReading, read_with, verify_agreement

COMMENTS: Final = frozenset({"line_comment", "block_comment"})
ATOMIC: Final = frozenset({"string_literal", "raw_string_literal", "char_literal", "lifetime"})
BLANK: Final = b" \t\f\r\n"
WORD: Final = rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*"
TOKEN: Final = rx(
    rb"(?P<blank>[ \t\f\r\n]+)|(?P<line>//[^\n]*)|(?P<block>/\*)"
    rb'|(?P<text>b?r(?P<hashes>#*)"(?s:.*?)"(?P=hashes)|[bc]?"(?:[^"\\]|\\(?s:.))*"'
    rb"|b?'(?:[^'\\\n\r\t\x80-\xff]|[\xc0-\xff][\x80-\xbf]+|\\x[0-9a-fA-F]{2}|\\u\{[0-9a-fA-F_]{1,12}\}|\\[nrt0\\'\"])')"
    rb"|(?P<lifetime>'" + WORD + rb"(?!['#A-Za-z0-9_\x80-\xff]))"
    rb"|(?P<word>macro_rules!|(?:r#)?" + WORD + rb"(?![\"'#A-Za-z0-9_\x80-\xff]))"
    rb"|(?P<number>(?:0[xob][0-9a-fA-F_]*|[0-9][0-9_]*(?:\.[0-9][0-9_]*|\.(?![._A-Za-z\x80-\xff]))?"
    rb"(?:[eE][+-]?_*[0-9][0-9_]*)?)[A-Za-z0-9_\x80-\xff]*)"
    rb"|(?P<meta>\$"
    + WORD
    + rb")|(?P<sign>(?:(?!//|/\*|\$[A-Za-z_\x80-\xff])[=<>!~+\-*/%^&|@.,;:#$?])+)|(?P<open>[(\[{])|(?P<close>[)\]}])"
)
"""The lexical elements of Rust; signs that follow each other without a blank are one piece."""
SUFFIX: Final = rx(rb"[A-Za-z0-9_\x80-\xff]")
NAME: Final = rx(rb"(?:r#)?" + WORD)
BLOCK_SIGN: Final = rx(rb"/\*|\*/")
DOC: Final = rx(rb"///(?!/)|//!|/\*\*(?![*/])|/\*!")
PAIRS: Final = {b"(": b")", b"[": b"]", b"{": b"}"}
TRIED: Final = rx(rb"(?<=\?)(?=\.)")
NO_MACRO: Final = frozenset(
    b"as break const else if in let match move mut ref return static unsafe where while yield".split()
)
LAYOUT_BLIND: Final = frozenset(
    b"assert assert_eq assert_ne cfg compile_error concat debug_assert debug_assert_eq debug_assert_ne env eprint "
    b"eprintln format format_args matches option_env panic print println todo unimplemented unreachable vec write "
    b"writeln".split()
)
"""Macros of the standard library whose result is the same for every layout of what they are given."""
PLACES: Final = frozenset({b"line", b"column"})
STANDARD: Final = frozenset({b"std", b"core", b"alloc"})
DIALECT: Final = Dialect(
    starts=rx(rf"(?!//\s*(?:incremental|revisions|edition|tidy)\b)(?:{STARTS}|/// {{0,2}}(?=[A-Za-z]))"),
    counts_lines=rx(r"//(?:\[[^\]]{0,80}\])?~|(?i:\d {0,3}lines?\b)"),
    documents=("///",),
)
DOC_RUN: Final = (b"///",)
"""Documentation of which lines are prose."""
NOTHING: Final = (b"", b"", b"", b"")
KEPT: Final = 4
CODE, BLIND, STRICT = "code", "blind", "strict"


@lru_cache(maxsize=KEPT)
def read_tree(content: bytes) -> TreeReading:
    """The grammar's reading; raises UnreadableError."""
    import tree_sitter_rust  # noqa: PLC0415  native code is loaded only where a file asks for it

    return read_with(tree_sitter_rust.language, content, comments=COMMENTS, atomic=ATOMIC)


@lru_cache(maxsize=KEPT)
def read_text(content: bytes) -> Bound:
    """Tokens, and comments bound to them; both front ends agree.

    Raises:
        UnreadableError: where one of them does not accept the text, or they disagree.
    """
    if content.startswith((b"#!", b"---")) and not content.startswith(b"#!["):
        raise UnreadableError("its first line is read by a shell or by cargo")
    verify_line_ends(content)
    scan = _Scan(content, frozenset(), prose=False)
    prose = bool(scan.docs) and only_rustdoc_reads(content, scan.tokens)
    if scan.named or prose:
        scan = _Scan(content, frozenset(scan.named), prose=prose)
    verify_size(scan.tokens, scan.comments)
    tree = joined(content, read_tree(content), scan.tokens, separators=True)
    verify_agreement(content, tree, scan.tokens, scan.comments, BLANK)
    docs = {leaf.start for leaf in scan.docs}
    plain = [leaf for leaf in scan.comments if leaf.start not in docs]
    pieces = sorted([*scan.tokens, *scan.docs], key=lambda leaf: leaf.start)
    return bind(content, scan.code, pieces, plain, DIALECT)


class _Scan:
    """One pass of the lexer; `own`: names that are no macros of the standard library in this file.

    `prose`: lines of documentation may be prose.
    """

    def __init__(self, content: bytes, own: frozenset[bytes], *, prose: bool) -> None:
        self.code: list[object] = []
        self.tokens: list[Leaf] = []
        self.comments: list[Leaf] = []
        self.docs: list[Leaf] = []
        self.named: set[bytes] = set()
        self._content, self._own = content, own
        self._inside: list[tuple[bytes, str]] = []
        self._layout, self._gap, self._last = CODE, [b""], NOTHING
        self._imports, self._counted, self._line = False, 0, 1
        self._prose, self._run, self._alone = prose, list[Leaf](), True
        at, size, match = 0, len(content), TOKEN.match
        while at < size:
            found = match(content, at)
            if found is None:
                raise UnreadableError(f"{self._place(at)}: the lexer does not accept it")
            kind, end = found.lastgroup or "", found.end()
            if kind == "blank":
                self._gap.append(found[0].replace(b"\r", b""))
            elif kind in {"line", "block"}:
                end = end if kind == "line" else self._block_end(at)
                self._comment(at, end)
            else:
                self._token(kind, found[0], at)
            at = end
        self._documented()
        if self._inside:
            raise UnreadableError("a bracket is not closed")

    def _place(self, at: int) -> str:
        return f"line {self._content.count(bytes((10,)), 0, at) + 1}"

    def _block_end(self, at: int) -> int:
        """The end of a block comment; blocks nest."""
        depth = 0
        for sign in BLOCK_SIGN.finditer(self._content, at):
            depth += 1 if sign[0] == b"/*" else -1
            if depth == 0:
                return sign.end()
        raise UnreadableError(f"{self._place(at)}: a block comment is not closed")

    def _comment(self, at: int, end: int) -> None:
        leaf = without_line_end(self._content, Leaf("comment", at, end))
        text = self._content[at : leaf.end]
        self.comments.append(leaf)
        if DOC.match(text):
            self._spaced()
            self._alone = self._last[-1] != b"]" if not self._run else self._alone
            self._run.append(leaf)
            self._last = NOTHING
        else:
            self._gap.append(b"//" if text.startswith(b"//") else text)

    def _documented(self) -> None:
        """What a run of documentation lines is: that it is there, and each line that is no prose."""
        texts = [self._content[leaf.start : leaf.end] for leaf in self._run]
        free = prose_lines(texts) if self._prose and self._alone and self._layout == CODE else [False] * len(texts)
        if any(free):
            self.code.append(DOC_RUN)
        for leaf, text, prose in zip(self._run, texts, free, strict=True):
            if not prose:
                self.docs.append(leaf)
                self.code.append(text)
        self._run.clear()

    def _token(self, kind: str, text: bytes, at: int) -> None:
        end = at + len(text)
        if self._run:
            self._documented()
        self._spaced()
        if kind == "close":
            self._leave(text, at)
        if kind == "text" and SUFFIX.match(self._content, end):
            raise UnreadableError(f"{self._place(at)}: a literal with a suffix")
        if text == b"macro":
            raise UnreadableError(f"{self._place(at)}: a declarative macro of an unstable kind")
        self.tokens.append(Leaf(kind, at, end))
        if kind == "sign" and self._layout == CODE:
            self.code += TRIED.split(text)
        else:
            self.code.append(text)
        if kind == "open":
            self._enter(text, at)
        self._name(kind, text)
        self._last = (*self._last[1:], text)

    def _name(self, kind: str, text: bytes) -> None:
        """Note what the file imports or defines under the name of a macro of the standard library."""
        last = self._last[-1].removeprefix(b"r#")
        if self._imports and last in LAYOUT_BLIND and not text.startswith(b"::"):
            self.named.add(last)
        if kind == "word":
            defined = self._last[-1] == b"macro_rules!" or self._last[-2:] == (b"macro_rules", b"!")
            self._imports = self._imports or text == b"use"
            if defined and text.removeprefix(b"r#") in LAYOUT_BLIND:
                self.named.add(text.removeprefix(b"r#"))
        elif b";" in text:
            self._imports = False

    def _spaced(self) -> None:
        """What stands before a token, where a macro may look at it."""
        if self._layout == STRICT:
            self.code.append((b"".join(self._gap),))
        self._gap = []

    def _enter(self, text: bytes, at: int) -> None:
        home, path, name, last = self._last
        self._inside.append((PAIRS[text], self._layout))
        if name == b"macro_rules!" or path == b"macro_rules":
            self._layout = STRICT
        elif last == b"!" and NAME.fullmatch(name) and name not in NO_MACRO:
            name = name.removeprefix(b"r#")
            standard = home in STANDARD if path.endswith(b"::") else name not in self._own
            blind = standard and name in LAYOUT_BLIND and self._layout != STRICT
            self._layout = BLIND if blind else STRICT
            if name in PLACES:
                self._line += self._content.count(b"\n", self._counted, at)
                self._counted = at
                self.code.append((self._line, at - self._content.rfind(b"\n", 0, at)))

    def _leave(self, text: bytes, at: int) -> None:
        if not self._inside or self._inside[-1][0] != text:
            raise UnreadableError(f"{self._place(at)}: a bracket closes that was not opened")
        self._layout = self._inside.pop()[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rust:
    """A grammar and a lexer, neither believed alone."""

    name: str = "rust"
    prose_starts: re.Pattern[str] = field(default_factory=lambda: DIALECT.starts)

    def reads(self, name: str) -> bool:
        """Source, by suffix; the front ends have the last word."""
        return name.endswith(".rs")

    def read(self, content: bytes) -> Reading:
        """Tokens, documentation comments among them, and the other comments."""
        return read_text(content).reading

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """Shapes of the trees, lines that comments are for, and text that another language may fill in."""
        old, new = read_text(before), read_text(after)
        if read_tree(before).shape != read_tree(after).shape:
            return Difference(why="the syntax trees differ: this changes what the program does")
        return difference(old, new) or template(before, after)

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """Nothing for the whole file: documentation is code, and headers are held line by line."""
        del before, after
        return None


LANGUAGE: Final = Rust()
