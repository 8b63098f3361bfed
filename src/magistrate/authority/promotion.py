"""Promotions: what two persons granted in advance, and whether it covers this one change.

Rule kept (invariants 8, 9, 10; R69, R70, R72, R73): a promotion stands in for the one person that a proven
low change asks for, and for nothing else. It names one class, repository, environment, version of an agent,
assessor and policy, ends by itself and with every change of the roster, and is over as soon as anybody of the
roster takes it back. Where the
ground is weak, the place is production, everything runs as one user, one person owns everything or the drills
have not passed, nothing is automatic whatever was signed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.authority.floor import REVERSIBLE, Ground, classes_of, not_executable_because
from magistrate.authority.quorum import REVIEWING
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.impact import LOW, ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.wire.assessment import Verdict
from magistrate.wire.decision import Decision
from magistrate.wire.document import open_envelope, verify_current
from magistrate.wire.effect import GitEffect, GitUpdate
from magistrate.wire.envelope import Envelope
from magistrate.wire.times import unix_seconds
from magistrate.wire.trust import Promotion
from magistrate.wire.withdrawal import Withdrawal

PROMOTERS: Final = 2
PROMOTION_SECONDS: Final = 90 * 86_400
TOGETHER: Final = "chain/together"
"""The reason of a decision that only says what the change comes to with others by the same hands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPromotion:
    """A promotion that was verified: which document, for which class, by whom, since and until when (Unix seconds)."""

    digest: str
    change_class: ChangeClass
    persons: tuple[str, ...]
    issued: int
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One change that a promotion may cover. `manifest` is the digest of the agent's manifest, its version."""

    effect: GitEffect
    agent: str
    owner: str
    manifest: str
    verdict: Verdict
    decision: Decision


def verify_promoted(
    envelopes: Sequence[Envelope], candidate: Candidate, roster: TrustedRoster, ground: Ground, now: int
) -> tuple[GivenPromotion, ...]:
    """Check that standing promotions cover every class of the change, and that nothing about it asks for a person.

    Raises:
        Refused: MAG-E129 naming what is not covered, MAG-E105 when one is over, MAG-E121 when too few signed,
            MAG-E106, MAG-E107 when a signature is wrong.
    """
    verify_may_be_automatic(candidate, ground)
    given = tuple(verify_promotion(envelope, candidate, roster, now) for envelope in envelopes)
    covered = {one.change_class for one in given}
    wanted = classes_of(candidate.verdict) | _chained(candidate.decision)
    missing = sorted(wanted - covered)
    if missing:
        raise Refused("MAG-E129", f"no promotion covers `{missing[0]}` in this repository and environment")
    if len(given) != len(covered) or covered - wanted:
        raise Refused("MAG-E129", "a promotion that this change does not need")
    return given


def verify_may_be_automatic(candidate: Candidate, ground: Ground) -> None:
    """Check that a change is one that people may have agreed to in advance, in a place where that may count.

    Raises:
        Refused: MAG-E129 with the first reason why a person must look.
    """
    why = next(_asks_for_people(candidate, ground), "")
    if why:
        raise Refused("MAG-E129", f"not automatic: {why}")


def verify_promotion(envelope: Envelope, candidate: Candidate, roster: TrustedRoster, now: int) -> GivenPromotion:
    """Check one promotion against the change that it shall cover; raises as `verify_promoted`."""
    given, body = open_promotion(envelope, roster, now, owner=candidate.owner)
    decision, effect = candidate.decision, candidate.effect
    for what, granted, found in (
        ("repository", body.repository, effect.repository),
        ("environment", body.environment, effect.environment),
        ("agent", body.agent, candidate.agent),
        ("assessor", body.assessor, candidate.verdict.assessor),
        ("policy", body.policy, decision.policy),
    ):
        if granted != found:
            raise Refused("MAG-E129", f"promoted for the {what} `{granted[:60]}`, this is `{found[:60]}`")
    if candidate.manifest not in body.evidence:
        raise Refused("MAG-E129", "promoted for another version of the agent: its model, tools or reach have changed")
    return given


def open_promotion(
    envelope: Envelope, roster: TrustedRoster, now: int, *, owner: str
) -> tuple[GivenPromotion, Promotion]:
    """Believe a promotion by itself: low class, current, not for too long, enough signatures (`owner`: whose agent it is).

    Raises:
        Refused: MAG-E129, MAG-E105, MAG-E121, MAG-E106, MAG-E107.
    """
    document = open_envelope(envelope, Promotion, deployment=roster.deployment)
    verify_current(document, now)
    issued = unix_seconds(document.issued)
    if document.expires is None or unix_seconds(document.expires) - issued > PROMOTION_SECONDS:
        raise Refused("MAG-E105", f"a promotion counts for {PROMOTION_SECONDS // 86_400} days at most")
    if roster.digest not in document.body.evidence:  # who demoted it may have left since, and would not be believed
        raise Refused("MAG-E129", "the roster has changed since the promotion was signed: it asks for new signatures")
    if document.body.change_class not in LOW:
        raise Refused("MAG-E129", f"`{document.body.change_class}` is never automatic")
    persons = promoters(envelope, roster, owner)
    missing = missing_because(persons, roster)
    if missing:
        raise Refused("MAG-E121", missing)
    given = GivenPromotion(
        digest=envelope.payload_digest(), change_class=document.body.change_class, persons=persons, issued=issued,
        expires=unix_seconds(document.expires),
    )  # fmt: skip
    return given, document.body


def promoters(envelope: Envelope, roster: TrustedRoster, owner: str) -> tuple[str, ...]:
    """Who of those that signed counts: whoever reviews or owns something here and does not own the agent.

    Raises:
        Refused: MAG-E106, MAG-E107 when a signature is wrong.
    """
    signed = roster.signers(envelope)
    return tuple(sorted(name for name, one in signed.items() if REVIEWING & set(one.roles) and name != owner))


def missing_because(persons: Collection[str], roster: TrustedRoster) -> str:
    """What a promotion still lacks that these persons signed, in words; empty when it is whole."""
    if roster.solo:
        return "one person alone promotes nothing"
    if len(persons) < PROMOTERS:
        return f"a promotion needs {PROMOTERS} persons who review and do not own the agent, {len(persons)} signed"
    if not any(Role.POLICY_OWNER in roster.person(name).roles for name in persons):
        return "a promotion needs the signature of an owner of the policy"
    return ""


def verify_promotions_stand(
    promotions: Collection[str], withdrawals: Iterable[Envelope], roster: TrustedRoster
) -> None:
    """Check that nobody took one of these promotions (digests) back; any one person of the roster may.

    Raises:
        Refused: MAG-E129 when somebody did; MAG-E106, MAG-E107 when a withdrawal does not verify, since it can
            then not be ruled out.
    """
    if not promotions:
        return
    for envelope in withdrawals:
        document, person = roster.open_by_person(envelope, Withdrawal)
        if document.body.approval in promotions:
            raise Refused("MAG-E129", f"demoted by `{person.person}`: {document.body.reason[:200]}")


def _asks_for_people(candidate: Candidate, ground: Ground) -> Iterator[str]:
    """Why a person must look, the place first, then the change, then the decision."""
    verdict, decision = candidate.verdict, candidate.decision
    if ground.production:
        yield "production never changes without a person"
    if ground.solo:
        yield "one person alone promotes nothing"
    if ground.same_user_walls:
        yield "all processes run as the same user"
    if not ground.drilled:
        yield "the drills have not passed here, or not lately"
    yield from not_executable_because(verdict, ground, _chained(decision))
    if not isinstance(candidate.effect, GitUpdate):
        yield "only merges can be automatic"
    yield from not_low_because(verdict)
    if decision.strictness is not Strictness.ONE:
        yield f"the decision asks for `{decision.strictness}`"
    if not decision.obligations or any(one.role is not None or one.count != 1 for one in decision.obligations):
        yield "policy asks for a certain person or for more than one"
    for reason in decision.reasons:
        if not reason.source.startswith(("policy:", "floor")) and reason.rule != TOGETHER:
            yield reason.why


def not_low_because(verdict: Verdict) -> Iterator[str]:
    """Why a verdict, of the change or of it with others, is not of a change that is proven to be low."""
    if not verdict.auto_eligible or verdict.strictness is not Strictness.AUTO or not verdict.files:
        yield "what the change is was not proven to be low"
    beyond = sorted(classes_of(verdict) - LOW)
    if beyond:
        yield f"`{beyond[0]}` is never automatic"
    if any(file.asks is not Strictness.AUTO for file in verdict.files):
        yield "what it newly says is for a person to judge"
    if verdict.denials or verdict.sensitivities or verdict.privilege or verdict.secrets or verdict.no_way_back:
        yield "it touches something sensitive"
    if verdict.reversible != REVERSIBLE:
        yield "it cannot be undone by the rehearsed inverse"


def _chained(decision: Decision) -> frozenset[ChangeClass]:
    """The classes of all that the change completes with others by the same hands."""
    return frozenset() if decision.chain is None else frozenset(decision.chain.classes)
