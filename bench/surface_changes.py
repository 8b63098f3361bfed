"""Turns the labels of bench/surfaces/*.jsonl into file changes, out of mirrors of the repositories they name."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from magistrate.domain.impact import FileChange
from magistrate.impact.base import BaseTree

LABELS = Path(__file__).resolve().parent / "surfaces"
MOVED = "zz/notes.bin.txt"
MARK = re.compile(
    r"(?:^|[^\w-])(?:todo)?(?:ruleid|ok|todook|todoruleid|deepruleid|deepok|prook|proruleid)\s*:\s*[\w.-]+|bearer:expected\s"
)
VERDICT = re.compile(r"\s*(?://|#|/\*|<!--)+\s*(?:Non)?compliant\b.*$|^\s*(?://|#)\s*\^.*$", re.IGNORECASE)
"""What an analyser's fixture says of its own lines: it is cut out, as no change would say so."""
ASIDE = re.compile(
    r"(?i)(?:^|/)(?:tests?|testing|specs?|__tests__|testdata|fixtures|docs?|locales?|i18n)/|[._-](?:test|spec)\.\w+$|_test\.\w+$|(?:^|/)test_|"
    r"(?:^|/)(?:changelog|changes|history|release.?notes)[^/]*$|\.(?:md|rst|po|pot|txt|snap|lock)$|package-lock\.json$|pnpm-lock\.yaml$"
)
MOST_FILES = 60
Label = dict[str, Any]


def held_out(label: Label) -> bool:
    """Whether a label belongs to the third that is looked at once."""
    return int(hashlib.sha256(b"held-out:" + str(label["id"]).encode()).hexdigest()[:8], 16) % 3 == 0


def labels(surface: str) -> list[Label]:
    """All labels of a surface."""
    return [json.loads(line) for line in (LABELS / f"{surface}.jsonl").read_text().splitlines()]


@dataclass
class Mirrors:
    """Git directories MIRRORS/<owner>+<name>/repo, each with one process that hands out objects."""

    place: Path
    readers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def blob(self, repo: str, name: str) -> bytes | None:
        """The bytes of `<commit>:<path>` or of an object id; None where there is none."""
        reader = self.readers.get(repo)
        if reader is None:
            where = self.place / repo.replace("/", "+") / "repo"
            argv = ["git", "-C", str(where), "cat-file", "--batch"]
            reader = self.readers[repo] = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        asked, told = reader.stdin, reader.stdout
        if asked is None or told is None:
            raise RuntimeError(repo)
        asked.write(name.encode() + b"\n")
        asked.flush()
        head = told.readline().split()
        if not head or not head[-1].isdigit():
            return None
        content = told.read(int(head[-1]))
        told.read(1)
        return content

    def commit(self, repo: str, commit: str) -> list[FileChange]:
        """The changes of a commit against its first parent."""
        where = str(self.place / repo.replace("/", "+") / "repo")
        argv = ["git", "-C", where, "diff-tree", "-r", "-z", "--no-renames", "--root", "-m", "--first-parent"]
        done = subprocess.run([*argv, "--no-commit-id", commit], capture_output=True, check=True)
        parts = done.stdout.decode("utf-8", "replace").split("\0")
        found = []
        for meta, path in list(zip(parts[::2], parts[1::2], strict=False))[:MOST_FILES]:
            old_mode, new_mode, old, new = meta.lstrip(":").split()[:4]
            sides = [None if set(name) == {"0"} else self.blob(repo, name) for name in (old, new)]
            if sides != [None, None]:
                modes = {"mode_before": old_mode, "mode_after": new_mode}
                found.append(FileChange(path=path, before=sides[0], after=sides[1], **modes))
        return found

    def close(self) -> None:
        """End the readers."""
        for reader in self.readers.values():
            reader.communicate()


def changes(mirrors: Mirrors, label: Label) -> list[FileChange]:
    """The change a label speaks of; empty where its repository is not at hand or nothing but tests and texts, or nothing at all, changes."""
    repo, commit, form = label["repo"], label["commit"], label["form"]
    if not (mirrors.place / repo.replace("/", "+") / "repo").is_dir():
        return []
    if form == "commit":
        return [change for change in mirrors.commit(repo, commit) if not ASIDE.search(change.path)]
    whole = mirrors.blob(repo, f"{commit}:{label['path']}")
    if not whole:
        return []
    if form == "file":
        return [FileChange(path=label["as"], before=None, after=whole)]
    if form == "pair":
        after = mirrors.blob(repo, f"{commit}:{label['after']}")
        return [] if after == whole else [FileChange(path=label["as"], before=whole, after=after)]
    return [_part(label, whole.decode("utf-8", "replace").split("\n"))]


def _part(label: Label, lines: list[str]) -> FileChange:
    first, last = label["first"] - 1, label["last"]
    if label["form"] == "excerpt":
        text = textwrap.dedent("\n".join(lines[first:last]))
        if "strip" in label:
            found = re.search(label["strip"], text)
            text = found[1] if found else text
        return FileChange(path=label["as"], before=None, after=(text + "\n").encode())
    lines = [VERDICT.sub("", line) for line in lines] if label.get("cut") else lines
    kept = [(at, line) for at, line in enumerate(lines) if first <= at < last or not MARK.search(line)]
    after = "\n".join(line for _, line in kept)
    before = "\n".join(line for at, line in kept if not first <= at < last)
    return FileChange(path=label["as"], before=before.encode(), after=after.encode())


def attributes(mirrors: Mirrors, label: Label) -> BaseTree:
    """What of the base tree the sensors ask for: the `.gitattributes` above a file, as its upstream keeps them."""
    parts = str(label.get("path", "")).split("/")
    places = ["/".join((*parts[:depth], ".gitattributes")) for depth in range(len(parts))]
    found = {place: mirrors.blob(label["repo"], f"{label['commit']}:{place}") for place in places}
    return BaseTree(files={place: content.decode("utf-8", "replace") for place, content in found.items() if content})


def moved(found: list[FileChange]) -> Iterator[FileChange]:
    """The same content under a name that says nothing."""
    for at, change in enumerate(found):
        path = MOVED if at == 0 else MOVED.replace("notes", f"notes{at}")
        yield FileChange(
            path=path,
            before=change.before,
            after=change.after,
            mode_before=change.mode_before,
            mode_after=change.mode_after,
        )
