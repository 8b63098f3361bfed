"""Doors of the executor: it asks for work and says what it did."""

from __future__ import annotations

from typing import Any, Final

from magistrate.authority.request import EXECUTOR
from magistrate.entrypoints.control.app import Door
from magistrate.entrypoints.control.desk import Asked, ControlParts
from magistrate.entrypoints.control.people import SignedWord, export, policy, roster
from magistrate.errors import Refused
from magistrate.usecases.drills import keep_result, orders_for
from magistrate.usecases.matter import bundle
from magistrate.usecases.settle import record_report, record_step
from magistrate.usecases.skew import executors_of
from magistrate.usecases.warrant import fetchable
from magistrate.wire.canonical import verify_digest_shape
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.warrant import Warrant


def warrants(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Bundles of warranted cases that nobody took, for the executor they name; each warrant is in the witnessed log.

    The executor says which assessor it has (`assessor`, in hex), and that it asks is remembered.
    """
    told = asked.query.get("assessor", "")
    parts.polls.asked(asked.caller.keyid, verify_digest_shape(f"sha256:{told}") if told else "", asked.now)
    with parts.store.transaction() as unit:
        cases = fetchable(parts.store, unit, asked.now)
        found = [bundle(parts.store, parts.trust, unit, case, asked.now) for case in cases]
        return {"bundles": [one for one in found if _named(parts, one) == asked.caller.keyid]}


def _named(parts: ControlParts, offered: CaseBundle) -> str:
    """The key id of the executor that the warrant is made out to; empty without a warrant."""
    if offered.warrant is None:
        return ""
    return parts.trust.roster().open_by_control(offered.warrant, Warrant).body.executor


def take(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Take a warrant, once, as the executor that it names."""
    warrant = asked.params["warrant"]
    with parts.store.transaction() as unit:
        case = unit.case_of_warrant(warrant)
        if _named(parts, bundle(parts.store, parts.trust, unit, case, asked.now)) != asked.caller.keyid:
            raise Refused("MAG-E124", f"the warrant `{warrant[:40]}` names another executor")
        if (case.standing.warrant_expires or 0) <= asked.now or not unit.take_warrant(warrant, asked.now):
            raise Refused("MAG-E467", f"the warrant `{warrant[:40]}` was taken before or has lapsed")
    return {"warrant": warrant, "proposal": case.facts.proposal}


def report(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """The signed report that settles a case; idempotent."""
    with parts.store.transaction() as unit:
        case = record_report(unit, asked.read(SignedWord).envelope, parts.trust, asked.now)
    parts.wake.set()
    return {"proposal": case.facts.proposal, "state": case.standing.state.value}


def step(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """One signed journal entry; idempotent."""
    with parts.store.transaction() as unit:
        record_step(unit, asked.read(SignedWord).envelope, parts.trust, asked.now)
    return {"recorded": True}


def orders(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Drill orders that lack results of the executor that asks, when it is its turn, each with roster and policy."""
    others = parts.polls.asking(executors_of(parts.trust.roster()), asked.now)
    asking = [one.executor for one in others]
    with parts.store.transaction() as unit:
        found = orders_for(unit, parts.trust, asked.caller.keyid, asking, asked.now)
    chain, active = parts.trust.chain(), parts.trust.policy_envelope()
    return {"orders": [{"order": envelope, "roster": chain, "policy": active} for envelope in found]}


def drill_result(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """The signed result of one drill; idempotent."""
    with parts.store.transaction() as unit:
        keep_result(unit, asked.read(SignedWord).envelope, parts.trust, asked.now)
    return {"recorded": True}


def proof(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """tlog-proof of one sealed entry."""
    return {"proof": parts.store.proof(asked.number("seq", 0, 2**40))}


_AT: Final = "/api/v1/executor"
_DOORS: Final = (EXECUTOR,)
EXECUTOR_DOORS: Final = (
    Door(method="GET", path=f"{_AT}/warrants", act=warrants, doors=_DOORS),
    Door(method="POST", path=f"{_AT}/warrants/{{warrant}}/taken", act=take, doors=_DOORS),
    Door(method="POST", path=f"{_AT}/reports", act=report, doors=_DOORS),
    Door(method="POST", path=f"{_AT}/steps", act=step, doors=_DOORS),
    Door(method="GET", path=f"{_AT}/drills", act=orders, doors=_DOORS),
    Door(method="POST", path=f"{_AT}/drills/results", act=drill_result, doors=_DOORS),
    Door(method="GET", path=f"{_AT}/log/proof", act=proof, doors=_DOORS),
    Door(method="GET", path=f"{_AT}/log/export", act=export, doors=_DOORS),
    Door(method="GET", path=f"{_AT}/roster", act=roster, doors=_DOORS),
    Door(method="GET", path=f"{_AT}/policy", act=policy, doors=_DOORS),
)
