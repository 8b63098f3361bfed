"""1,000 proposals of one owner, half of them landed: what the next one pays to count its company and to join all of it.

Run: `python bench/bench_chains.py`. The peer reads the same rows and payloads from the same store one by one, without
looking at them. Judging itself is measured by bench_assess; here it is the count before it (R32). The landed ones have a
decision each, which is opened.

`across`: the same number over ten repositories, each linked with the next (R34): counting who is elsewhere; reading ten trees of
real git, finding every link and joining each repository, without judging; and the same with judging each, in this process. The
peer reads the files of the same trees that may name a link.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from measured import in_turn, spread

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import msgspec  # noqa: E402  the path is set above
from world.casework import CaseWorld  # noqa: E402
from world.linked_chains import NearAssessor  # noqa: E402

from magistrate.domain.execution import Action  # noqa: E402
from magistrate.domain.impact import FileChange, Strictness  # noqa: E402
from magistrate.domain.lifecycle import CaseState  # noqa: E402
from magistrate.domain.links import LINKING  # noqa: E402
from magistrate.usecases.across import Side, judged_across  # noqa: E402
from magistrate.usecases.assess import Assessed, case_of  # noqa: E402
from magistrate.usecases.company import IN_FLIGHT, LANDED, company_of  # noqa: E402
from magistrate.usecases.composition import Part, net_of, within_bounds  # noqa: E402
from magistrate.wire.assessment import Verdict  # noqa: E402
from magistrate.wire.canonical import digest  # noqa: E402
from magistrate.wire.decision import Decision  # noqa: E402
from magistrate.wire.document import open_envelope  # noqa: E402
from magistrate.wire.front_api import SealRequest  # noqa: E402
from magistrate.wire.proposal import Proposal  # noqa: E402

MEASURES = (
    "src/magistrate/usecases/company.py",
    "src/magistrate/usecases/composition.py",
    "src/magistrate/usecases/across.py",
    "src/magistrate/usecases/settled.py",
    "src/magistrate/domain/links.py",
    "src/magistrate/adapters/stores/projections.py",
    "src/magistrate/adapters/stores/records.py",
)
MEMBERS: Final = 1_000
ROUNDS: Final = 15
JUDGED_ROUNDS: Final = 5
REPOSITORIES: Final = ("shop", *(f"part{number}" for number in range(1, 10)))
NEAR: Final = NearAssessor()
FILES: Final = {"notes.md": "# Notes\n\nThis service greets people.\n"}


def main() -> dict[str, Any]:
    """Milliseconds for one more proposal, and the ratio to reading the rows."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as another:
        world = CaseWorld(Path(folder))
        town = CaseWorld(Path(another), repositories=REPOSITORIES)
        try:
            return {**_measured(world, _opened(world)), "across": _across(town)}
        finally:
            world.store.close()
            town.store.close()


def _opened(world: CaseWorld, members: int = MEMBERS) -> Any:
    """So many proposals in flight, and the last of them."""
    session = world.session(minutes=60)
    first = world.proposal(FILES, session.session)
    body = open_envelope(first.proposal, Proposal, deployment=world.deployment.name).body
    last = world.seal(first)
    for number in range(members):
        other = msgspec.structs.replace(body, prompt_commitment=digest(b"%d" % number))
        envelope = world.deployment.by_process("front", other, "prp", now=world.now)
        earlier, last = last, world.seal(_with(first, envelope))
        if number % 2:
            _land(world, earlier)
    return last


def _land(world: CaseWorld, case: Any) -> None:
    """As if it had been decided, executed and verified."""
    decision = Decision(
        proposal=case.facts.proposal, assessment_verdict=digest(b"v"), policy=digest(b"p"), roster=digest(b"r"),
        action=Action.MERGE, environment="staging", strictness=Strictness.ONE, obligations=(), reasons=(),
    )  # fmt: skip
    with world.store.transaction() as unit:
        name = case.facts.proposal
        signed = world.pen.sign(decision, "dec", now=world.now, lifetime=None)
        unit.keep(signed, kind=Decision.NAME, proposal=name, author="control", seq=1)
        unit.project(name, replace(case.standing, state=CaseState.SUCCEEDED, updated=world.now, warrant_seq=1))


def _with(request: SealRequest, envelope: Any) -> SealRequest:
    return msgspec.structs.replace(request, proposal=envelope)


def _measured(world: CaseWorld, case: Any) -> dict[str, Any]:
    name = world.deployment.name

    def counted() -> int:
        with world.store.transaction() as unit:
            return len(company_of(unit, case, name, world.now).others)

    def read() -> int:
        with world.store.transaction() as unit:
            rows = unit.companions(case.facts.agent, case.facts.owner, since=0, states=(*IN_FLIGHT, *LANDED))
            return sum(len(unit.payload(row.facts.proposal, "diff")) for row in rows)

    parts = [_part(number) for number in range(MEMBERS)]
    held = {change.path: (change.before, change.mode_before) for part in parts for change in part.changes}

    def joined() -> int:
        kept, _ = within_bounds(parts)
        return len(net_of((), kept, lambda path: held[path])[0])

    members = counted()
    if members != MEMBERS:
        raise RuntimeError(f"{members} companions were counted of {MEMBERS}")
    ours, peer = in_turn(counted, read, ROUNDS)
    together, _ = in_turn(joined, joined, ROUNDS)
    return {
        "members": members,
        "company_ms": spread(ours),
        "peer_rows_and_payloads_ms": spread(peer),
        "ratio_of_medians": round(spread(ours)["median"] / spread(peer)["median"], 2),
        "joined_ms": spread(together),
    }


def _across(world: CaseWorld) -> dict[str, Any]:
    """The same count over ten linked repositories, a hundred proposals in each."""
    share = MEMBERS // len(REPOSITORIES)
    texts = {f"src/m{number}.py": "a = 1\n" for number in range(share)}
    cases = []
    for at, name in enumerate(REPOSITORIES):
        after = REPOSITORIES[(at + 1) % len(REPOSITORIES)]
        linked = {
            ".magistrate.yml": f"version: 1\nlinks:\n  {after}: {{image: [x]}}\n",
            "notes.md": "# Notes\n",
            **texts,
        }
        if at:
            world.open_repository(name, linked)
        else:
            world.seed(linked)
        cases.append(_opened(world, share))
    case, name = cases[0], world.deployment.name

    def counted() -> int:
        with world.store.transaction() as unit:
            found = company_of(unit, case, name, world.now)
            return len(found.others) + len(found.elsewhere)

    sides = [_side(world, name, share) for name in REPOSITORIES]
    own = NEAR.of_case(case_of(_part(0).changes, "own")).verdict
    verdict = msgspec.convert(own, Verdict, strict=True)
    places = {one.repository: one for one in world.trust.policy().body.repositories}

    def linked_sides(assessor: NearAssessor) -> int:
        return len({one.repository for one in judged_across(assessor, sides[0], sides[1:], (verdict,), places)})

    def read() -> int:
        return sum(
            len(
                side.git.read_blobs(
                    [one.object_id for one in side.git.list_tree(side.tree) if LINKING.search(one.path)]
                )
            )
            for side in sides
        )

    members, unjudged = counted(), _Unjudged(own)
    if (members, linked_sides(unjudged)) != (MEMBERS + len(REPOSITORIES) - 1, len(REPOSITORIES) - 1):
        raise RuntimeError(f"{members} companions were counted, or not every repository was linked")
    ours, peer = in_turn(lambda: linked_sides(unjudged), read, ROUNDS)
    company, judged = in_turn(counted, lambda: linked_sides(NEAR), JUDGED_ROUNDS)
    return {
        "repositories": len(REPOSITORIES),
        "members": members,
        "company_ms": spread(company),
        "links_and_joins_ms": spread(ours),
        "peer_texts_of_the_trees_ms": spread(peer),
        "ratio_of_medians": round(spread(ours)["median"] / spread(peer)["median"], 2),
        "judged_in_this_process_ms": spread(judged),
    }


class _Unjudged(NearAssessor):
    """Finds links as the product does, and answers every case with one verdict."""

    def __init__(self, verdict: dict[str, Any]) -> None:
        super().__init__()
        object.__setattr__(self, "_verdict", verdict)

    def of_case(self, case: Mapping[str, Any], said: Sequence[Any] = ()) -> Assessed:  # noqa: ARG002  none is judged
        return Assessed(verdict=self._verdict, evidence=())  # type: ignore[attr-defined]


def _side(world: CaseWorld, name: str, share: int) -> Side:
    world.at(name)
    tip = world.repositories.tip(name, "refs/heads/main")
    return Side(
        repository=name, ref="refs/heads/main", git=world.repositories.reader(name),
        tree=world.repositories.tree(name, tip), parts=tuple(_part(number) for number in range(1, share)),
        members=(name,),
    )  # fmt: skip


def _part(number: int) -> Part:
    path = f"src/m{number}.py"
    change = FileChange(
        path=path, before=b"a = 1\n", after=b"a = %d\n" % number, mode_before="100644", mode_after="100644"
    )
    return Part(changes=(change,), landed=number % 2 == 0)


if __name__ == "__main__":
    import json

    print(json.dumps(main(), indent=2))
