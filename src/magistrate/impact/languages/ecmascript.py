"""JavaScript, TypeScript and JSX through two front ends: tree-sitter grammars, and a lexer of our own.

A second real parser would need node, which is no part of the product. So what such a parser alone
could decide is refused: a line end between two tokens is a token itself, except where it can mean
nothing (`ecmascript_lines`), and text between tags of JSX stays as it is, blanks included.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise, zip_longest
from typing import Final

from magistrate.domain.impact import ProofStatus
from magistrate.impact.compiled import rx
from magistrate.impact.languages.blocks import MARKS, Bound, Dialect, bind, difference, verify_line_ends
from magistrate.impact.languages.ecmascript_commas import meaningless, without_last_commas
from magistrate.impact.languages.ecmascript_lines import line_means_nothing
from magistrate.impact.languages.ecmascript_tokens import TAG, Flavour, Scanned, Token, scan
from magistrate.impact.languages.reading import Comment, Difference, Reading, UnreadableError
from magistrate.impact.languages.trees import Leaf, TreeReading, read_with, verify_agreement

COMMENTS: Final = frozenset({"comment"})
ATOMIC: Final = frozenset({"string", "regex"})
HEAD: Final = "hash_bang_line"
PIECES: Final = {
    "string": frozenset({"string"}),
    "regex": frozenset({"regex"}),
    "chunk": frozenset({"`", "${", "}", "string_fragment", "escape_sequence"}),
    "text": frozenset({"jsx_text", "html_character_reference"}),
}
"""Which leaves of the grammar make up one token of the lexer."""
JOINED: Final = frozenset(b">=?:-+")
"""Signs that a grammar may join to one leaf where the lexer sees several (`>>`, `-?:`)."""
BLANK: Final = b" \t\r\n"
KEPT: Final = 4
TOOLS: Final = (
    r"(?!.*\b(?:istanbul|c8|v8|ignor\w*|\w*lint\w*|prettier|biome|rome|stryker|wallaby|webpack\w*|vite|rollup|deno|"
    r"ts-[a-z]|falls?[ -]?thr\w+|fallthr\w+|break omitted)\b)"
    r"(?!(?:region|endregion|end region|flow|globals?|exported|html|css|sql|graphql|gql|standard|xo|inline|pure|babel|jest|"
    r"jsx\w*|language|mocha|vitest|typescript|strict|module|import|export|use|type|types)\b)"
)
"""What readers of ECMAScript look for, anywhere in a comment or as its first word."""
DIALECT: Final = Dialect(
    starts=rx(rf"(?i)(?!\W*(?:{MARKS}))(?:(?:// |\* |/\*\* (?=[^*]*\*/\Z)){TOOLS}|(?://|\*)\Z)"),
    counts_lines=rx(r"(?i)\bnext\s+\S{0,9}\d|\blines?\W{1,3}\d|\d\W?lines?\b|\A(?!//).*@ts-"),
)
OTHER_BLOCK: Final = rx(r"/\*(?!\*(?:\s|\Z))\s*\S")
PLAIN_STRING: Final = rx(rb"'[^'\"`\\]*+'")
"""Single quotes around nothing that is read otherwise between double ones."""
DOC_READERS: Final = rx(
    rb"""["'`](?:tsoa|typia|type-graphql|@?nestjs[^"'`\n]{0,40}|@nestia/[a-z]{1,20}|routing-controllers|react-docgen[a-z-]{0,20}|@oclif/[a-z]{1,20}|"""
    rb"""ts-json-schema-generator|typescript-json-schema|@storybook/[a-z0-9-]{1,20}|@cucumber/[a-z-]{1,20})["'`/]"""
)
"""Packages that make interfaces out of documentation comments."""
SOURCE_MAP: Final = rx(rb"source(?:MappingURL|URL)\s*=")


@lru_cache(maxsize=KEPT)
def read_tree(content: bytes, grammar: str) -> TreeReading:
    """The grammar's reading; raises UnreadableError."""
    import tree_sitter_javascript  # noqa: PLC0415  native code is loaded only where a file asks for it
    import tree_sitter_typescript  # noqa: PLC0415

    of = {
        "javascript": tree_sitter_javascript.language,
        "typescript": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
    }
    return read_with(of[grammar], content, comments=COMMENTS, atomic=ATOMIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One side: comments bound to tokens, the interpreter line, and what others may read of the text.

    `doubled`: two braces open as in a template. `exact`: names in `${}` as a shell fills them in, and
    comments that are all of a function, whose text a program may ask for.
    """

    bound: Bound
    head: bytes
    doubled: bool
    exact: tuple[bytes, ...]


@lru_cache(maxsize=KEPT)
def read_text(content: bytes, grammar: str) -> Read:
    """Tokens and comments; both front ends agree.

    Raises:
        UnreadableError: where one of them does not accept the text, or they disagree.
    """
    verify_line_ends(content)
    flavour = Flavour(typed=grammar != "javascript", markup=grammar != "typescript")
    scanned = scan(content, flavour)
    tree = _aligned(content, read_tree(content, grammar), scanned)
    tokens = [Leaf(token.kind, token.start, token.end) for token in scanned.tokens]
    seen = [leaf for leaf in tokens if leaf.kind != "text" or content[leaf.start : leaf.end].strip()]
    verify_agreement(content[len(scanned.head) :].rjust(len(content)), tree, seen, list(scanned.comments), BLANK)
    extra = meaningless(scanned.tokens)
    counted = [leaf for n, leaf in enumerate(tokens) if n not in extra]
    bound = bind(content, _code(scanned.tokens, extra, flavour), counted, scanned.comments, DIALECT)
    doubled = any(_doubled(a, b) for a, b in pairwise(scanned.tokens))
    exact = (*_filled_in(content, scanned.tokens), *_whole_bodies(content, scanned))
    return Read(bound=_with_kept(bound), head=scanned.head, doubled=doubled, exact=exact)


def _code(tokens: tuple[Token, ...], extra: frozenset[int], flavour: Flavour) -> list[object]:
    """What decides the program: kind and text of each token, and whether a line ends before it where that counts.

    `extra`: places of commas that mean nothing.
    """
    code: list[object] = []
    before: Token | None = None
    for n, (token, following) in enumerate(zip_longest(tokens, tokens[1:])):
        if n in extra:
            continue
        line = token.line_before and before is not None
        if line and before is not None:
            line = not line_means_nothing(before, token, following, typed=flavour.typed)
        text = token.text
        if token.kind == "string" and token.place != TAG and PLAIN_STRING.fullmatch(text):
            text = b'"' + text[1:-1] + b'"'
        code.append((token.kind, text, line, token.glued))
        before = token
    return code


def _doubled(token: Token, following: Token) -> bool:
    """Whether two braces open one after the other as in a template: `style={{...}}` in a tag is none."""
    opens = token.text == b"{" or token.text.endswith(b"${")
    return opens and token.kind in {"sign", "chunk"} and following.text == b"{" and token.place != TAG


def _filled_in(content: bytes, tokens: tuple[Token, ...]) -> Iterator[bytes]:
    """Substitutions of template literals that are a name only (`${HOME}`): to others `${ HOME }` is none."""
    start: int | None = None
    for token in tokens:
        if token.kind == "chunk":
            if start is not None and token.text.startswith(b"}"):
                yield content[start : token.start]
            start = token.end if token.text.endswith(b"${") else None
        elif token.kind != "word" and token.text != b".":
            start = None


def _whole_bodies(content: bytes, scanned: Scanned) -> Iterator[bytes]:
    """Block comments between `{` and `}`, blanks before the stars included."""
    opens = {token.end for token, following in pairwise(scanned.tokens) if (token.text, following.text) == (b"{", b"}")}
    ends = sorted(opens)
    for comment in scanned.comments:
        at = bisect_right(ends, comment.start)
        if at and not content[ends[at - 1] : comment.start].strip() and content.startswith(b"/*", comment.start):
            yield content[comment.start : comment.end]


def _aligned(content: bytes, tree: TreeReading, scanned: Scanned) -> TreeReading:
    """The tree with its leaves put together, or parted, as the tokens of the lexer.

    Raises:
        UnreadableError: they cannot be, so the front ends disagree.
    """
    leaves = list(tree.leaves)
    if scanned.head:
        if not leaves or leaves[0].kind != HEAD or leaves[0].start or leaves[0].end > len(scanned.head):
            raise UnreadableError("two front ends disagree about the interpreter line")
        leaves = leaves[1:]
    made: list[Leaf] = []
    at = 0
    tokens = iter(scanned.tokens)
    for token in tokens:
        start = at
        while at < len(leaves) and leaves[at].start < token.end:
            at += 1
        part = leaves[start:at]
        if token.kind == "text" and not part and not token.text.strip():
            continue
        kinds = PIECES.get(token.kind)
        if kinds is not None:
            _verify_pieces(content, token, part, kinds)
            made.append(Leaf(token.kind, token.start, token.end))
        elif len(part) == 1 and part[0].end > token.end:
            made += _parted(content, token, part[0], tokens)
        else:
            made += part
    comments = tuple(
        Leaf(one.kind, one.start, one.start + len(content[one.start : one.end].rstrip(b"\r"))) for one in tree.comments
    )
    return replace(tree, leaves=(*made, *leaves[at:]), comments=comments)


def _verify_pieces(content: bytes, token: Token, part: list[Leaf], kinds: frozenset[str]) -> None:
    """Leaves of the grammar are pieces of one token and nothing else; raises UnreadableError."""
    agrees = bool(part) and all(leaf.kind in kinds for leaf in part)
    agrees = agrees and part[0].start >= token.start and part[-1].end <= token.end
    if token.kind != "text":
        agrees = agrees and (part[0].start, part[-1].end) == (token.start, token.end)
    elif agrees:
        ends = [token.start, *(leaf.end for leaf in part)]
        starts = [*(leaf.start for leaf in part), token.end]
        agrees = not any(content[a:b].strip(BLANK) for a, b in zip(ends, starts, strict=True))
    if not agrees:
        raise UnreadableError("two front ends disagree about a text")


def _parted(content: bytes, token: Token, leaf: Leaf, tokens: Iterator[Token]) -> list[Leaf]:
    """A leaf that is several signs to the lexer, as these."""
    if not JOINED.issuperset(content[leaf.start : leaf.end]) or leaf.start != token.start:
        raise UnreadableError("two front ends disagree about its tokens")
    made = [Leaf(token.kind, token.start, token.end)]
    while made[-1].end < leaf.end:
        following = next(tokens, None)
        if following is None or following.start != made[-1].end or following.end > leaf.end:
            raise UnreadableError("two front ends disagree about its tokens")
        made.append(Leaf(following.kind, following.start, following.end))
    return made


def _with_kept(bound: Bound) -> Bound:
    """Lines of a block that begins otherwise than with a bare sign (`/* eslint`, `/* global`) are no prose."""
    made: list[Comment] = []
    other = False
    for comment in bound.reading.comments:
        if not comment.inside:
            other = OTHER_BLOCK.match(comment.text) is not None
        why = comment.kept or ("its block begins with words that a tool may read" if other else None)
        made.append(replace(comment, kept=why) if why != comment.kept else comment)
    return replace(bound, reading=replace(bound.reading, comments=tuple(made)))


@dataclass(frozen=True, slots=True, kw_only=True)
class EcmaScript:
    """A grammar and a lexer, neither believed alone; `name` is the grammar."""

    name: str
    suffixes: tuple[str, ...]
    prose_starts: re.Pattern[str] = field(default_factory=lambda: DIALECT.starts)

    def reads(self, name: str) -> bool:
        """Source, by suffix; minified text is a product, whose exact bytes others name."""
        return name.endswith(self.suffixes) and ".min." not in name

    def read(self, content: bytes) -> Reading:
        """Tokens and comments."""
        return read_text(content, self.name).bound.reading

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """Shapes of the trees, the interpreter line, lines that comments are for, templates."""
        old, new = read_text(before, self.name), read_text(after, self.name)
        shapes = (without_last_commas(read_tree(side, self.name).shape) for side in (before, after))
        if next(shapes) != next(shapes):
            return Difference(why="the syntax trees differ: this changes what the program does")
        if old.head != new.head:
            return Difference(why="the interpreter line changes")
        if old.doubled or new.doubled:
            return Difference(why="it may be a template of another language", status=ProofStatus.UNKNOWN)
        if old.exact != new.exact:
            why = "text changes that a shell may fill in, or that a function may hold as a comment"
            return Difference(why=why, status=ProofStatus.UNKNOWN)
        return difference(old.bound, new.bound)

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """Comments that tools find from the end of the file, and documentation that would hide other tags."""
        if SOURCE_MAP.search(before) or SOURCE_MAP.search(after):
            return "the file names its source map in a comment"
        reader = DOC_READERS.search(before) or DOC_READERS.search(after)
        if reader is not None:
            return f"the file uses `{reader[0].decode().strip(chr(34))}`, which may read documentation comments"
        if read_text(before, self.name).bound.docs != read_text(after, self.name).bound.docs:
            return "a documentation comment comes, goes or moves, and may hide the tags of another"
        return None


JAVASCRIPT: Final = EcmaScript(name="javascript", suffixes=(".js", ".mjs", ".cjs", ".jsx"))
TYPESCRIPT: Final = EcmaScript(name="typescript", suffixes=(".ts", ".mts", ".cts"))
TSX: Final = EcmaScript(name="tsx", suffixes=(".tsx",))
LANGUAGES: Final = (JAVASCRIPT, TYPESCRIPT, TSX)
