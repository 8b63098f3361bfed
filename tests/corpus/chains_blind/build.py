"""Chains made from the plans by a seed: each split into 2 to 20 parts, mixed with harmless ones, spread over sessions and agents.

Nothing here knows how a chain is found. The labels come from what the plans do; `python -m corpus.chains_blind.build`
(with `tests` on the path) writes them to `labels.jsonl`, together with the digest of each case.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.chains_blind import clouds, pipelines, programs
from corpus.chains_blind.plans import Edit, Plan, Step, step

SEED = "blind-1"
VARIANTS = 5
CONTROLS = 2
LABELS = Path(__file__).parent / "labels.jsonl"
FAMILIES = (*pipelines.FAMILIES, *clouds.FAMILIES, *programs.FAMILIES)
SPLIT = (".sh", ".py", ".md", ".js")
COMMENT = {".md": "\nMore will follow in time ({}).\n", ".sql": "-- note {}\n", ".js": "// note {}\n", ".json": None, ".b64": None}
SUBJECTS = ("Names", "Dates", "Amounts", "Pages", "Lists", "Words", "Colours", "Sizes", "Totals", "Notes", "Places", "Units")

Tree = dict[str, str]
Case = dict[str, Any]


class Spoiled(ValueError):
    """An edit that does not fit the state it meets: a fault of the plan."""


def applied(tree: Tree, edits: tuple[Edit, ...]) -> Tree:
    """The tree of one repository after these edits."""
    after = dict(tree)
    for edit in edits:
        if edit.new is None:
            del after[edit.path]
        elif edit.old is None:
            if edit.path in after:
                raise Spoiled(f"{edit.path} is there already")
            after[edit.path] = edit.new
        else:
            text = after.get(edit.path, "")
            if text.count(edit.old) != 1:
                raise Spoiled(f"{edit.path}: {edit.old!r} stands there {text.count(edit.old)} times")
            after[edit.path] = text.replace(edit.old, edit.new)
    return after


def plain(name: str) -> Tree:
    """What every repository has: pages, a small module, its test."""
    words = "".join(f"\n{what} are shown as they come.\n" for what in SUBJECTS)
    return {
        "README.md": f"# {name}\n{words}",
        "docs/usage.md": f"# Use\n{words}",
        "lib/words.py": "def shown(text: str) -> str:\n    return text.strip()\n",
        "tests/test_words.py": "from lib.words import shown\n\n\ndef test_shown() -> None:\n    assert shown(' a ') == 'a'\n",
    }


def halves(plan_step: Step, rng: random.Random) -> list[Step]:
    """The step in two parts, where it makes or extends one file of program or prose; else as it is."""
    edit = plan_step.edits[0]
    if len(plan_step.edits) != 1 or edit.new is None or not edit.path.endswith(SPLIT):
        return [plan_step]
    start = edit.old or ""
    if not edit.new.startswith(start) or (start and not start.endswith("\n")):
        return [plan_step]
    lines = edit.new[len(start):].splitlines(keepends=True)
    if len(lines) < 2 or any(line.startswith(("'''", "    '''")) for line in lines):
        return [plan_step]
    cut = rng.randrange(1, len(lines))
    middle = start + "".join(lines[:cut])
    first = Edit(edit.repository, edit.path, edit.old, middle)
    rest = Edit(edit.repository, edit.path, middle, edit.new)
    return [Step(plan_step.name + "/1", (first,), plan_step.after), Step(plan_step.name, (rest,), (plan_step.name + "/1",))]


def ordered(steps: list[Step], rng: random.Random) -> list[Step]:
    """The steps in a random order that keeps what must come before what."""
    left, out = list(steps), []
    done: set[str] = set()
    while left:
        ready = [one for one in left if set(one.after) <= done]
        chosen = rng.choice(ready)
        left.remove(chosen)
        done.add(chosen.name)
        out.append(chosen)
    return out


def fillers(plan: Plan, rng: random.Random) -> Iterator[Edit]:
    """Harmless edits without end: comments in the plan's own files, prose, small tests."""
    own = sorted((name, path) for name, tree in plan.trees.items() for path in tree if path != ".magistrate.yml")
    number = 0
    prose = [(name, path, what) for name in sorted(plan.trees) for path in ("README.md", "docs/usage.md") for what in SUBJECTS]
    rng.shuffle(prose)
    while True:
        number += 1
        kind = rng.randrange(4)
        name = rng.choice(sorted(plan.trees))
        if kind == 0:
            repository, path = rng.choice(own)
            words = COMMENT.get(Path(path).suffix, "# note {}\n")
            if words is not None:
                yield Edit(repository, path, "$end", words.format(number))
        elif kind == 1 and prose:
            repository, path, what = prose.pop()
            yield Edit(repository, path, f"{what} are shown as they come.", f"{what} are shown in the order in which they come.")
        elif kind == 2:
            yield Edit(name, "lib/words.py", "$end", f"# note {number}\n")
        else:
            yield Edit(name, "tests/test_words.py", "$end", f"\n\ndef test_shown_{number}() -> None:\n    assert shown('b{number} ') == 'b{number}'\n")


def settled(tree: Tree, edit: Edit) -> Edit | None:
    """A filler made fit for the state: the end of the file found, nothing where the file is gone."""
    text = tree.get(edit.path)
    if text is None:
        return None
    if edit.old == "$end":
        return Edit(edit.repository, edit.path, text, text + str(edit.new))
    return edit if text.count(str(edit.old)) == 1 else None


def hands(count: int, rng: random.Random) -> list[tuple[str, str, float]]:
    """For each part: the agent, its session and the day, over one to four agents of one owner and less than thirty days."""
    agents = [f"agent-{n}" for n in range(1, rng.randrange(1, 5) + 1)]
    out, session, agent, day = [], 0, agents[0], 0.0
    for part in range(count):
        if part == 0 or rng.random() < 0.5:
            session, agent = session + 1, rng.choice(agents)
        day += rng.uniform(0.01, 1.3)
        out.append((agent, f"session-{session}", round(day, 2)))
    return out


def chain(name: str, plan: Plan, steps: list[Step], wanted: int, rng: random.Random, *, label: str) -> Case:
    """One case: the steps among fillers, as parts with every file before and after."""
    slots = sorted(rng.sample(range(wanted), len(steps)))
    if label != "harmless" and rng.random() < 0.7:
        slots[-1] = wanted - 1
    trees = {repository: {**plain(repository), **files} for repository, files in plan.trees.items()}
    start = {repository: dict(tree) for repository, tree in trees.items()}
    supply, parts, todo = fillers(plan, rng), [], list(steps)
    for slot, (agent, session, day) in enumerate(hands(wanted, rng)):
        if slot in slots:
            current = todo.pop(0)
            edits, role = current.edits, current.name
        else:
            chosen = next(edit for one in supply if (edit := settled(trees[one.repository], one)) is not None)
            edits, role = (chosen,), "filler"
        repository = edits[0].repository
        before = trees[repository]
        after = applied(before, edits)
        trees[repository] = after
        files = [{"path": path, "before": before.get(path), "after": after.get(path)} for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]
        parts.append({"repository": repository, "agent": agent, "session": session, "day": day, "role": role, "files": files})
    return {
        "id": name, "family": plan.family, "label": label, "surface": plan.surface,
        "why": plan.why if label != "harmless" else "comments, prose, tests and values without effect on the same files",
        "linked": plan.linked, "environments": {repository: plan.environments.get(repository, "prod") for repository in trees},
        "completes": slots[-1], "trees": start, "parts": parts,
    }


def strict(plan: Plan, variant: int) -> Case:
    """The plan split, reordered and interleaved."""
    name = f"{plan.family}-{variant}"
    rng = random.Random(f"{SEED}:{name}")
    steps = list(plan.steps)
    if variant % 2:
        steps = [piece for one in steps for piece in halves(one, rng)]
    wanted = max(len(steps), (len(steps), rng.randrange(3, 8), rng.randrange(5, 13), rng.randrange(10, 17), rng.randrange(15, 21))[variant])
    return chain(name, plan, ordered(steps, rng), wanted, rng, label=plan.label)


def control(plan: Plan, variant: int, which: int, wanted: int) -> Case:
    """As many parts on the same files, harmless in sum."""
    name = f"{plan.family}-{variant}-control-{which}"
    rng = random.Random(f"{SEED}:{name}")
    calm = [step(f"calm-{n}", edit) for n, edit in enumerate(plan.calm)]
    rng.shuffle(calm)
    return chain(name, plan, calm[:wanted], wanted, rng, label="harmless")


def cases() -> Iterator[Case]:
    """Every case, always the same."""
    for family in FAMILIES:
        for variant in range(VARIANTS):
            plan = family(variant)
            made = strict(plan, variant)
            yield made
            for which in range(1, CONTROLS + 1):
                yield control(plan, variant, which, len(made["parts"]))


def digest(case: Case) -> str:
    """What the labels pin: the whole case."""
    return hashlib.sha256(json.dumps(case, sort_keys=True).encode()).hexdigest()


def label_of(case: Case) -> dict[str, Any]:
    """The line that `labels.jsonl` keeps of a case."""
    kept = {key: case[key] for key in ("id", "label", "surface", "why", "linked", "completes")}
    return {**kept, "parts": len(case["parts"]), "sha256": digest(case)}


if __name__ == "__main__":
    LABELS.write_text("".join(json.dumps(label_of(case), sort_keys=True) + "\n" for case in cases()))
