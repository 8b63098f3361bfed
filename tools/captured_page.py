"""Writes docs/captured-control.md from the scripted attempts in tests/attacks; --check only compares."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/captured-control.md"
NAMED = re.compile(r"([a-z]+(?:-[a-z]+)+): (\S.*)\Z")
PARTS = {
    "test_captured_people": ("What people agreed to", ""),
    "test_captured_roots": ("Rosters, policies, agents and stops", ""),
    "test_captured_control": ("Warrants, records and effects", ""),
    "test_captured_judgement": ("Verdicts, chains, drills and repeats", "executor"),
    "test_captured_diffs": ("Diffs that reach out of the repository, at the real judge", "executor"),
    "test_stolen_executor": ("A stolen executor key, or none, at the gate", "gate"),
    "test_stolen_executor_undo": ("The way back, with a stolen executor key", "gate"),
}
"""Each module of attempts with its heading, and the door that its tests without a table are tried at."""
HEAD = """# A captured control, attempt by attempt

Written by `make docs` from `tests/attacks`, where each of these {count} attempts runs against a real gate process and a real
repository, and all but the last two parts against a real executor too (its assessor is told what is true of the honest case,
but for the part about diffs, where it is the real one). The attacker has control's, front's and the log's key, its database and its pages, answers the
executor as control does, has the witness cosign whatever extends the log, and asks the gate with the executor's own key. Not
theirs are people's keys, the witness's key, and what people installed beside executor and gate: pins, roster, policy, freezes.

An attempt is an honest case with one thing changed. It is refused for that very thing, by its code and words and with an alarm;
the ref stays where it was and no lease is left that would push; then the honest case goes through in the same world. What each
part can do when it is captured, and what stays undefended, is in the [threat model](threat-model.md).
"""


def page() -> str:
    """The whole page."""
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/attacks")]
    count, parts = 0, []
    for name, (heading, door) in PARTS.items():
        rows = _rows(importlib.import_module(name), door)
        count += len(rows)
        parts.append(
            f"\n## {heading}\n\n| attempt | what the attacker hopes | refused by |\n|---|---|---|\n" + "".join(rows)
        )
    return HEAD.format(count=count) + "".join(parts)


def _rows(module: ModuleType, door: str) -> list[str]:
    rows = []
    for name, attempt in getattr(module, "ATTEMPTS", {}).items():
        codes = [f"{one} (`{_code(attempt, one)}`)" for one in attempt.doors]
        rows.append(f"| {name} | {attempt.hope} | {', '.join(codes)} |\n")
    for name, (hope, _, (code, _)) in getattr(module, "DIFFS", {}).items():
        rows.append(f"| {name} | {hope} | {door} (`{code}`) |\n")
    for name, test in vars(module).items():
        told = NAMED.match(" ".join((test.__doc__ or "").split())) if name.startswith("test_") else None
        if told is not None:
            rows.append(f"| {told[1]} | {told[2]} | {door} |\n")
    return rows


def _code(attempt: object, door: str) -> str:
    own = getattr(attempt, "gate", None)
    return str(own[0] if own is not None and door == "gate" else getattr(attempt, "code", ""))


def main() -> int:
    """Write the page, or say that it is not what the tests say."""
    made = page()
    if "--check" in sys.argv:
        if PAGE.is_file() and PAGE.read_text() == made:
            return 0
        sys.stdout.write("docs/captured-control.md is not what tests/attacks say: run `make docs`\n")
        return 1
    PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
