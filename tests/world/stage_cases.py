"""Proposals that bring a stage up to date, as front would seal them, whatever the effect says."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
from world.casework import CaseWorld

from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.stage_plan import planned_stage
from magistrate.domain.case import Case
from magistrate.domain.execution import Action
from magistrate.domain.stages import stage_ref
from magistrate.usecases.assess_case import judge_case
from magistrate.usecases.propose import stage_effect
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.effect import ACTION_OF, StageEffect
from magistrate.wire.front_api import SealRequest, StageView
from magistrate.wire.proposal import Proposal, Provenance


def stage_plan_of(world: CaseWorld, view: StageView) -> tuple[StageEffect, bytes]:
    """The effect as front plans it now, and what it brings."""
    ref, folder = stage_ref(view.stage), Path(world.repositories.git_dir("shop"))
    old, tip = world.repositories.tip("shop", ref), world.repositories.tip("shop", "refs/heads/main")
    plan = planned_stage(folder, QuarantinedPatches(world.sandbox), ref, old, tip, view.kind())
    return stage_effect("shop", msgspec.structs.replace(view, old=old), plan), plan.diff


def stage_request(
    world: CaseWorld, effect: StageEffect, diff: bytes, action: Action | None = None
) -> SealRequest:  # fmt: skip
    """The signed proposal, decided under the action of its effect or under another."""
    opened = world.session()
    with world.store.transaction() as unit:
        row = unit.session(opened.session)
        owner = unit.agent(row.agent).owner
    made = Proposal(
        session=row.session, session_digest=row.digest, agent=row.agent, owner=owner, model="fake-model 1",
        finding=row.finding, action=action or ACTION_OF[type(effect)], effect=effect, diff_sha256=digest(diff),
        prompt_sha256=digest(b"p"), prompt_commitment=digest(b"keyed"), rationale_sha256=digest(b"because"), context=(),
        context_gaps=(), provenance=Provenance.CLAIMED,
        kind_commitment=digest(canonical({"kind": "ordinary", "salt": "00" * 32})),
    )  # fmt: skip
    return SealRequest(
        proposal=world.deployment.by_process("front", made, "prp", now=world.now), diff=base64.b64encode(diff).decode(),
        prompt="p", rationale="because", kind="ordinary", kind_salt=base64.b64encode(bytes(32)).decode(),
    )  # fmt: skip


def judged_stage(world: CaseWorld, effect: StageEffect, diff: bytes) -> Case:
    """Sealed, and judged by control."""
    return judge_case(world.bench, world.seal(stage_request(world, effect, diff)).facts.proposal, world.now)
