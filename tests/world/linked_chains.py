"""Chains to be caught: strict changes in parts, over repositories.

A chain is a list of parts in the order in which they come; each part is one change to one repository. What comes last
is what nobody may let through unseen.

The labels are self-made, by who wrote the rules of links and with them in mind: they show that the rules hold, not how
many chains of others are found. Five of the eight ways to be linked are declared, three are found in files. Agent and
session are written down, and whoever judges sides does not look at them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from magistrate.domain.impact import FileChange
from magistrate.judge import MODES, assess_request
from magistrate.ports import GitReader, TreeEntry
from magistrate.usecases.across import Side
from magistrate.usecases.assess import Assessed, Assessor
from magistrate.usecases.composition import Part

State = Mapping[str, bytes]


@dataclass(kw_only=True)
class MemoryGit:
    """Trees by name, as a reader of a repository gives them; `modes` of files that are no ordinary ones."""

    trees: dict[str, State] = field(default_factory=dict)
    modes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def list_tree(self, tree: str) -> tuple[TreeEntry, ...]:
        modes = self.modes.get(tree, {})
        return tuple(
            TreeEntry(path=path, mode=modes.get(path, "100644"), object_id=_name(held), size=len(held))
            for path, held in self.trees[tree].items()
        )

    def read_blobs(self, object_ids: Sequence[str]) -> Mapping[str, bytes]:
        held = {_name(one): one for tree in self.trees.values() for one in tree.values()}
        return {name: held[name] for name in object_ids}


def reading(git: MemoryGit) -> GitReader:
    """As much of a reader as judging linked sides asks for."""
    return cast("GitReader", git)


class NearAssessor(Assessor):
    """The assessor of the product in this process, without a sandbox around it."""

    def __init__(self) -> None:
        object.__setattr__(self, "runs", 0)

    def of_case(self, case: Mapping[str, Any], said: Sequence[Any] = ()) -> Assessed:
        reply = assess_request({"case": dict(case), "evidence": []}, "sha256:" + "0" * 64)
        return Assessed(verdict=reply["assessment"], evidence=())

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return MODES[request["mode"]](request, "", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One part of a chain: where, by whom, and the whole content of each file it writes."""

    repository: str
    agent: str
    session: int
    files: Mapping[str, bytes]
    lands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What stood before, the steps, and whether they come to something strict."""

    name: str
    base: Mapping[str, State]
    steps: tuple[Step, ...]
    strict: bool


def _name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


WORKFLOW = """on: push
permissions:
  contents: read
jobs:
  ship:
    runs-on: ubuntu-24.04
    environment: production
    steps:
      - uses: {}
"""
USERS: dict[str, dict[str, str]] = {
    "action": {".github/workflows/ship.yml": WORKFLOW.format("acme/{name}@v1")},
    "image": {"deploy/web.yaml": "kind: Deployment\nspec:\n  serviceAccountName: web\n  containers:\n    - image: ghcr.io/acme/{name}:1\n"},
    "compose": {"compose.yaml": "services:\n  web:\n    image: acme/{name}\n    privileged: true\n"},
    "submodule": {".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ../{name}.git\n', ".magistrate.yml": "links:\n  {name}: {{submodule: [x]}}\n"},
    "module": {".magistrate.yml": "links:\n  {name}: {{module: [vpc]}}\n"},
    "target": {".magistrate.yml": "links:\n  {name}: {{deploy_target: [payments]}}\n"},
    "secret": {".magistrate.yml": "links:\n  {name}: {{secret: [ORDERS_KEY]}}\n"},
    "workflow": {".magistrate.yml": "links:\n  {name}: {{workflow: [ship.yml]}}\n"},
}  # fmt: skip
BODIES: dict[str, tuple[str, str]] = {
    "py": ("def f{0}(a):\n    return a + {0}\n", "def f{0}(a):\n    return a - {0}\n"),
    "js": ("exports.f{0} = (a) => a + {0}\n", "exports.f{0} = (a) => a * {0}\n"),
    "go": ("package p\n\nfunc F{0}(a int) int {{\n\treturn a + {0}\n}}\n", "package p\n\nfunc F{0}(a int) int {{\n\treturn a - {0}\n}}\n"),
}  # fmt: skip
USED, USER, STRANGER = "runner", "shop", "elsewhere"


def linked_chains(seed: int, each: int) -> Iterator[Chain]:
    """For each way to be linked and each language so many chains, and as many that look the same and are not linked,
    or change nothing but a page at one end."""
    chance = random.Random(seed)
    for way, texts in USERS.items():
        for ending in BODIES:
            for number in range(each):
                for kind in ("linked", "unlinked", "page"):
                    yield _chain(f"{way}-{ending}-{number}-{kind}", texts, ending, kind, chance)


def _chain(name: str, texts: Mapping[str, str], ending: str, kind: str, chance: random.Random) -> Chain:
    old, new = BODIES[ending]
    parts = chance.randint(2, 20)
    files = {f"src/m{at}.{ending}": (old.format(at).encode(), new.format(at).encode()) for at in range(parts)}
    named = STRANGER if kind == "unlinked" else USED
    base = {
        USER: {path: text.format(name=named).encode() for path, text in texts.items()} | {p: one for p, (one, _) in files.items()},
        USED: {path: one for path, (one, _) in files.items()},
    }  # fmt: skip
    wheres = [USED, USER, *(chance.choice((USED, USER)) for _ in range(parts - 2))]
    chance.shuffle(wheres)
    steps = []
    for at, (path, (_, after)) in enumerate(files.items()):
        written = {path: after}
        if kind == "page" and wheres[at] == USED:
            written = {f"docs/p{at}.md": f"# Page {at}\n\nThis page tells of part {at}.\n".encode()}
        agent = chance.choice(("fixer", "helper"))
        lands = at < parts - 1 and chance.random() < 0.6
        steps.append(Step(repository=wheres[at], agent=agent, session=chance.randint(1, 5), files=written, lands=lands))
    return Chain(name=name, base=base, steps=tuple(steps), strict=kind == "linked")


def sides_of(chain: Chain, last: str | None = None) -> tuple[Side, tuple[Side, ...], tuple[FileChange, ...], Any]:
    """The side of the last step with that step as its last part, the other sides, and the last step's files."""
    git: Any = MemoryGit()
    state = {name: dict(files) for name, files in chain.base.items()}
    parts: dict[str, list[Part]] = {name: [] for name in state}
    flying: dict[str, list[Part]] = {name: [] for name in state}
    final: tuple[FileChange, ...] = ()
    for step in chain.steps:
        now = state[step.repository]
        final = tuple(
            FileChange(
                path=path, before=now.get(path), after=after, mode_before="100644" if path in now else None,
                mode_after="100644",
            )
            for path, after in step.files.items()
        )  # fmt: skip
        (parts if step.lands else flying)[step.repository].append(Part(changes=final, landed=step.lands))
        if step.lands:
            now.update(step.files)
    git.trees = dict(state)
    made = {
        name: Side(
            repository=name, ref="refs/heads/main", git=reading(git), tree=name, parts=(*parts[name], *flying[name]),
            members=(name,),
        )
        for name in state
    }  # fmt: skip
    mine = made.pop(chain.steps[-1].repository)
    return mine, tuple(made.values()), final, git
