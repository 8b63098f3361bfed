"""What the executor believes before it takes anything into its hands.

Rule kept (invariant 8): after `authority.admission` has verified every signature, quorum,
duty, expiry and inclusion proof, the executor rebuilds the result tree, judges it again with
its own pinned assessor, and rules again by policy and floor. A verdict or a decision that
differs by one byte is refused; where another version of the assessor gave it, the refusal says so
and is no other verdict. Drills count only from its own journal (R85).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from magistrate.authority.admission import Admitted, Pins, admit
from magistrate.authority.estate import weak_because
from magistrate.authority.floor import Ground as FloorGround
from magistrate.authority.floor import classes_of, not_executable_because
from magistrate.authority.obligations import at_least, covers
from magistrate.authority.promotion import verify_promotions_stand
from magistrate.authority.quorum import verify_not_withdrawn
from magistrate.authority.release import differs
from magistrate.authority.stage_effect import otherwise
from magistrate.authority.stops import Reach, Stops, verify_not_frozen
from magistrate.authority.windows import verify_no_window
from magistrate.authority.workload import required_proof
from magistrate.domain.stages import FOLLOW
from magistrate.errors import Refused
from magistrate.executor.casebook import Casebook
from magistrate.executor.drill_record import DrillRecord
from magistrate.executor.foreign import ForeignLeases
from magistrate.executor.halts import Halts
from magistrate.executor.identity import Identity
from magistrate.executor.landed import landed_by
from magistrate.executor.mints import system_ref, target_ref
from magistrate.executor.ports import AssessmentMatter, Assessor, Clock, Ruling, Target
from magistrate.executor.promoted import verify_low_together, verify_no_setback
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import digest_of
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision, Obligation
from magistrate.wire.document import open_envelope, verify_current
from magistrate.wire.effect import ChangeEntitlement, Deploy, GitEffect, GitUpdate, Release, RotateSecret, StageEffect
from magistrate.wire.envelope import Envelope
from magistrate.wire.proposal import Proposal

SKEW: Final = "MAG-E400"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the executor was told out of band: pins, and whether all processes share one user.

    `newest` raises the pins to what people installed on this machine since; it is asked at each admission.
    `workload` says whether this executor has a token of the issuer that vouches for it (R52).
    """

    pins: Pins
    same_user_walls: bool
    newest: Callable[[Pins], Pins]
    workload: bool = False


class Admission:
    """Admits bundles for one executor."""

    def __init__(  # noqa: PLR0913  each is a separate source of truth
        self,
        *,
        book: Casebook,
        halts: Halts,
        foreign: ForeignLeases,
        record: DrillRecord,
        identity: Identity,
        target: Target,
        assessor: Assessor,
        stops: Callable[[], Stops],
        clock: Clock,
        ground: Ground,
    ) -> None:
        self._book = book
        self._halts = halts
        self._foreign = foreign
        self._record = record
        self._identity = identity
        self._target = target
        self._assessor = assessor
        self._stops = stops
        self._clock = clock
        self._ground = ground

    def admit(self, bundle: CaseBundle) -> Admitted:
        """Believe a warrant and everything under it, or say why not.

        Raises:
            Refused, Usage: the first premise that does not hold; MAG-E389 when the rebuilt tree,
                MAG-E390 when the recomputed verdict or ruling differs, MAG-E400 when another version of
                the assessor gave the approved one, MAG-E388 when frozen.
            Unavailable: when something could not be recomputed now.
        """
        named = open_envelope(bundle.proposal, Proposal, deployment=self._identity.deployment).body.effect
        repository, now = getattr(named, "repository", ""), self._clock.now()
        admitted = admit(
            bundle,
            pins=self.newest_pins(),
            now=now,
            executor=self._identity.keyid,
            withdrawals=self._stops().withdrawals,
            drilled=self._record.drilled(repository, named.environment, now),
            same_user_walls=self._ground.same_user_walls,
        )
        self.verify_not_stopped(admitted)
        self._verify_workload(admitted)
        self._verify_first(admitted)
        self._verify_tree(admitted)
        self._verify_used_open(admitted)
        self._verify_judgement(bundle, admitted)
        self._book.raise_pin("roster", admitted.roster.body.version)
        self._book.raise_pin("policy", admitted.policy.body.version)
        return admitted

    def _verify_workload(self, admitted: Admitted) -> None:
        proof = required_proof(admitted.policy.body.workloads, admitted.repository.environment)
        if proof is not None and not self._ground.workload:
            raise Refused(
                "MAG-E128",
                f"policy asks for a workload token of `{proof.issuer}` in `{proof.environment}`, and this executor has none",
                hint="say in magistrate.toml how it comes to one: `[workload]`",
            )

    def pins(self) -> Pins:
        """The pins, raised to the newest versions this executor has seen."""
        return self._seen(self._ground.pins)

    def newest_pins(self) -> Pins:
        """The pins, raised also to what people installed on this machine; for what is new, not for what has begun.

        Raises:
            Unavailable, Refused: what is installed here cannot be read or believed, so nothing new is.
        """
        return self._seen(self._ground.newest(self._ground.pins))

    def _seen(self, pins: Pins) -> Pins:
        return replace(
            pins,
            roster_version=max(pins.roster_version, self._book.pin("roster")),
            policy_version=max(pins.policy_version, self._book.pin("policy")),
        )

    def withdrawals(self) -> tuple[Envelope, ...]:
        """Approvals taken back, as the drop beside the executor holds them."""
        return self._stops().withdrawals

    def verify_not_stopped(self, admitted: Admitted) -> None:
        """Check again, just before a credential is asked for, that nobody said stop.

        Raises:
            Refused: MAG-E388 when frozen or within a freeze window, MAG-E126 while a halted case holds the ref, MAG-E127
                while a foreign lease closes the repository, MAG-E122 when an approver
                withdrew, MAG-E129 when a promotion was taken back or lost, MAG-E105 when the warrant lapsed.
        """
        verify_current(admitted.warrant, self._clock.now())
        stops = self._stops()
        reach = Reach.of(admitted.effect, agent=admitted.proposal.body.agent, classes=classes_of(admitted.verdict))
        verify_not_frozen(stops, admitted.roster, reach)
        verify_no_window(admitted.policy.body.windows, reach, self._clock.now())
        self._halts.verify_free(admitted.effect, admitted.roster, stops.closures)
        for place in places_of(admitted.effect):
            self._foreign.verify_open(place, admitted.roster, stops.thaws)
        verify_not_withdrawn(admitted.approvals, stops.withdrawals, admitted.roster)
        verify_promotions_stand({one.digest for one in admitted.promotions}, stops.withdrawals, admitted.roster)
        verify_no_setback(admitted.promotions, admitted.effect.repository, self._book, self._record)

    def _verify_used_open(self, admitted: Admitted) -> None:
        """What a rotation changes beyond its own system stands in its document, which is readable once the tree is here."""
        effect = admitted.effect
        if not isinstance(effect, RotateSecret):
            return
        use, thaws = (
            self._target.secret_use(effect.repository, effect.result_tree, effect.document),
            self._stops().thaws,
        )
        for place in (*map(system_ref, use.opens), *map(target_ref, use.consumers)):
            self._foreign.verify_open(place, admitted.roster, thaws)

    def _verify_first(self, admitted: Admitted) -> None:
        """One agreement is one effect, whatever warrants are made of it and wherever its ref was put back to (R56)."""
        if any(row.proposal == admitted.proposal_digest for row in self._book.landed()):
            raise Refused("MAG-E381", "the proposal had its effect already, under another warrant")

    def _verify_tree(self, admitted: Admitted) -> None:
        effect = admitted.effect
        if isinstance(effect, Release):
            self._verify_release(admitted, effect)
            return
        if isinstance(effect, StageEffect):
            self._verify_stage(admitted, effect)
            return
        self._target.prepare(effect.repository, effect.ref, effect.old)
        rebuilt = self._target.rebuild(effect.repository, effect.old, admitted.diff)
        for what, approved, found in (
            ("tree before", effect.base_tree, rebuilt.base_tree),
            ("result tree", effect.result_tree, rebuilt.result_tree),
            ("manifest", effect.manifest_sha256, rebuilt.manifest_sha256),
        ):
            if approved != found:
                raise Refused("MAG-E389", f"the {what} rebuilt here is `{found[:60]}`, approved was `{approved[:60]}`")

    def _verify_release(self, admitted: Admitted, effect: Release) -> None:
        prefix = admitted.repository.release_tags or ""  # admission found that policy names one
        plan = self._target.plan_release(effect.repository, admitted.repository.ref, prefix, effect)
        why = differs(effect, admitted.proposal.body.diff_sha256, plan)
        if why:
            raise Refused("MAG-E389", why)

    def _verify_stage(self, admitted: Admitted, effect: StageEffect) -> None:
        branch = admitted.policy.repository(effect.repository).ref
        plan = self._target.plan_stage(effect.repository, branch, effect)
        why = otherwise(effect, admitted.proposal.body.diff_sha256, plan)
        if why:
            raise Refused("MAG-E389", why)

    def _verify_judgement(self, bundle: CaseBundle, admitted: Admitted) -> None:
        matter = AssessmentMatter(effect=admitted.effect, bundle=bundle)
        verdict = self._assessor.verdict(matter)
        _verify_same_version(verdict.assessor, admitted.verdict.assessor)
        found, approved = digest_of(verdict), admitted.warrant.body.assessment_verdict
        if found != approved:
            self._demote(admitted, found)
            raise Refused(
                "MAG-E390", f"judged again here the verdict is `{found[:23]}`, approved was `{approved[:23]}`",
                hint="readiness is lost: find out who is right, then order the drills again",
            )  # fmt: skip
        ruling, decision = self._assessor.ruling(matter, verdict), admitted.decision.body
        chained = self._rules_with_landed(matter, admitted, verdict)
        if decision.chain is not None and decision.chain.alone != ruling.strictness:
            alone = decision.chain.alone
            raise Refused("MAG-E390", f"by itself the change needs `{ruling.strictness}`, control said `{alone}`")
        if chained or decision.chain is not None:
            self._verify_covers(ruling, decision)
        elif ruling.strictness != decision.strictness or _asked(ruling.obligations) != _asked(decision.obligations):
            raise Refused(
                "MAG-E390",
                f"ruled again here the change needs `{ruling.strictness}`, decided was `{decision.strictness}`",
            )

    def _demote(self, admitted: Admitted, found: str) -> None:
        """Control says otherwise what the same assessor says here: one of both is broken, so nothing is ready there."""
        facts = {
            "why": "another verdict by the same assessor", "assessor": admitted.verdict.assessor, "found": found,
            "approved": admitted.warrant.body.assessment_verdict, "proposal": admitted.proposal_digest,
        }  # fmt: skip
        self._record.demote(admitted.warrant.id, admitted.effect.repository, facts)

    def _rules_with_landed(self, matter: AssessmentMatter, admitted: Admitted, alone: Verdict) -> bool:
        """Whether others by the same hands landed; then what all come to must have been asked for (R32, R34)."""
        effect, proposal = admitted.effect, admitted.proposal.body
        if not isinstance(effect, GitUpdate):
            return False  # it brings all that landed since the one before, and was judged as that
        landed = landed_by(self._book, proposal, effect, self._identity.deployment, self._clock.now())
        verdicts = self._assessor.together(matter, landed.here) if landed.here else ()
        own, away = (alone, *verdicts), landed.elsewhere
        linked = self._assessor.across(matter, landed.here, away, own) if away else ()
        if admitted.promotions:
            verify_low_together(admitted.promotions, (*verdicts, *(one.verdict for one in linked)))
        for verdict in (*verdicts, *(one.verdict for one in linked)):
            self._verify_covers(self._assessor.ruling(matter, verdict), admitted.decision.body)
            why = not_executable_because(verdict, self._floor_ground(admitted))
            if why:
                raise Refused("MAG-E390", f"together with what landed before: {why[0]}")
        for place in sorted({one.repository for one in linked}):
            for verdict in (*own, *(one.verdict for one in linked)):
                self._verify_covers(self._assessor.ruling(matter, verdict, place), admitted.decision.body)
        return bool(verdicts or linked)

    def _floor_ground(self, admitted: Admitted) -> FloorGround:
        drilled = self._record.drilled(admitted.effect.repository, admitted.effect.environment, self._clock.now())
        return FloorGround(
            production=admitted.repository.production, solo=admitted.roster.solo,
            same_user_walls=self._ground.same_user_walls, drilled=drilled,
            weak=weak_because(admitted.policy.body, admitted.repository),
        )  # fmt: skip

    @staticmethod
    def _verify_covers(ruling: Ruling, decision: Decision) -> None:
        if at_least(decision.strictness, ruling.strictness) and covers(decision.obligations, ruling.obligations):
            return
        raise Refused(
            "MAG-E390", f"ruled again here the change needs `{ruling.strictness}` and more people than were decided"
        )


def places_of(effect: GitEffect) -> tuple[str, ...]:
    """What a foreign lease may close that an effect changes: its repository, and its system or target if it has one."""
    if isinstance(effect, Deploy) and effect.command_id != FOLLOW:
        return effect.repository, target_ref(effect.command_id)
    if isinstance(effect, ChangeEntitlement):
        return effect.repository, system_ref(effect.system)
    return (effect.repository, system_ref(effect.store)) if isinstance(effect, RotateSecret) else (effect.repository,)


def _verify_same_version(own: str, judged_by: str) -> None:
    if own != judged_by:
        raise Refused(
            SKEW, f"version skew: the assessor here is `{own[:23]}`, judged by `{judged_by[:23]}`",
            hint="upgrade whichever is older: then it is warranted again, or judged and approved again",
        )  # fmt: skip


def _asked(obligations: tuple[Obligation, ...]) -> list[tuple[str, int, str]]:
    return sorted((o.role or "", o.count, o.rule) for o in obligations)
