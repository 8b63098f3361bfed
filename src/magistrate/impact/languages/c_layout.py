"""What of the layout of C and C++ counts: beside the tokens, where directives end, and blanks that a macro may see.

Phases of translation after the third get tokens, line ends of directives, and whether a blank stands
before a token. The blank counts in a directive, between a text and a word (a suffix is one literal
with it), and in what a macro is given, for `#x` makes a text of it (C17 6.10.3.2: blanks collapse to
one, and those at the ends are lost). Which names are macros another file says: so every name before
`(` may be one, except keywords, functions of the standard library, and functions that this file
declares by itself after its last include.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from magistrate.impact.languages.c_tokens import BRANCHES, NOTHING, OPENS, Piece
from magistrate.impact.languages.reading import UnreadableError

KEYWORDS: Final = frozenset(
    b"if else while for do switch case default return sizeof goto alignof _Alignof alignas _Alignas typeof __typeof__ typeof_unqual "
    b"decltype noexcept catch throw static_assert _Static_assert __attribute__ __attribute defined _Generic co_return co_yield "
    b"co_await typeid new delete and or not int char long short unsigned signed float double void bool _Bool const auto register "
    b"volatile struct union enum operator requires".split()
)
STANDARD: Final = frozenset(
    b"printf fprintf sprintf snprintf vprintf vfprintf vsprintf vsnprintf scanf fscanf sscanf puts fputs putchar putc fputc getc "
    b"fgetc getchar fgets ungetc fopen freopen fclose fflush fread fwrite fseek ftell rewind feof ferror clearerr perror remove "
    b"rename tmpfile setvbuf malloc calloc realloc free abort exit atexit getenv qsort bsearch abs labs atoi atol atof strtol "
    b"strtoul strtoll strtoull strtod rand srand memcpy memmove memset memcmp memchr strlen strcpy strncpy strcat strncat strcmp "
    b"strncmp strcoll strxfrm strchr strrchr strstr strspn strcspn strpbrk strtok strerror isalnum isalpha iscntrl isdigit isgraph "
    b"islower isprint ispunct isspace isupper isxdigit tolower toupper sqrt pow floor ceil fabs fmod sin cos tan exp log log10 "
    b"time clock difftime mktime localtime gmtime strftime".split()
)
"""Functions whose layout nobody may see, macros or not (C17 7.1.4)."""
STORAGE: Final = frozenset(
    b"static extern inline __inline __inline__ const volatile register typedef _Noreturn return goto else case sizeof do".split()
)
"""Words before a name that make no declaration of it by themselves."""
PLACES: Final = frozenset({b"__LINE__", b"__builtin_LINE"})
COLUMNS: Final = frozenset({b"source_location", b"__builtin_COLUMN", b"__builtin_source_location"})
ASSEMBLED: Final = frozenset(
    {b"__ASSEMBLER__", b"__ASSEMBLY__", b"_ASMLANGUAGE", b"__LANGUAGE_ASSEMBLY", b"RC_INVOKED"}
)
"""Names by which a header tells that an assembler, or a compiler of resources, reads it too: there lines end statements."""
ASM: Final = frozenset({b"asm", b"__asm", b"_asm", b"__asm__"})
AFTER_ASM: Final = frozenset(
    {b"(", b"volatile", b"__volatile__", b"__volatile", b"goto", b"inline", b"__inline", b"__inline__"}
)
NAMES_MODULE: Final = frozenset({b"<", b":", b";"})
MODULES: Final = frozenset({b"import", b"module"})


class Frame(NamedTuple):
    """An open parenthesis: whether blanks count in it, and whether it is the outermost for which they do."""

    strict: bool
    outer: bool


class Layout(NamedTuple):
    """`code` decides the program; `inside`: the places of tokens in what a macro may be given."""

    code: list[object]
    inside: frozenset[int]


def layout_of(pieces: Sequence[Piece], *, plus: bool, modules: bool) -> Layout:
    """What decides the program; `modules`: C++ may read it, where `import` begins a directive.

    Raises:
        UnreadableError: readers may differ about what the lines mean.
    """
    words = {piece.text for piece in pieces if piece.kind == "word"}
    if words & COLUMNS:
        raise UnreadableError("it reads columns of its own text")
    _verify_words(pieces, modules=modules)
    work = _Layout(pieces, by_line=bool(words & PLACES), by_start=bool(words & ASSEMBLED), plus=plus)
    work.run()
    return Layout(work.code, frozenset(work.inside))


def _verify_words(pieces: Sequence[Piece], *, modules: bool) -> None:
    for before, piece, after in zip((None, *pieces), pieces, (*pieces[1:], None), strict=False):
        if piece.text in ASM and (after is None or after.text not in AFTER_ASM):
            raise UnreadableError(f"line {piece.line}: assembler code, whose lines are statements")
        starts = before is None or before.line != piece.line or before.text == b"export"
        names = after is not None and (after.kind in {"word", "text"} or after.text in NAMES_MODULE)
        if modules and piece.text in MODULES and piece.directive == NOTHING and starts and names:
            raise UnreadableError(f"line {piece.line}: a module, which is a directive")


def _defined(pieces: Sequence[Piece]) -> frozenset[bytes]:
    """Names that this file makes macros, or no macros."""
    triples = zip(pieces, pieces[1:], pieces[2:], strict=False)
    return frozenset(c.text for a, b, c in triples if a.text == b"#" and b.text in {b"define", b"undef"})


def _declared(pieces: Sequence[Piece], defined: frozenset[bytes]) -> frozenset[bytes]:
    """Functions that this file declares or defines with a type, at the top, after its last include."""
    last = max((n for n, piece in enumerate(pieces) if piece.directive and piece.text == b"include"), default=-1)
    code = [piece for piece in pieces[last + 1 :] if not piece.directive]
    found: set[bytes] = set()
    depth, opened, name = 0, 0, b""
    linkage: list[bool] = []
    for n, piece in enumerate(code):
        text = piece.text
        if text == b"{":
            linkage.append(n > 1 and code[n - 2].text == b"extern" and code[n - 1].kind == "text")
            depth += not linkage[-1]
        elif text == b"}" and linkage:
            depth -= not linkage.pop()
        elif text == b"(":
            if depth == 0 and opened == 0 and n > 1 and _typed(code[n - 2], code[n - 1]):
                name = code[n - 1].text
            opened += 1
        elif text == b")":
            opened -= 1
            if opened == 0 and name and code[n + 1 : n + 2] and code[n + 1].text in {b"{", b";"}:
                found.add(name)
            name = b"" if opened <= 0 else name
    return frozenset(found - defined)


def _typed(before: Piece, name: Piece) -> bool:
    named = name.kind == "word" and name.text not in KEYWORDS and name.text.upper() != name.text
    return named and ((before.kind == "word" and before.text not in STORAGE) or before.text == b"*")


class _Layout:
    """One pass over the tokens."""

    def __init__(self, pieces: Sequence[Piece], *, by_line: bool, by_start: bool, plus: bool) -> None:
        self.code: list[object] = []
        self.inside: set[int] = set()
        self._pieces, self._by_line, self._by_start = pieces, by_line, by_start
        defined = _defined(pieces)
        self._keywords = KEYWORDS - defined
        self._blind = (STANDARD - defined) | (frozenset() if plus else _declared(pieces, defined))
        self._open: list[Frame] = []
        self._branches: list[tuple[Frame, ...]] = []
        self._called: dict[bytes, int] = {}
        self._closed, self._entered, self._row = False, -1, 0

    def run(self) -> None:
        """Every token, with what of its layout counts."""
        before: Piece | None = None
        code: Piece | None = None
        for n, piece in enumerate(self._pieces):
            if piece.directive:
                self._directive(piece, before)
            else:
                self._plain(n, piece, code)
                code = piece
            before = piece
        if self._open or self._branches:
            raise UnreadableError("a bracket or a condition is never closed")

    def _directive(self, piece: Piece, before: Piece | None) -> None:
        first = before is None or before.directive != piece.directive
        named = before is not None and before.text == b"#" and before.directive == piece.directive
        gap = None if first or named else piece.gap
        self.code.append((b"#" if first else b"", piece.text, gap, self._line_of(piece)))
        if named and piece.text in OPENS:
            self._branches.append(tuple(self._open))
        elif named and (piece.text in BRANCHES or piece.text == b"endif"):
            if not self._branches or self._branches[-1] != tuple(self._open):
                raise UnreadableError(f"line {piece.line}: brackets open across the branches of a condition")
            if piece.text == b"endif":
                self._branches.pop()

    def _plain(self, n: int, piece: Piece, before: Piece | None) -> None:
        top = self._open[-1] if self._open else Frame(strict=False, outer=False)
        counts = top.strict
        if top.outer and (piece.text == b")" or (before is not None and before.text == b"(" and self._entered == n)):
            counts = False
        if before is not None and before.kind == "text" and piece.kind == "word":
            counts = True
        again: bool | None = None
        if piece.text == b"(":
            again = self._enter(before, top)
            self._entered = n + 1
        elif piece.text == b")":
            if not self._open:
                raise UnreadableError(f"line {piece.line}: a bracket closes that was not opened")
            self._open.pop()
        self._closed = piece.text == b")" and top.strict
        if top.strict:
            self.inside.add(piece.start)
        self.code.append((piece.text, piece.gap if counts else None, again, self._line_of(piece)))

    def _enter(self, before: Piece | None, top: Frame) -> bool | None:
        """Open a parenthesis; whether a macro of this name was given something on the same line before."""
        name = before is not None and before.kind == "word" and before.text not in self._keywords
        calls = (name and before is not None and before.text not in self._blind) or self._closed
        self._open.append(Frame(strict=top.strict or calls, outer=calls and not top.strict))
        if not calls or before is None:
            return None
        again = self._called.get(before.text) == before.line
        self._called[before.text] = before.line
        return again

    def _line_of(self, piece: Piece) -> object:
        """What counts of the line of a token, where something asks for lines."""
        if self._by_line:
            return piece.line
        starts, self._row = piece.line != self._row, piece.line
        return starts if self._by_start else None
