"""The text of a patch, mutated as text: what git then makes of it is what is judged."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from soak.mutations import MODES, NASTY, Draft, binary, confuse, cut, encode, flip, insert, line_ends

TextMutation = Callable[[bytes, bytes, random.Random], bytes]
"""The patch, another patch to take from, the chances."""
HUNK = re.compile(rb"^@@ .*$", re.MULTILINE)
ODD_PATHS = (
    b"../x", b"/etc/x", b".git/hooks/pre-commit", b".GIT/config", b"a/./b", b"a//b", b"x\\..\\y", b"C:/x", b"git~1/x",
    b".github/workflows/x.yml", b"a\xe2\x80\xae", b"A.py", b"a.py ", b"nul", b'"a\\nb"', b'"\\303\\251"', b"link/x", b"",
)  # fmt: skip


class Bench:
    """One bare repository in which drafts become trees and patches."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.git_dir = folder, folder / "bench.git"
        self._git("init", "--quiet", "--bare", str(self.git_dir), inside=False)
        self._made: dict[Draft, tuple[str, bytes]] = {}

    def patch(self, draft: Draft) -> tuple[str, bytes]:
        """The base tree and the true patch of a draft of one step, made once for each draft."""
        key = next((one for one in self._made if one is draft), None)
        if key is not None:
            return self._made[key]
        old, new = ({path: text.encode() for path, text in draft.base.items()} for _ in range(2))
        for change in draft.last:
            for side, content in ((old, change.before), (new, change.after)):
                side.pop(change.path, None)
                if content is not None:
                    side[change.path] = content
        trees = self._tree(old), self._tree(new)
        text = self._git("diff-tree", "-r", "-p", "--binary", "--full-index", *trees)
        return trees[0], text

    def _tree(self, files: dict[str, bytes]) -> str:
        index = {"GIT_INDEX_FILE": str(self.folder / "index")}
        (self.folder / "index").unlink(missing_ok=True)
        listed = b""
        for path, content in sorted(files.items()):
            blob = self._git("hash-object", "-w", "--stdin", given=content).strip().decode()
            listed += f"100644 {blob} 0\t{path}\n".encode()
        self._git("update-index", "--index-info", given=listed, extra=index)
        return self._git("write-tree", extra=index).strip().decode()

    def _git(
        self, *arguments: str, given: bytes = b"", extra: dict[str, str] | None = None, inside: bool = True
    ) -> bytes:
        where = ["--git-dir", str(self.git_dir)] if inside else []
        return subprocess.run(
            ["git", *where, *arguments],
            input=given,
            capture_output=True,
            check=True,
            env={**os.environ, **(extra or {})},
        ).stdout


def mutated_text(patch: bytes, other: bytes, rng: random.Random) -> bytes:
    """One or two mutations of the text; never what it was before."""
    while True:
        found = patch
        for _ in range(rng.choice((1, 1, 2))):
            found = rng.choice(TEXT_MUTATIONS)(found, other, rng)
        if found != patch:
            return found


def _plain(edit: Callable[[bytes, random.Random], bytes]) -> TextMutation:
    return lambda patch, other, rng: edit(patch, rng)


def _body(edit: Callable[[bytes, random.Random], bytes]) -> TextMutation:
    """Edits what stands on an added line, so that git still takes the patch more often than not."""

    def mutation(patch: bytes, other: bytes, rng: random.Random) -> bytes:
        del other
        rows = patch.split(b"\n")
        added = [n for n, row in enumerate(rows) if row.startswith(b"+") and not row.startswith(b"+++")]
        if added:
            at = rng.choice(added)
            rows[at] = b"+" + edit(rows[at][1:], rng).replace(b"\n", b"")
        return b"\n".join(rows)

    return mutation


def _rows(patch: bytes, other: bytes, rng: random.Random) -> bytes:
    rows = patch.split(b"\n")
    at, how = rng.randrange(len(rows)), rng.randrange(4)
    if how == 0:
        del rows[at]
    elif how == 1:
        rows.insert(at, rows[at])
    elif how == 2:
        rows.insert(at, rng.choice(other.split(b"\n") or [b""]))
    else:
        rows[at] = rng.choice(b"+- \\@").to_bytes() + rows[at][1:]
    return b"\n".join(rows)


def _hunks(patch: bytes, other: bytes, rng: random.Random) -> bytes:
    """A hunk twice, a hunk of another, or numbers that lie."""
    places = [m.start() for m in HUNK.finditer(patch)]
    if not places:
        return patch + other
    at, how = rng.choice(places), rng.randrange(3)
    if how == 0:
        return patch + patch[at:]
    if how == 1:
        taken = HUNK.search(other)
        return patch + (other[taken.start() :] if taken else other)
    numbers = list(re.finditer(rb"\d+", patch[at : patch.index(b"\n", at)]))
    one = rng.choice(numbers)
    return patch[: at + one.start()] + b"%d" % rng.choice((0, 1, 2, 9, 99, 2**31, 2**63)) + patch[at + one.end() :]


def _splice(patch: bytes, other: bytes, rng: random.Random) -> bytes:
    how = rng.randrange(3)
    if how == 0:
        return patch + other
    return other + patch if how == 1 else patch[: len(patch) // 2] + other[len(other) // 2 :]


def _modes(patch: bytes, other: bytes, rng: random.Random) -> bytes:
    del other
    mode = rng.choice(MODES).encode()
    lines = rng.choice((b"old mode 100644\nnew mode " + mode, b"new file mode " + mode, b"deleted file mode " + mode))
    put = re.sub(rb"^(diff --git .*)$", lambda m: m[1] + b"\n" + lines, patch, count=1, flags=re.MULTILINE)
    return (
        re.sub(rb"^(index \S+) \d+$", lambda m: m[1] + b" " + mode, patch, flags=re.MULTILINE) if put == patch else put
    )


def _moves(patch: bytes, other: bytes, rng: random.Random) -> bytes:
    """The name changes in one or in all header lines, or the file is renamed or copied there."""
    del other
    named = re.search(rb"^\+\+\+ b/(.*)$", patch, re.MULTILINE)
    if named is None:
        return patch + b"x"
    old, new = named[1], rng.choice(ODD_PATHS)
    how = rng.randrange(4)
    if how == 0:
        return patch.replace(b"b/" + old, b"b/" + new)
    if how == 1:
        return patch.replace(b"/" + old, b"/" + new)
    if how == 2:
        return re.sub(rb"^\+\+\+ .*$", b"+++ b/" + new.replace(b"\\", b"\\\\"), patch, count=1, flags=re.MULTILINE)
    word = rng.choice((b"rename", b"copy"))
    lines = b"\nsimilarity index 90%\n" + word + b" from " + old + b"\n" + word + b" to " + new
    return re.sub(
        rb"^(diff --git a/\S+) .*$", lambda m: m[1] + b" b/" + new + lines, patch, count=1, flags=re.MULTILINE
    )


def _nasty(content: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(content))
    return content[:at] + rng.choice(NASTY).encode() + content[at:]


def _added_word(content: bytes, rng: random.Random) -> bytes:
    return content + rng.choice((b" ", b"  # noqa", b"  # rows", b" rows", b"\t", b";", b"\\", b",", b" the end"))


TEXT_MUTATIONS: tuple[TextMutation, ...] = (
    _plain(flip), _plain(insert), _plain(cut), _plain(line_ends), _plain(encode), _plain(binary), _plain(confuse),
    _body(flip), _body(insert), _body(confuse), _body(_nasty), _body(_added_word), _body(_added_word), _rows, _rows,
    _hunks, _splice, _modes, _moves,
)  # fmt: skip
