"""1,000 proposals of one owner, half of them landed: what the next one pays to count its company and to join all of it.

Run: `python bench/bench_chains.py`. The peer reads the same rows and payloads from the same store one by one, without
looking at them. Judging itself is measured by bench_assess; here it is the count before it (R32). The landed ones have a
decision each, which is opened.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from measured import in_turn, spread

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import msgspec  # noqa: E402  the path is set above
from world.casework import CaseWorld  # noqa: E402

from magistrate.domain.execution import Action  # noqa: E402
from magistrate.domain.impact import FileChange, Strictness  # noqa: E402
from magistrate.domain.lifecycle import CaseState  # noqa: E402
from magistrate.usecases.company import IN_FLIGHT, LANDED, company_of  # noqa: E402
from magistrate.usecases.composition import Part, net_of, within_bounds  # noqa: E402
from magistrate.wire.canonical import digest  # noqa: E402
from magistrate.wire.decision import Decision  # noqa: E402
from magistrate.wire.document import open_envelope  # noqa: E402
from magistrate.wire.front_api import SealRequest  # noqa: E402
from magistrate.wire.proposal import Proposal  # noqa: E402

MEASURES = (
    "src/magistrate/usecases/company.py",
    "src/magistrate/usecases/composition.py",
    "src/magistrate/adapters/stores/projections.py",
    "src/magistrate/adapters/stores/records.py",
)
MEMBERS: Final = 1_000
ROUNDS: Final = 15
FILES: Final = {"notes.md": "# Notes\n\nThis service greets people.\n"}


def main() -> dict[str, Any]:
    """Milliseconds for one more proposal, and the ratio to reading the rows."""
    with tempfile.TemporaryDirectory() as folder:
        world = CaseWorld(Path(folder))
        try:
            return _measured(world, _opened(world))
        finally:
            world.store.close()


def _opened(world: CaseWorld) -> Any:
    """1,000 proposals in flight, and the last of them."""
    session = world.session(minutes=60)
    first = world.proposal(FILES, session.session)
    body = open_envelope(first.proposal, Proposal, deployment=world.deployment.name).body
    last = world.seal(first)
    for number in range(MEMBERS):
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


def _part(number: int) -> Part:
    path = f"src/m{number}.py"
    change = FileChange(
        path=path, before=b"a = 1\n", after=b"a = %d\n" % number, mode_before="100644", mode_after="100644"
    )
    return Part(changes=(change,), landed=number % 2 == 0)


if __name__ == "__main__":
    import json

    print(json.dumps(main(), indent=2))
