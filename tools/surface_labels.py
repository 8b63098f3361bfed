"""Collects the labels in bench/surfaces/*.jsonl from mirrors of public repositories, never their content.

    tools/surface_labels.py MIRRORS [--fresh | --unseen SURFACE...]   MIRRORS/<owner>+<name>/repo are git directories

With --fresh the labels that bench/surfaces lacks are capped the same way into bench/surfaces/fresh. With
--unseen only sources count that no label of these two names, into bench/surfaces/unseen.

A label says that somebody else calls a change sensitive: a scanner's own fixture for a finding, the
commit an advisory names as the fix, a file that its upstream runs as migration or build. `form` says
which change is meant: `file` the file is added; `lines` lines first..last are added to the file that
lacks them; `excerpt` these lines alone are a new file; `pair` path becomes `after`; `commit` the
commit. `as` is the path to measure under, which gives nothing away but the format.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import surface_examples
import surface_sources
import surface_upstreams

OUT = Path(__file__).resolve().parent.parent / "bench/surfaces"
FRESH_PER_SOURCE = 100
UNSEEN_PER_SOURCE = 70
FEEDS = {"pypa/advisory-database", "golang/vulndb", "rubysec/ruby-advisory-db"}
PER_SOURCE = 200
PER_REPO = 40
SPREAD = {"role", "silenced", "title", "tag", "place", "name", "gitattributes"}
MAX_BYTES = 200_000
Label = dict[str, Any]


@dataclass(frozen=True)
class Mirror:
    """One repository at its newest commit."""

    place: Path

    @property
    def repo(self) -> str:
        """owner/name."""
        return self.place.parent.name.replace("+", "/", 1)

    def git(self, *argv: str, feed: bytes = b"") -> bytes:
        """Output of one git command."""
        return subprocess.run(["git", "-C", self.place, *argv], input=feed, capture_output=True, check=True).stdout

    def has(self, commit: str) -> bool:
        """Whether a commit is at hand."""
        asked = ["git", "-C", str(self.place), "cat-file", "-e", commit]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    @cached_property
    def head(self) -> str:
        """The commit that all file labels name."""
        return self.git("rev-parse", "HEAD").decode().strip()

    @cached_property
    def paths(self) -> list[str]:
        """Regular files of the newest commit that are no giants."""
        found = []
        for line in self.git("ls-tree", "-r", "-l", "-z", "HEAD").decode("utf-8", "replace").split("\0"):
            meta, _, path = line.partition("\t")
            if re.fullmatch(r"100\d+ blob \w+ +([1-9]\d{0,5})", meta) and int(meta.split()[3]) <= MAX_BYTES:
                found.append(path)
        return found

    def texts(self, pattern: str) -> Iterator[tuple[str, str]]:
        """Path and text of every file whose path matches."""
        wanted = [path for path in self.paths if re.search(pattern, path)]
        if not wanted:
            return
        out = self.git("cat-file", "--batch", feed="".join(f"HEAD:{path}\n" for path in wanted).encode())
        at = 0
        for path in wanted:
            end = out.index(b"\n", at)
            head = out[at:end].split()
            if len(head) != 3:
                at = end + 1
                continue
            size = int(head[2])
            yield path, out[end + 1 : end + 1 + size].decode("utf-8", "replace")
            at = end + 2 + size


def label(mirror: Mirror, surface: str, source: str, **more: Any) -> Label:
    """One label with its stable id."""
    found = {"surface": surface, "repo": mirror.repo, "commit": more.pop("commit", mirror.head), **more, "from": source}
    digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    return {"id": digest[:16], **found}


def capped(labels: Iterable[Label], most: int, key: Callable[[Label], str]) -> list[Label]:
    """At most so many of a kind, chosen by their hash."""
    kept: dict[str, int] = {}
    found = []
    for one in sorted(labels, key=lambda one: str(one["id"])):
        kind = key(one)
        if kept.get(kind, 0) < most:
            kept[kind] = kept.get(kind, 0) + 1
            found.append(one)
    return found


def kind_of(one: Label) -> str:
    """The kind of source."""
    return str(one["from"]).split(":")[0]


def place_of(one: Label) -> tuple[str, ...]:
    """What a label speaks of, whatever the newest commit was called when it was collected."""
    parts = (str(one.get(key)) for key in ("path", "first", "last", "form"))
    return (one["repo"], one["commit"] if one["form"] == "commit" else "", *parts, kind_of(one))


def places_in(listed: Path) -> set[tuple[str, ...]]:
    """The places that a list of labels has used."""
    return {place_of(json.loads(line)) for line in listed.read_text().splitlines()}


def unseen(argv: list[str]) -> int:
    """Collect from repositories that no earlier label names, cap and write one file a surface."""
    listed = [*OUT.glob("*.jsonl"), *(OUT / "fresh").glob("*.jsonl")]
    used = {json.loads(line)["repo"] for one in listed for line in one.read_text().splitlines()} - FEEDS
    mirrors = {m.repo: m for m in (Mirror(place) for place in sorted(Path(argv[0]).glob("*+*/repo")))}
    left = {repo: mirror for repo, mirror in mirrors.items() if repo not in used}
    every: dict[str, dict[tuple[object, ...], Label]] = {}
    for collect in surface_examples.UNSEEN:
        for one in collect(left, label):
            key = (one["repo"], one["commit"], one.get("path"), one.get("first"))
            every.setdefault(one["surface"], {}).setdefault(key, one)
    (OUT / "unseen").mkdir(exist_ok=True)
    for surface in argv[2:]:
        found = every.get(surface, {}).values()
        wide = capped(
            found, PER_REPO // 2, lambda one: f"{kind_of(one)} {one['repo'] if kind_of(one) in SPREAD else one['id']}"
        )
        kept = capped(wide, UNSEEN_PER_SOURCE, kind_of)
        (OUT / f"unseen/{surface}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in kept))
        print(f"{surface}: {len(kept)} of {len(found)}")
    return 0


def main(argv: list[str]) -> int:
    """Collect, cap and write one file a surface."""
    if "--unseen" in argv:
        return unseen(argv)
    fresh = set(argv[2:]) if "--fresh" in argv else None
    out = OUT if fresh is None else OUT / "fresh"
    mirrors = {m.repo: m for m in (Mirror(place) for place in sorted(Path(argv[0]).glob("*+*/repo")))}
    every: dict[str, list[Label]] = {}
    for collect in (*surface_sources.SOURCES, *surface_upstreams.SOURCES):
        for one in collect(mirrors, label):
            every.setdefault(one["surface"], []).append(one)
    out.mkdir(parents=True, exist_ok=True)
    for surface, labels in sorted(every.items()):
        if fresh is not None and surface not in fresh:
            continue
        used = set() if fresh is None else places_in(OUT / f"{surface}.jsonl")
        unique = [one for one in {one["id"]: one for one in labels}.values() if place_of(one) not in used]
        wide = capped(
            unique, PER_REPO, lambda one: f"{kind_of(one)} {one['repo'] if kind_of(one) in SPREAD else one['id']}"
        )
        kept = capped(wide, PER_SOURCE if fresh is None else FRESH_PER_SOURCE, kind_of)
        text = "".join(json.dumps(one, sort_keys=False) + "\n" for one in kept)
        (out / f"{surface}.jsonl").write_text(text)
        print(f"{surface}: {len(kept)} of {len(unique)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
