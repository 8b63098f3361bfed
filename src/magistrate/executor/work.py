"""One warrant in the executor's hands: the journal's row beside the documents it rests on."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from magistrate.authority.admission import Pins
from magistrate.authority.policy import trust_policy
from magistrate.authority.roster import trust_roster
from magistrate.errors import Refused
from magistrate.executor.rows import ExecutionRow
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.document import Document, open_envelope
from magistrate.wire.effect import GitEffect, Release, StageEffect
from magistrate.wire.policy_bundle import Command, HttpProbe
from magistrate.wire.warrant import Warrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An execution whose warrant was admitted, now or before a crash.

    `verification` are the probes of the running target; a release puts nothing there, and has none. They must hold for
    `soak_seconds`.
    """

    row: ExecutionRow
    bundle: CaseBundle
    warrant: Document[Warrant]
    checks: tuple[Command, ...]
    rescan: Command | None
    verification: tuple[HttpProbe, ...]
    soak_seconds: int = 0

    @property
    def name(self) -> str:
        """The id of the warrant, which names the execution in the journal."""
        return self.row.warrant


def decode_bundle(content: bytes) -> CaseBundle:
    """The bundle as the journal keeps it (raises Refused MAG-E382 when it is none)."""
    try:
        return msgspec.json.decode(content, type=CaseBundle)
    except msgspec.MsgspecError as error:
        raise Refused("MAG-E382", f"a bundle in the executor's journal cannot be read: {error}") from error


def open_warrant(bundle: CaseBundle, deployment: str) -> Document[Warrant]:
    """Read the warrant of a bundle, unverified, so that it has a name.

    Raises:
        Refused, Usage: when there is none or it is no warrant of this deployment.
    """
    if bundle.warrant is None:
        raise Refused("MAG-E391", "control handed over a bundle without a warrant")
    return open_envelope(bundle.warrant, Warrant, deployment=deployment)


def work_of(row: ExecutionRow, pins: Pins) -> Work:
    """Work whose admission the journal records; the policy is verified again, times are not."""
    bundle = decode_bundle(row.bundle)
    roster = trust_roster(bundle.roster, pin=pins.roster, deployment=pins.deployment)
    policy = trust_policy(bundle.policy, roster)
    warrant = open_warrant(bundle, pins.deployment)
    effect = warrant.body.effect
    if not isinstance(effect, GitEffect):
        raise Refused("MAG-E124", f"no executor here performs `{type(effect).__name__}`")
    repository = policy.place(effect)
    stage = policy.stage(effect.repository, effect.stage) if isinstance(effect, StageEffect) else None
    commands = {command.command: command for command in policy.body.commands}
    return Work(
        row=row, bundle=bundle, warrant=warrant,
        checks=tuple(commands[name] for name in repository.checks),
        verification=() if isinstance(effect, Release) else tuple(_of_source(one, effect) for one in repository.verification),
        soak_seconds=0 if stage is None else stage.soak_seconds,
        rescan=commands[repository.rescan] if repository.rescan is not None else None,
    )  # fmt: skip


def _of_source(probe: HttpProbe, effect: GitEffect) -> HttpProbe:
    """The probe of a stage with the commit of the branch where it says `{source}`."""
    if not isinstance(effect, StageEffect):
        return probe
    return msgspec.structs.replace(probe, body_contains=probe.body_contains.replace("{source}", effect.commit))
