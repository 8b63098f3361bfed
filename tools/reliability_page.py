"""Write docs/reliability.md from the results of the crash matrices (docs/results/soak-crash-*.json).

The cells are those of tests/soak/crash_cells.py, action_cells.py and journal_cells.py, the numbers those of the soak; `--check` writes nothing
and exits 1 when the page is not what they say.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

from soak.action_cells import CELLS as ACTION_CELLS  # noqa: E402
from soak.action_cells import NOT_HERE  # noqa: E402
from soak.crash_cells import CELLS, FAULTS, MATRIX, MOMENTS, NOT_APPLICABLE, Cell  # noqa: E402  the paths are set above
from soak.journal_cells import CELLS as JOURNAL_CELLS  # noqa: E402
from soak.journal_cells import FAULTS as JOURNAL_FAULTS  # noqa: E402
from soak.subject import SEED  # noqa: E402

PAGE = ROOT / "docs/reliability.md"
RESULT = ROOT / "docs/results/soak-crash-matrix.json"
ACTIONS = ROOT / "docs/results/soak-crash-actions.json"
JOURNALS = ROOT / "docs/results/soak-crash-journal.json"
BENCH = ROOT / "docs/results/bench.json"
UNTOUCHED = ("kill executor", "journal full")
"""Faults that leave the executor running and the provider answering while it revokes; else a revocation takes the outage."""
HEAD = """# What survives a crash

<!-- written by `make docs` from docs/results/soak-crash-matrix.json; do not edit -->

One execution of `git_merge` with the broker of the embedded git gate, with real processes: an executor, a gate, git.
Each case drives it to one durable write of the executor's journal, strikes before or after that write (right after
`effect.started` mostly inside the push), heals, and waits until everything has its end. Then all of this must hold:

- no credential is usable: every token that went over the wire to the executor, also in answers that never arrived, is
  tried at the gate, and the gate's own list is read. In a quarter of the cases where the executor is killed or stopped,
  the provider is silent or a clock jumps, nothing heals until the lease has ended, and the tokens are tried at that moment;
- no effect happened twice: the log of the ref knows each move once;
- nothing is half done: the ref is at the old commit, the new or its inverse (or where another hand put it, untouched),
  `git fsck --strict` finds nothing, no lock is left;
- no report is lost: control was told each entry of the journal and exactly one signed report, whose outcome is where the
  ref stands;
- the journal verifies, every lease is RELEASED, none lacks its proposal, warrant, reason, scope or end (R51), and the gate
  minted none that has no row in the journal.

`make soak ARGS=crash-matrix` runs it, an interrupted run goes on, an empty cell fails. A sample, each write and each fault
once, is part of `make test` (`tests/process/test_crash_matrix.py`).

**By real means.** Kill is SIGKILL and stop is SIGSTOP, to the process group. Full is a small tmpfs filled to the last byte
where the runner may mount one (root), else, and in a fifth of the cases, RLIMIT_FSIZE set from outside, which needs no
privilege. A clock jumps by an hour for both processes and stays, or for one of them for a while. Slow is a wire that
delays each piece of an answer, by chance beyond the executor's patience, so that it gives up what the gate then does; dead
is a wire that resets every connection.
"""
OTHERS = """# The other actions

Releases, deployments that something follows (`deploy`) or that are brought to a target (`deliver`), changes of entitlements, rotations, and
the ways back, in the same way: `make soak ARGS=crash-actions`, with a sample in `tests/process/test_crash_actions.py`. The database is a real
PostgreSQL; a target that runs a deployment and a consumer of a secret are programs behind real sshds. Each stands behind a wire of its
own, and `slow` and `dead` strike all ways at once. Each write that is the action's own meets every fault, before the write or after it in
turn. Beside what must hold above:

- no role of a lease is left at the database, and none can log in, by the database's own clock, once its lease has ended;
- what the database gives away is what it gave before or what was approved, and the ref of the stage records the same;
- no certificate that was ever minted, with its key, is let in by a target, and nothing that a lease started still runs there; what the target
  runs is what the ref of the stage records, whole, and it was brought there once;
- whoever uses a secret is let in at the end, whatever became of its rotation; where it succeeded the former login is dead, where it was taken
  back the former alone lives, and what stopped between is HALTED, with either or both alive.
"""
JOURNAL = """# The journal on PostgreSQL

Merges in the same way, with the executor's journal on a real PostgreSQL behind a wire of its own: `make soak ARGS=crash-journal`, with a sample
in `tests/process/test_crash_journal.py`. The server of the journal is killed, and recovers from its own log; it stands still, by chance for
longer than the executor waits; its answers come late; every connection to it is cut. Each write meets each fault, before the write or after
it in turn, and in a quarter of the cases the journal stays away until the lease has ended. The same must hold as above.
"""
RESTORE = """
## Time to restore

From the last failing look at what runs to the tree that was there before, its credential dead and probed and the report sent: median {median} ms,
p95 {p95} ms (n {n}), {ratio} times the bare push of that commit in the same run (`make bench ARGS=restore`: a real executor's round,
the real gate, local git). How long a look may fail before it counts is policy's (`within_seconds`), and comes before.
"""
TAIL = """
## What it does not show

One machine, one file system, one gate and one executor; a power cut, which may lose what a disk acknowledged, is not made.
Control is a memory behind HTTP, the judge says what the case says, the policy's check passes: these have tests of their
own. With the journal on PostgreSQL clocks and the disk of the server are not struck. An inverse that the gate could not take
in time ends HALTED, loudly, with the change still there: safe, and a person has to look.

## Two executors

A second executor on one journal is refused (MAG-E383). A warrant names one executor: control offers and gives it to that
one only, another leaves it alone whatever control says, and executor and gate refuse it (MAG-E124). One key in two homes
moves a ref once, as the gate mints one credential for one warrant.
"""


def page(
    result: Mapping[str, Any], actions: Mapping[str, Any], journals: Mapping[str, Any], *, restore: Mapping[str, Any]
) -> str:
    """The whole page."""
    return "\n".join(
        [HEAD, *_told(result, CELLS, FAULTS), *_not_applicable(), OTHERS, *_told(actions, ACTION_CELLS, FAULTS), *_not_here(), JOURNAL, *_told(journals, JOURNAL_CELLS, JOURNAL_FAULTS), _restored(restore), "", TAIL.strip(), ""]
    )  # fmt: skip


def _told(result: Mapping[str, Any], cells: Sequence[Cell], faults: Sequence[str]) -> list[str]:
    seen = [(word.rpartition(": ")[0], word.rpartition(": ")[2], count) for word, count in result["seen"].items()]
    return [*_run(result, cells), *_by_fault(seen, result, faults), *_by_cell(seen, result, cells, faults)]


def _restored(restore: Mapping[str, Any]) -> str:
    took = restore["failed_look_to_restored_ms"]
    return RESTORE.strip().format(
        median=round(took["median"]), p95=round(took["p95"]), n=took["n"], ratio=restore["ratio_of_medians"]
    )


def _run(result: Mapping[str, Any], cells: Sequence[Cell]) -> list[str]:
    machine, failures = result["machine"], result["failures"]
    return [
        "## The run", "",
        (f"{result['cases']} cases over {len(cells)} cells, {len(failures)} failed; {result['date']},"
        f" {machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']};"
        f" {round(result['seconds'] / 60)} minutes of work."),
        (f"Seed {result['seed']!r}. The source measured, by its digest (`tools/freshness.py`): {_sources(result)}."
        " A result of older source is told in docs/results/older.toml."), "",
        *(f"- failed: `{one['why'].splitlines()[0][:160]}`" for one in failures), *([""] if failures else []),
    ]  # fmt: skip


def _sources(result: Mapping[str, Any]) -> str:
    """Each source with its cases: a run that went on after a change says so."""
    counted = Counter[str]()
    for shard in result["shards"]:
        counted[shard["sources"]] += shard["cases"]
    return ", ".join(f"`{name[:23]}` for {count} cases" for name, count in counted.most_common())


def _by_fault(seen: Sequence[tuple[str, str, int]], result: Mapping[str, Any], faults: Sequence[str]) -> list[str]:
    rows = ["## By fault", "", "`dead` is from the beginning of a revocation that went through to the refused probe, in ms.", "",
            "| fault | n | outcomes | leases | dead p50 | p99 | max |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    figures: dict[str, list[int]] = {fault: [] for fault in faults}
    for shard in result["shards"]:
        for name, numbers in shard.get("figures", {}).items():
            figures[name] += numbers
    for fault in faults:
        ended = Counter[str]()
        for cell, outcome, count in seen:
            if cell.endswith(f", {fault}"):
                ended[outcome] += count
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(ended.items()))
        rows.append(f"| {fault} | {ended.total()} | {told} | {_spread(figures[fault])} |")
    untouched = [fault for fault in UNTOUCHED if fault in faults]
    well = [number for fault in untouched for number in figures[fault]]
    ill = [number for fault in faults if fault not in untouched for number in figures[fault]]
    rows += [
        f"| **both run, no wrong clock** ({', '.join(untouched)}) | | | {_spread(well)} |",
        f"| **the outage counted in** (all others) | | | {_spread(ill)} |", "",
    ]  # fmt: skip
    return rows


def _spread(numbers: Sequence[int]) -> str:
    """Count, median, 99th percentile (nearest rank) and greatest."""
    if not numbers:
        return "0 | | | "
    ordered = sorted(numbers)
    last = ordered[-(-99 * len(ordered) // 100) - 1]
    return f"{len(ordered)} | {ordered[(len(ordered) - 1) // 2]} | {last} | {ordered[-1]}"


def _by_cell(
    seen: Sequence[tuple[str, str, int]], result: Mapping[str, Any], cells: Sequence[Cell], faults: Sequence[str]
) -> list[str]:
    counts = Counter[str]()
    for cell, _, count in seen:
        counts[cell] += count
    bad = Counter(one["why"].split("BrokenError: ")[-1].rpartition(": ")[0] for one in result["failures"])
    there = {cell.name for cell in cells}
    rows = ["## By cell", "", "n of cases in which everything held; `0` is an empty cell, which fails; `-` is none.", "",
            f"| write | moment | {' | '.join(faults)} |", "|---" * (len(faults) + 2) + "|"]  # fmt: skip
    for row in dict.fromkeys(cell.row for cell in cells):
        for moment in MOMENTS:
            names = [f"{row}, {moment}, {fault}" for fault in faults]
            told = [
                f"{counts[name]}{' (failed)' if any(name in why for why in bad) else ''}" if name in there else "-"
                for name in names
            ]
            rows.append(f"| {row} | {moment} | {' | '.join(told)} |")
    return [*rows, ""]


def _not_applicable() -> list[str]:
    rows = ["## Not applicable", "", "| step | cells | why |", "|---|---|---|"]
    for step, why in NOT_APPLICABLE.items():
        rows.append(f"| {step} | {sum(cell.point.step == step for cell in MATRIX)} | {why} |")
    return [*rows, ""]


def _not_here() -> list[str]:
    rows = ["## Without cells", "", "| what | why |", "|---|---|"]
    return [*rows, *(f"| {what} | {why} |" for what, why in NOT_HERE.items()), ""]


def main(argv: Sequence[str]) -> int:
    """Write the page, or say that it is stale."""
    found = [json.loads(place.read_text()) for place in (RESULT, ACTIONS, JOURNALS)]
    if {one["seed"] for one in found} != {SEED}:
        print("a result is of another seed", file=sys.stderr)
        return 1
    wanted = page(*found, restore=json.loads(BENCH.read_text())["bench_restore"])
    if "--check" in argv:
        if not PAGE.exists() or PAGE.read_text() != wanted:
            print("docs/reliability.md is not what the result says; run: make docs", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
