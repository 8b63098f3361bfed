"""Assess per commit against `git diff` of the same commits: processor time of one process, warm, in the same run.

Without `--repos` only the own commits are judged; `bench_assess.py --repos DIR`, or a folder named in
MAGISTRATE_BENCH_REPOS, adds the newest commits of every bare clone in DIR (as owner+name). `bytes` judges what the
assessor is told first, `with_base` the same with the texts of the base tree and the facts of the history beside it, as
they are told when a verdict hangs on them. Each of the two judges every commit once; texts that commits share stay known, as
in `magistrate assess A..B`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from magistrate.adapters.git.reader import RepositoryReader
from magistrate.bootstrap.assess import reader
from magistrate.errors import MagistrateError
from magistrate.judge import answer
from magistrate.usecases.assess import case_of
from magistrate.usecases.base_texts import Texts
from magistrate.usecases.history import Histories

ROOT: Final = Path(__file__).resolve().parent.parent
COMMITS: Final = 60
WHERE: Final = "MAGISTRATE_BENCH_REPOS"
KILOBYTES_OF_A_MB: Final = 1024
"""Linux gives the peak of a process in kilobytes."""
MEASURES: Final = ("src/magistrate/impact/**/*.py", "src/magistrate/judge.py", "src/magistrate/domain/impact.py")


@dataclass(kw_only=True)
class Taken:
    """Milliseconds of processor time per commit."""

    judged: list[float] = field(default_factory=list)
    with_base: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Of each what most commits take, and how often as long as git it is."""
        peer = _spread(self.peer)
        both = {"bytes": _spread(self.judged), "with_base": _spread(self.with_base)}
        ratios = {name: round(one["median_ms"] / peer["median_ms"], 1) for name, one in both.items()}
        return {"n": len(self.judged), **both, "git_diff": peer, "times_git_diff": ratios}


def main(repos: Path | None = None) -> dict[str, Any]:
    """The own commits, and those of the repositories in a folder; the peak of memory of this process at the end."""
    folder = repos or (Path(os.environ[WHERE]) if os.environ.get(WHERE) else None)
    found: dict[str, Any] = {"own": _of(ROOT)}
    for place in sorted(folder.iterdir()) if folder is not None else ():
        git_dir = place / "repo" if (place / "repo").is_dir() else place
        if (git_dir / "objects").is_dir():
            found[place.name] = _of(git_dir)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KILOBYTES_OF_A_MB
    return {"commits": COMMITS, "repositories": found, "peak_memory_mb": peak}


def _of(folder: Path) -> dict[str, Any]:
    """In two passes, so that neither finds what the other has read of the same commit."""
    git, taken = reader(folder), Taken()
    texts, histories = Texts(git=git), Histories(git=git)
    commits = list(_commits(folder, git))
    for commit, parent in commits:
        with contextlib.suppress(MagistrateError):  # a path that nothing here accepts
            changes = git.changes(git.tree_of(parent), git.tree_of(commit))
            taken.judged.append(_milliseconds(answer, _asked(case_of(changes, commit))))
            taken.peer.append(_milliseconds(_git, folder, "diff", "--no-color", parent, commit))
    for commit, parent in commits:
        with contextlib.suppress(MagistrateError):
            trees = git.tree_of(parent), git.tree_of(commit)
            changes = git.changes(*trees)
            earlier, _ = histories.facts(parent, *trees, changes)
            base = texts.of_tree(trees[0])
            told = {"earlier": earlier, "named": base.named, "complete": base.complete, **base.beside()}
            known = {name: texts.text(name) for name in base.named.values()}
            taken.with_base.append(_milliseconds(answer, _asked({**case_of(changes, commit), "context": told}), known))
    return taken.figures()


def _asked(case: Mapping[str, Any]) -> bytes:
    return json.dumps({"v": 1, "mode": "assess", "case": case}).encode()


def _commits(folder: Path, git: RepositoryReader) -> Iterator[tuple[str, str]]:
    for commit in _git(folder, "rev-list", "--no-merges", f"-{COMMITS}", "HEAD").decode().split():
        yield from ((commit, parent) for parent in git.parents(commit)[:1])


def _git(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=True).stdout


def _milliseconds(done: Callable[..., object], *given: object) -> float:
    """Processor time of this process and of those that it waited for, which a busy machine makes no longer."""
    before = _spent()
    done(*given)
    return (_spent() - before) * 1000


def _spent() -> float:
    both = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def _spread(taken: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return {name: round(cuts[at - 1], 1) for name, at in (("median_ms", 50), ("p90_ms", 90), ("p99_ms", 99))}


if __name__ == "__main__":
    said = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    said.add_argument("--repos", type=Path, help="a folder of bare clones, as owner+name")
    print(json.dumps(main(said.parse_args().repos), indent=1))
