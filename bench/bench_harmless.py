"""How many truly harmless commits of real repositories are recognised, and what else would be let through.

There are two sets: bench/harmless/read.jsonl, 247 commits of 13 repositories, on which the provers were
tuned after its first figure, and bench/harmless/unseen.jsonl, 192 of 16 others, which nobody had run on
before its first figure. Both were chosen by a hash of the commit and by words of the title, each diff read
and labelled before the assessor ran on it by one annotator (a language model; see docs/measured.md). The
repositories are not part of this project: `bench_harmless.py --repos DIR` wants bare clones in DIR as
owner+name and says what is missing. Results are kept in docs/results/harmless*.json: an interrupted run
goes on, another source starts anew. What was measured first on the second set stays in
docs/results/harmless-unseen-first.json and is never written again. Within `make bench` (or with
MAGISTRATE_BENCH_REPOS unset) the kept results are told.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT / "tools"), str(ROOT / "tests")]

from baselines import Seen, accepted_by, chain_accepted_by  # noqa: E402  the path is set above
from freshness import sources_digest  # noqa: E402
from harmless_tables import summary, write_page  # noqa: E402

from magistrate.adapters.git.reader import RepositoryReader  # noqa: E402
from magistrate.bootstrap.tools import found_tools  # noqa: E402
from magistrate.domain.impact import LOW  # noqa: E402
from magistrate.errors import MagistrateError  # noqa: E402
from magistrate.judge import answer  # noqa: E402
from magistrate.ports import Sandbox, SandboxLevel, SandboxResult, TreeEntry  # noqa: E402
from magistrate.usecases.assess import Assessor, case_of  # noqa: E402
from magistrate.usecases.base_texts import context_of  # noqa: E402

SUBJECT = ("src/magistrate/impact/**/*.py", "src/magistrate/judge.py", "src/magistrate/domain/impact.py")
FIRST = ROOT / "docs/results/harmless-unseen-first.json"
PROCESSES: Final = 2
SECONDS: Final = 180
WHERE: Final = "MAGISTRATE_BENCH_REPOS"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandRead:
    """A set of commits that was read and labelled by hand, and where its results are kept."""

    name: str
    labels: Path
    results: Path

    def rows(self) -> list[Row]:
        """The commits and their labels."""
        return [json.loads(line) for line in self.labels.read_text().splitlines()]

    def kept(self) -> Row:
        """What was measured last, if anything."""
        return dict(json.loads(self.results.read_text())) if self.results.exists() else {}

    def keep(self, whole: Row) -> None:
        """Write what was measured."""
        self.results.write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")


TUNED: Final = HandRead(name="set 1", labels=HERE / "harmless/read.jsonl", results=ROOT / "docs/results/harmless.json")
UNSEEN: Final = HandRead(
    name="set 2", labels=HERE / "harmless/unseen.jsonl", results=ROOT / "docs/results/harmless-unseen.json"
)
SETS: Final = (TUNED, UNSEEN)


class InProcess:
    """Walls for the tools only: the assessor itself answers here, which is what makes 500 runs short."""

    def __init__(self, walls: Sandbox) -> None:
        self.walls = walls

    @property
    def level(self) -> SandboxLevel:
        """That of the walls around the tools."""
        return self.walls.level

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", **more: Any) -> SandboxResult:
        """The assessor's own answer, or a tool behind the walls."""
        if any("magistrate.judge" in part for part in argv):
            content, status = answer(stdin)
            return SandboxResult(returncode=status, stdout=content, stderr=b"", timed_out=False)
        return self.walls.run(argv, stdin=stdin, **more)


class Snapshot(RepositoryReader):
    """A mirror that may lack its largest files: what is not there is no text and is left out."""

    def list_tree(self, tree: str) -> tuple[TreeEntry, ...]:
        """Every path whose object is in the mirror."""
        run = ["git", "-C", str(self.git_dir), "ls-tree", "-r", "-z", "-l", "--full-tree", tree]
        records = subprocess.run(run, capture_output=True, check=True).stdout.split(b"\0")
        entries = []
        for record in filter(None, records):
            head, _, name = record.partition(b"\t")
            mode, _, object_id, size = head.decode().split()
            if size != "BAD":
                path = name.decode(errors="backslashreplace")
                length = -1 if size == "-" else int(size)
                entries.append(TreeEntry(path=path, mode=mode, object_id=object_id, size=length))
        return tuple(entries)


@cache
def assessor() -> Assessor:
    """One for each process."""
    from magistrate.adapters.sandbox.detect import open_sandbox  # noqa: PLC0415

    return Assessor(sandbox=InProcess(open_sandbox()), tools=found_tools())


def place_of(repos: Path, name: str) -> Path | None:
    """Where a bare clone lies."""
    folder = repos / name.replace("/", "+")
    return next((p for p in (folder, folder / "repo") if (p / "objects").is_dir()), None)


def missing(repos: Path) -> list[str]:
    """The commands that bring what is not there."""
    names = sorted({row["repo"] for of in SETS for row in of.rows()})
    return [
        f"git clone --bare https://github.com/{name} {repos / name.replace('/', '+')}"
        for name in names
        if place_of(repos, name) is None
    ]


def measure(row: Row, place: str) -> Row:
    """One commit with and without its repository, and what the baselines say."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        git = Snapshot(Path(place))
        parent = git.parents(row["sha"])[0]
        trees = git.tree_of(parent), git.tree_of(row["sha"])
        changes = git.changes(*trees)
        case = case_of(changes, row["sha"])
        without = assessor().of_case(case).verdict
        within = assessor().of_case({**case, "context": context_of(git, trees[0])}).verdict
        return {
            "within": told(within),
            "without": told(without),
            "accepted_by": accepted_by(seen(row["sha"], tuple(change.path for change in changes), place)),
        }
    except (MagistrateError, TimeoutError) as error:
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    finally:
        signal.alarm(0)


def told(verdict: Row) -> Row:
    """What of a verdict is counted: the classes and why a file is not low, without names."""
    stands = [
        f"{proof['rule']}: {proof['why']}"
        for file in verdict["files"]
        if file["class"] not in LOW
        for proof in [*file.get("tried", []), file["proof"]]
        if proof["status"] != "proven"
    ]
    raised = [f"sensor {found['kind']}: {found['why']}" for found in verdict["sensitivities"]]
    return {
        "auto": verdict["auto_eligible"],
        "strictness": verdict["strictness"],
        "classes": sorted({file["class"] for file in verdict["files"]}),
        "why": sorted({_plain(text) for text in [*stands, *raised]})[:6] if not verdict["auto_eligible"] else [],
    }


def seen(sha: str, paths: tuple[str, ...], place: str) -> Seen:
    """What a baseline sees of a commit."""
    run = ["git", "-C", place, "show", "--numstat", "--no-renames", "--format=%s", sha]
    title, *rows = subprocess.run(run, capture_output=True, text=True, check=True, errors="replace").stdout.split("\n")
    counts = [int(n) for row in rows for n in row.split("\t")[:2] if n.isdigit()]
    return Seen(paths=paths, lines=sum(counts), title=title)


def _plain(text: str) -> str:
    return re.sub(r"\d+", "N", re.sub(r"`[^`]*`", "`…`", text))[:140]


def _too_long(*_: object) -> None:
    raise TimeoutError(f"longer than {SECONDS} s")


def measured(of: HandRead, repos: Path, kept: dict[str, Row]) -> Iterator[tuple[str, Row]]:
    """Rows as they come, those kept left out; progress on stderr."""
    todo = [(row, place_of(repos, row["repo"])) for row in of.rows() if row["sha"] not in kept]
    with ProcessPoolExecutor(max_workers=PROCESSES) as pool:
        under_way = {pool.submit(measure, row, str(place)): row for row, place in todo if place is not None}
        for done, future in enumerate(as_completed(under_way), 1):
            row = under_way[future]
            print(f"\r{of.name}: {done} of {len(under_way)} ", end="", file=sys.stderr, flush=True)
            yield row["sha"], future.result()
    print(file=sys.stderr)


def attack_rows() -> dict[str, list[Row]]:
    """The attack corpora: the project's own and, where it is there, the one from outside."""
    from paths import OUTSIDE_DATA  # noqa: PLC0415

    own = sorted((ROOT / "tests/corpus/attacks").glob("*.jsonl"))
    sets = {"own": [json.loads(line) for path in own for line in path.read_text().splitlines()]}
    sets["blind"] = [row for row in sets["own"] if row["id"].startswith("BL")]
    outside = OUTSIDE_DATA / "attacks.jsonl"
    if outside.exists():
        rows = [json.loads(line) for line in outside.read_text().splitlines()]
        sets["outside"] = [row for row in rows if row.get("files") or row.get("steps")]
    return sets


def attacks() -> dict[str, Row]:
    """For each corpus: how many, how many each baseline and Magistrate let through."""
    figures = {}
    for name, rows in attack_rows().items():
        through: dict[str, int] = {"magistrate": 0}
        passed: list[str] = []
        for row in rows:
            for accepted in chain_accepted_by([_attack_seen(step, row) for step in _steps(row)]):
                through[accepted] = through.get(accepted, 0) + 1
            reply, _ = answer(json.dumps({"v": 1, "mode": "assess", "case": row}).encode())
            if json.loads(reply)["assessment"]["auto_eligible"]:
                through["magistrate"] += 1
                passed.append(row["id"])
        titled = sum(1 for row in rows if all(_title_of(step, row) is not None for step in _steps(row)))
        figures[name] = {"n": len(rows), "titled": titled, "through": through, "passed": passed}
        print(f"attacks {name}: {len(passed)} of {len(rows)} through {passed}", file=sys.stderr)
    return figures


def _steps(row: Row) -> list[Row]:
    steps = row.get("steps") or [row]
    return [step if isinstance(step, dict) else {"files": step} for step in steps]


def _title_of(step: Row, row: Row) -> str | None:
    return step.get("claimed_title") or row.get("claimed_title")


def _attack_seen(step: Row, row: Row) -> Seen:
    lines = 0
    for file in step["files"]:
        old, new = (set(str(file.get(side) or "").split("\n")) for side in ("before", "after"))
        lines += len(old ^ new)
    return Seen(paths=tuple(file["path"] for file in step["files"]), lines=lines, title=_title_of(step, row))


def run(repos: Path, *, again: bool) -> Row:
    """Measure what is not kept of both sets, write results and page."""
    sources = sources_digest(list(SUBJECT))
    at = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout
    told_of: dict[str, Row] = {}
    for of in SETS:
        kept = {} if again else of.kept()
        rows: dict[str, Row] = kept.get("commits", {}) if kept.get("sources") == sources else {}
        whole: Row = {"at": at.strip(), "measures": list(SUBJECT), "sources": sources, "commits": rows}
        for count, (sha, found) in enumerate(measured(of, repos, rows)):
            rows[sha] = found
            if count % 20 == 0:
                of.keep(whole)
        if of is TUNED:
            whole["attacks"] = attacks()
        whole["figures"] = summary(of.rows(), rows)
        of.keep(whole)
        told_of[of.name] = whole
    first = json.loads(FIRST.read_text())
    first["figures"] = summary(UNSEEN.rows(), first["commits"])
    write_page(told_of[TUNED.name], told_of[UNSEEN.name], first)
    return headline(TUNED.kept(), UNSEEN.kept())


def headline(tuned: Row, unseen: Row) -> Row:
    """The figures of both sets, and the first of the second."""
    first = json.loads(FIRST.read_text())
    return {
        **tuned["figures"]["headline"],
        "unseen": unseen["figures"]["headline"],
        "unseen_first": {"at": first["at"], **first["figures"]["headline"]},
    }


def main(argv: list[str] | None = None) -> Row:
    """Figures of a run, or of the one that is kept when the repositories are not here."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repos", type=Path, default=os.environ.get(WHERE))
    parser.add_argument("--again", action="store_true", help="forget what is kept")
    asked = parser.parse_args(argv or [])
    if asked.repos is None:
        if not all(of.results.exists() for of in SETS):
            raise RuntimeError(f"no results are kept and no repositories given (--repos DIR or {WHERE})")
        kept = [of.kept() for of in SETS]
        sources = sources_digest(list(SUBJECT))
        return {"kept": True, "of_this_source": all(k["sources"] == sources for k in kept), **headline(*kept)}
    absent = missing(Path(asked.repos))
    if absent:
        raise RuntimeError("missing repositories; bring them with:\n" + "\n".join(absent))
    return run(Path(asked.repos), again=asked.again)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:]), indent=1))
