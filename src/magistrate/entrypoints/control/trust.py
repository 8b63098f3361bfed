"""Doors of people about trust: what was promoted, what is on record for a class, promote and demote."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import msgspec

from magistrate.domain.impact import LOW, ChangeClass
from magistrate.entrypoints.control.app import Door
from magistrate.entrypoints.control.desk import Asked, ControlParts
from magistrate.errors import Usage
from magistrate.ports import Unit
from magistrate.usecases.track_record import Place
from magistrate.usecases.trust import Earning, keep_promotion, promotions, record_of, take_back
from magistrate.wire.canonical import digest_of
from magistrate.wire.envelope import Envelope
from magistrate.wire.times import rfc3339


class SignedTrust(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A promotion, or the withdrawal of one."""

    envelope: Envelope


def trust(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Every promotion, with why it no longer counts."""
    with parts.store.transaction() as unit:
        rows = [
            {
                "promotion": one.envelope.payload_digest(), "class": one.body.change_class, "repository": one.body.repository,
                "environment": one.body.environment, "agent": one.body.agent, "persons": " ".join(one.persons),
                "since": rfc3339(one.issued), "until": rfc3339(one.expires), "counts": not one.lost, "lost": one.lost,
            }
            for one in promotions(unit, parts.trust, asked.now)
        ]  # fmt: skip
    return {"promotions": rows}


def record(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """What is on record for a class in a place, what it lacks, and what a promotion of it would name."""
    with parts.store.transaction() as unit:
        place = _place(unit, parts, asked)
        earning = _earning(parts)
        found, missing = record_of(unit, earning, place, asked.now)
        drills = [
            row.result for row in unit.drills()
            if row.passed and (row.repository, row.environment) == (place.repository, place.environment)
        ][-4:]  # fmt: skip
    told = asdict(found) | {
        "drills": [{"kind": kind, "passed": held, "failed": bad} for kind, held, bad in found.drills]
    }
    return {
        "record": told, "lacking": missing, "bars": asdict(earning.bars), "policy": parts.trust.policy().digest,
        "assessor": place.assessor, "evidence": [place.manifest, parts.trust.roster().digest, *drills, digest_of(told)],
    }  # fmt: skip


def add_promotion(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Keep a promotion that two persons signed, once it is earned."""
    envelope = asked.read(SignedTrust).envelope
    with parts.store.transaction() as unit:
        name = keep_promotion(unit, envelope, _earning(parts), asked.now)
    return {"promotion": name}


def add_demotion(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Take a promotion back; who says so tells the gate too, which control could keep it from."""
    envelope = asked.read(SignedTrust).envelope
    with parts.store.transaction() as unit:
        name = take_back(unit, envelope, parts.trust.roster(), asked.now)
    parts.wake.set()
    return {"promotion": name}


def _earning(parts: ControlParts) -> Earning:
    return Earning(trust=parts.trust, assessor=parts.assessor())


def _place(unit: Unit, parts: ControlParts, asked: Asked) -> Place:
    wanted = {name: asked.query.get(name, "") for name in ("class", "repository", "environment", "agent")}
    if wanted["class"] not in {str(kind) for kind in LOW}:
        raise Usage("MAG-E451", f"`{wanted['class'][:40]}` is no class that could ever be automatic")
    if wanted["environment"] not in parts.trust.policy().environments(wanted["repository"]):
        raise Usage("MAG-E451", f"policy knows no `{wanted['environment'][:40]}` for `{wanted['repository'][:40]}`")
    return Place(
        change_class=ChangeClass(wanted["class"]), repository=wanted["repository"], environment=wanted["environment"],
        agent=wanted["agent"], manifest=unit.agent(wanted["agent"]).manifest, assessor=parts.assessor(),
    )  # fmt: skip


_AT: Final = "/api/v1/people"
TRUST_DOORS: Final = (
    Door(method="GET", path=f"{_AT}/trust", act=trust),
    Door(method="GET", path=f"{_AT}/trust/record", act=record),
    Door(method="POST", path=f"{_AT}/promotions", act=add_promotion),
    Door(method="POST", path=f"{_AT}/demotions", act=add_demotion),
)
