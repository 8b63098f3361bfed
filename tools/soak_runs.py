"""Run the soak subjects (tests/soak/subjects.py) in shards; results in docs/results/soak-<name>.json.

`soak_runs.py [NAME...]` runs the subjects of these names, or all; what has run on the present source
is not run again, so that an interrupted run goes on where it stopped. `--list` says what there is,
`--replay SHARD:CASE NAME` plays one case again with everything it says, `--jobs N` runs N shards at
a time, `--again` forgets what has run, `--check` says which results (of benchmarks too) are not of the
present source. Exit 1 when a case failed, too little was seen, or a result is stale.

Every shard is a process of its own: a case that kills or hangs the interpreter is a failed case.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools"), str(ROOT / "bench")]

import freshness  # noqa: E402  the paths are set above
from clean import CLEAN  # noqa: E402
from measured import machine  # noqa: E402
from soak.subject import SEED, Subject, Told, chances  # noqa: E402
from soak.subjects import SUBJECTS  # noqa: E402
from soak_results import kept_shards, stale_benches, stale_soaks, told_as_older, verdict_on, write_result  # noqa: E402

CASE_SECONDS = 300
"""A case that takes longer hangs."""
MAX_DEATHS = 5


class MovedError(Exception):
    """The source changed while it was measured."""


def run_cases(subject: Subject, shard: int, first: int) -> None:
    """In the child: run the cases of a shard from `first` on, a line of JSON for each."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with tempfile.TemporaryDirectory(prefix="magistrate-soak-") as folder, subject.rig(Path(folder).resolve()) as trial:
        for case in range(first, subject.cases):
            out.write(json.dumps({"case": case, **outcome_of(subject, trial, shard, case)}) + "\n")
            out.flush()


def outcome_of(subject: Subject, trial: Any, shard: int, case: int) -> dict[str, Any]:
    """How one case ended: `seen` a word and `figures` where there are some, or `failed` with the reason."""
    faulthandler.dump_traceback_later(CASE_SECONDS, exit=True)
    try:
        told = trial(chances(subject.name, shard, case))
        return {"seen": str(told), "figures": dict(told.figures) if isinstance(told, Told) else {}}
    except Exception as error:  # noqa: BLE001  whatever comes out of a case is what it found
        return {"failed": f"{type(error).__name__}: {error}"[:2000]}
    finally:
        faulthandler.cancel_dump_traceback_later()


def run_shard(subject: Subject, shard: int, told: Progress) -> dict[str, Any]:
    """One shard in processes of its own: a new one after each that died. Raises MovedError."""
    sources = freshness.sources_digest(list(subject.measures))
    began, seen, failures = time.monotonic(), Counter[str](), list[dict[str, Any]]()
    figures: dict[str, list[int]] = {}
    case = deaths = 0
    while case < subject.cases and deaths < MAX_DEATHS:
        for line in child_lines(subject, shard, case):
            case = int(line.get("case", case)) + 1
            if "seen" in line:
                seen[str(line["seen"])] += 1
                for name, numbers in line["figures"].items():
                    figures.setdefault(name, []).extend(numbers)
            else:
                failures.append({"case": case - 1, "why": str(line["failed"])})
                deaths += "died" in line
            told.one_more(failed="failed" in line)
    if freshness.sources_digest(list(subject.measures)) != sources:
        raise MovedError(subject.name)
    return {
        "shard": shard, "sources": sources, "cases": case, "seen": dict(sorted(seen.items())), "failures": failures,
        "figures": figures, "seconds": round(time.monotonic() - began, 1), "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }  # fmt: skip


def child_lines(subject: Subject, shard: int, first: int) -> Iterator[dict[str, Any]]:
    """What a child says of its cases; a child that dies says so of the case it was at."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAGISTRATE_", "GIT_"))}
    argv = [sys.executable, __file__, "--shard", f"{shard}:{first}", subject.name]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=said, text=True, env={**environment, **CLEAN}
        )  # fmt: skip
        assert child.stdout is not None  # noqa: S101  given above
        at = first
        try:
            for line in child.stdout:
                found = json.loads(line)
                at = found["case"] + 1
                yield found
        finally:
            if child.poll() is None and sys.exc_info()[0] is not None:
                child.terminate()
            child.wait()
        if child.returncode != 0 or at < subject.cases:
            said.seek(0)
            tail = said.read()[-1500:].decode(errors="replace").strip()
            yield {"case": at, "failed": f"the process ended with {child.returncode}: {tail}", "died": True}


class Progress:
    """One line that says how far a subject is and how long it still takes."""

    def __init__(self, subject: Subject, done: int) -> None:
        self._subject, self._done, self._failed = subject, done, 0
        self._began, self._ran = time.monotonic(), 0
        self._lock = threading.Lock()

    def one_more(self, *, failed: bool) -> None:
        """A case ended; on a terminal the line is written anew."""
        with self._lock:
            self._done += 1
            self._ran += 1
            self._failed += failed
            if sys.stdout.isatty():
                print(f"\r{self.line()}\033[K", end="", flush=True)

    def line(self) -> str:
        """`name: 250 of 10000 cases, 0 failed, about 12 min left`."""
        whole = self._subject.shards * self._subject.cases
        left = (whole - self._done) * (time.monotonic() - self._began) / max(1, self._ran)
        words = f"{left / 60:.0f} min" if left > 90 else f"{left:.0f} s"
        return f"{self._subject.name}: {self._done} of {whole} cases, {self._failed} failed, about {words} left"


def run_subject(subject: Subject, *, jobs: int, again: bool) -> bool:
    """Run what has not run on this source; True when the whole result holds."""
    shards = {} if again else kept_shards(subject, SEED)
    waiting = [number for number in range(subject.shards) if number not in shards]
    told = Progress(subject, sum(shard["cases"] for shard in shards.values()))
    if shards:
        print(f"{subject.name}: {len(shards)} of {subject.shards} shards have run on this source", flush=True)
    result = write_result(subject, SEED, shards, machine())
    with ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(run_shard, subject, number, told) for number in waiting]
        try:
            for one in as_completed(running):
                shard = one.result()
                shards[shard["shard"]] = shard
                result = write_result(subject, SEED, shards, machine())
                print(f"{chr(13) if sys.stdout.isatty() else ''}{told.line()}", flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    trouble = verdict_on(subject, result)
    for failure in result["failures"]:
        print(
            f'  make soak ARGS="--replay {failure["shard"]}:{failure["case"]} {subject.name}"  {failure["why"][:200]}'
        )
    seen = ", ".join(f"{count} {word}" for word, count in result["seen"].items())
    print(f"{subject.name} ({subject.requirement}): {'; '.join(trouble) or 'holds'}; {result['seconds']} s; {seen}")
    return not trouble


def replay(subject: Subject, shard: int, case: int) -> None:
    """One case again, in this process; its exception is shown whole."""
    os.environ.update(CLEAN)
    with tempfile.TemporaryDirectory(prefix="magistrate-soak-") as folder, subject.rig(Path(folder).resolve()) as trial:
        print(trial(chances(subject.name, shard, case)))


def main(argv: list[str]) -> int:
    """Run, list or replay."""
    parser = argparse.ArgumentParser(prog="make soak", description="hours of cases; an interrupted run goes on")
    parser.add_argument("names", nargs="*", metavar="NAME", help="subjects; all of them without a name")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--replay", metavar="SHARD:CASE", help="play one case of one subject again")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="shards at a time (1)")
    parser.add_argument("--again", action="store_true", help="run what has run on this source too")
    parser.add_argument("--check", action="store_true", help="say which results are stale")
    parser.add_argument("--shard", metavar="SHARD:CASE", help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    named = {subject.name: subject for subject in SUBJECTS}
    unknown = [name for name in asked.names if name not in named]
    single = asked.replay or asked.shard
    if unknown or (single and len(asked.names) != 1):
        print(f"no such subject: {', '.join(unknown)}" if unknown else "name one subject", file=sys.stderr)
        return 2
    chosen = [named[name] for name in asked.names] or list(SUBJECTS)
    if asked.list:
        for one in chosen:
            print(f"{one.name:<20} {one.requirement:<4} {one.shards * one.cases:>6} cases  {one.says}")
        return 0
    if asked.check:
        stale = [*stale_soaks(SUBJECTS), *stale_benches(ROOT / "docs/results/bench.json")]
        left, told = told_as_older(ROOT / "docs/results/older.toml", stale)
        print("\n".join([*left, *told]) or "every result is of the source that is there")
        return 1 if left else 0
    if single:
        shard, case = map(int, single.split(":"))
        play = replay if asked.replay else run_cases
        play(chosen[0], shard, case)
        return 0
    return run_all(chosen, jobs=asked.jobs, again=asked.again)


def run_all(chosen: Sequence[Subject], *, jobs: int, again: bool) -> int:
    """Run subjects one after the other; the exit status."""
    try:
        held = [run_subject(subject, jobs=jobs, again=again) for subject in chosen]
    except MovedError as moved:
        print(f"{moved}: the source changed while it was measured; run it again", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
