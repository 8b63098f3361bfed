"""Walks the last commits of a repository and says whose power each of them moves, by the path that a change takes.

For each first-parent commit that touches files of a kind (Terraform, Kubernetes, workflows) the parent and
the commit are put to the assessor's mode `privilege` in this process, with the whole repository around.
What it counts: commits by their strictest verdict, rows by domain, what stays unknown and why, failures, seconds.

    tools/privilege_walk.py REPOSITORY --kind workflows -n 200 --json

Rule kept: a commit over its time or with an error is counted as such, never left out.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final

from magistrate.errors import MagistrateError
from magistrate.judge import privilege_request

KINDS: Final = {
    "terraform": (
        ["*.tf", "*.tf.json", "*.tofu"],
        ["aws-iam", "aws-trust", "aws-resource", "net-aws", "terraform", "code"],
    ),
    "kubernetes": (["*.yaml", "*.yml", ":(exclude).github"], ["k8s-rbac", "k8s-pod", "net-k8s", "code"]),
    "workflows": ([".github"], ["gha", "code"]),
    "sources": (["."], ["gha", "code"]),
}
"""The pathspecs of each kind, and the domains that count for it. `sources` is any commit: how often does CI's code speak?"""
VERDICTS: Final = ("widened", "incomparable", "unknown", "narrowed")
"""From the strictest; a commit without a row moves nobody's power."""
NOTHING: Final = "nobody's power moves"
MAX_FILE: Final = 2_000_000
MAX_ALL: Final = 48_000_000
HELM: Final = re.compile(
    r"kind `(?:HelmRelease|HelmChart|HelmChartConfig|OCIRepository)`|a chart is rendered|values of a chart|it is a template"
)
"""Unknown because a chart has to be rendered first, which is told apart: Helm is not read."""
FAILED: Final = re.compile(r"the reader of `[\w-]+` failed \((\w+)\)")


class TooLongError(BaseException):
    """The time of one commit is over; no reader catches it."""


class Repository:
    """A git repository, read by one `git cat-file`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.texts: dict[str, str | None] = {}
        command = ["git", "-C", str(place), "cat-file", "--batch"]
        self.asked = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def git(self, *words: str) -> bytes:
        """What a git command prints."""
        return subprocess.run(["git", "-C", str(self.place), *words], check=True, capture_output=True).stdout

    def commits(self, paths: Sequence[str], number: int) -> list[str]:
        """The last first-parent commits that touch these paths and have a parent, newest first."""
        log = self.git("log", "--first-parent", "--min-parents=1", "--format=%H", "HEAD", f"-n{number}", "--", *paths)
        return log.decode().split()

    def tree(self, commit: str) -> dict[str, tuple[str, str]]:
        """Mode and object of every file of a commit; links and submodules hold no rights that are read."""
        found: dict[str, tuple[str, str]] = {}
        for line in self.git("ls-tree", "-r", "-z", commit).split(b"\0"):
            head, tab, path = line.partition(b"\t")
            if tab:
                mode, _kind, name = head.decode().split()
                if mode in {"100644", "100755"}:
                    found[path.decode("utf-8", "replace")] = mode, name
        return found

    def text(self, name: str) -> str | None:
        """The text of an object; None for what is no text, is too large, or is not there."""
        if name not in self.texts:
            self.texts[name] = self._asked(name)
        return self.texts[name]

    def _asked(self, name: str) -> str | None:
        writer, reader = _open(self.asked.stdin), _open(self.asked.stdout)
        writer.write(name.encode() + b"\n")
        writer.flush()
        head = reader.readline().split()
        if head[-1] == b"missing":
            return None
        content = reader.read(int(head[2]))
        reader.read(1)
        if len(content) > MAX_FILE or b"\0" in content[:8_000]:
            return None
        return content.decode("utf-8", "replace")

    def close(self) -> None:
        """End `git cat-file`."""
        _open(self.asked.stdin).close()
        _open(self.asked.stdout).close()
        self.asked.wait()


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("git has no pipe")
    return stream


def case_of(repository: Repository, commit: str) -> dict[str, Any]:
    """Parent and commit as a case: what differs is the change, what is alike is the context."""
    old, new = repository.tree(f"{commit}^"), repository.tree(commit)
    texts = ({path: repository.text(name) for path, (_, name) in side.items()} for side in (old, new))
    before, after = texts
    changed = [path for path in sorted({*old, *new}) if old.get(path) != new.get(path)]
    files = [
        {
            "path": path, "before": before.get(path), "after": after.get(path),
            "mode_before": old[path][0] if path in old else None, "mode_after": new[path][0] if path in new else None,
        }
        for path in changed
        if before.get(path) is not None or after.get(path) is not None
    ]  # fmt: skip
    context = {path: text for path, text in before.items() if text is not None and path not in set(changed)}
    return {"files": files, "context": {"files": _bounded(context)}}


def _bounded(texts: dict[str, str]) -> dict[str, str]:
    """The texts up to the size that `privilege diff` takes, those that may hold rights before sources."""
    kept: dict[str, str] = {}
    total = 0
    for path in sorted(texts, key=lambda one: (not one.endswith((".yml", ".yaml", ".tf", ".json")), one)):
        total += len(texts[path])
        if total > MAX_ALL:
            break
        kept[path] = texts[path]
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """One commit: the strictest verdict (or `crash`, `too long`), all rows of the domains asked for, seconds."""

    commit: str
    verdict: str
    seconds: float
    rows: tuple[dict[str, Any], ...] = ()
    crash: str = ""
    files: int = 0

    @property
    def charts_only(self) -> bool:
        """Whether something is unknown, and each time because of a chart."""
        why = [str(row["witness"]) for row in self.rows if row["verdict"] == "unknown"]
        return bool(why) and all(HELM.search(one) for one in why)


def walked(repository: Repository, commit: str, domains: Sequence[str], limit: float) -> Walked:
    """Judge one commit against its parent, for at most `limit` seconds."""
    started = time.monotonic()
    case: dict[str, Any] = {"files": ()}
    rows: tuple[dict[str, Any], ...] = ()
    crash, verdict = "", ""
    try:
        case = case_of(repository, commit)
        started = time.monotonic()
        with _within(limit):
            rows = tuple(privilege_request({"case": case}, "")["privilege"])
    except TooLongError:
        verdict = "too long"
    except MagistrateError as error:
        verdict, crash = "crash", str(error)[:200]
    except Exception as error:  # noqa: BLE001 - what is counted here
        verdict, crash = "crash", f"{type(error).__name__}: {error}"[:200]
    rows = tuple(row for row in rows if row["domain"] in domains)
    failed = next((found for row in rows if (found := FAILED.search(str(row["witness"])))), None)
    if failed is not None:
        verdict, crash = "crash", failed[0]
    return Walked(
        commit=commit,
        verdict=verdict or next((one for one in VERDICTS if any(row["verdict"] == one for row in rows)), NOTHING),
        seconds=round(time.monotonic() - started, 3),
        rows=rows,
        crash=crash,
        files=len(case["files"]),
    )


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def over(_number: int, _frame: FrameType | None) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def interval(hits: int, number: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, in per cent."""
    if not number:
        return 0.0, 100.0
    z, share = 1.96, hits / number
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number)) / (1 + z * z / number)
    return round(100 * max(0.0, middle - half), 1), round(100 * min(1.0, middle + half), 1)


@dataclass(slots=True, kw_only=True)
class Walk:
    """All commits of one walk."""

    name: str
    kind: str
    domains: Sequence[str]
    head: str
    commits: list[Walked] = field(default_factory=list)

    def counted(self) -> dict[str, Any]:
        """The counts as JSON; a commit is unknown where one row of it is, whatever the others say."""
        verdicts = Counter(one.verdict for one in self.commits)
        number = len(self.commits)
        unknown = sum(any(row["verdict"] == "unknown" for row in one.rows) for one in self.commits)
        by_domain = {
            domain: dict(Counter(v for one in self.commits for v in {r["verdict"] for r in one.rows if r["domain"] == domain}))
            for domain in self.domains
        }  # fmt: skip
        causes = Counter(
            why for one in self.commits
            for why in {_cause(row) for row in one.rows if row["verdict"] == "unknown"}
        )  # fmt: skip
        seconds = sorted(one.seconds for one in self.commits) or [0.0]
        return {
            "repository": self.name, "kind": self.kind, "head": self.head, "commits": number,
            "verdicts": {one: verdicts[one] for one in (*VERDICTS, NOTHING)},
            "crashes": verdicts["crash"], "too long": verdicts["too long"],
            "unknown": {"commits": unknown, "percent": round(100 * unknown / number, 1) if number else 0.0,
                        "interval": list(interval(unknown, number)),
                        "charts only": sum(one.charts_only for one in self.commits)},
            "domains": by_domain, "causes": dict(causes.most_common(25)),
            "seconds": {"median": statistics.median(seconds), "most": seconds[-1], "all": round(sum(seconds), 1)},
        }  # fmt: skip

    def commits_told(self) -> list[dict[str, Any]]:
        """Each commit with its rows, for reading by hand."""
        return [
            {"commit": one.commit, "verdict": one.verdict, "seconds": one.seconds, "files": one.files,
             "crash": one.crash, "rows": list(one.rows)}
            for one in self.commits
        ]  # fmt: skip


def _cause(row: dict[str, Any]) -> str:
    """Why something is unknown, with names of things left out."""
    return f"{row['domain']}: " + re.sub(r"the module `[^`]*`", "the module `…`", str(row["witness"]))[:120]


def table(counted: dict[str, Any]) -> str:
    """The counts as lines of text."""
    unknown, seconds = counted["unknown"], counted["seconds"]
    lines = [
        f"{counted['repository']} {counted['kind']}: {counted['commits']} commits from {counted['head'][:12]}",
        *(f"  {number:5}  {verdict}" for verdict, number in counted["verdicts"].items()),
        f"  {counted['crashes']:5}  crashes",
        f"  {counted['too long']:5}  over their time",
        "  unknown {commits} = {percent} % ({interval[0]}-{interval[1]}), of these by charts only: {charts only}".format(
            **unknown
        ),
        f"  seconds: median {seconds['median']}, most {seconds['most']}, all {seconds['all']}",
    ]
    for domain, verdicts in counted["domains"].items():
        if verdicts:
            told = ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items()))
            lines.append(f"  {domain}: {told}")
    lines += (f"  {number:5}  {why}" for why, number in counted["causes"].items())
    return "\n".join(lines)


def walk(place: Path, kind: str, commits: int | Sequence[str], *, limit: float, domains: Sequence[str] = ()) -> Walk:
    """Walk the last `commits` of a kind, or those that are named; `limit` is seconds for each."""
    paths, usual = KINDS[kind]
    repository = Repository(place)
    try:
        head = repository.git("rev-parse", "HEAD").decode().strip()
        found = Walk(name=_named(place), kind=kind, domains=list(domains) or usual, head=head)
        for commit in repository.commits(paths, commits) if isinstance(commits, int) else commits:
            found.commits.append(walked(repository, commit, found.domains, limit))
    finally:
        repository.close()
    return found


def _named(place: Path) -> str:
    """`owner/name` where the folder says so."""
    whole = place.resolve()
    folder = whole.parent if whole.name in {"repo", ".git"} else whole
    return folder.name.replace("+", "/")


def main(arguments: Sequence[str]) -> int:
    """Walk, print; exit 1 where something crashed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("repository", type=Path, help="a git repository, with or without a work tree")
    parser.add_argument("--kind", choices=list(KINDS), required=True, help="which commits: those that touch such files")
    parser.add_argument("--domain", action="append", default=[], help="count this domain only; may stand several times")
    parser.add_argument("-n", "--number", type=int, default=200, help="how many commits (default 200)")
    parser.add_argument("--commit", action="append", default=[], help="judge this commit; may stand several times")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one commit (default 60)")
    parser.add_argument("--json", action="store_true", help="counts as JSON")
    parser.add_argument("--rows", type=Path, help="write each commit with its rows to this file, as JSON")
    given = parser.parse_args(arguments)
    commits = given.commit or given.number
    found = walk(given.repository, given.kind, commits, limit=given.limit, domains=given.domain)
    counted = found.counted()
    print(json.dumps(counted, indent=1, ensure_ascii=False) if given.json else table(counted))
    if given.rows:
        given.rows.write_text(json.dumps(found.commits_told(), indent=1, ensure_ascii=False))
    return int(bool(counted["crashes"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
