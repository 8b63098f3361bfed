"""Cases on the screen: finding one by what was typed, and reading its documents as believed."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from magistrate.authority.policy import TrustedPolicy, trust_policy
from magistrate.authority.roster import TrustedRoster, trust_roster
from magistrate.entrypoints.cli.client import Client
from magistrate.entrypoints.cli.screen import short, visible
from magistrate.errors import NotFound, Refused, Unavailable, Usage
from magistrate.settings import Settings
from magistrate.wire.assessment import Assessment
from magistrate.wire.canonical import digest, digest_of
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision
from magistrate.wire.document import Document, open_envelope
from magistrate.wire.effect import GitEffect, verify_action
from magistrate.wire.proposal import Proposal
from magistrate.wire.session import Session

CASES: Final = "/api/v1/people/cases"
_PREFIX: Final = re.compile(r"(?:sha256:)?([0-9a-f]{6,64})\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A case bundle whose documents were verified from the pinned roster."""

    bundle: CaseBundle
    roster: TrustedRoster
    policy: TrustedPolicy
    proposal: Document[Proposal]
    proposal_digest: str
    session: Session
    effect: GitEffect
    assessment: Assessment
    decision: Document[Decision]
    decision_digest: str
    diff: bytes


def find_case(client: Client, typed: str) -> str:
    """The full digest of the case that a prefix names.

    Raises:
        Usage: MAG-E606 when it is no id. NotFound: MAG-E606 when no case or several begin so.
    """
    match = _PREFIX.match(typed.strip().lower())
    if match is None:
        raise Usage(
            "MAG-E606", f"`{typed[:80]}` is no case id", hint="six or more hex digits, as `magistrate queue` shows them"
        )
    wanted = "sha256:" + match[1]
    if len(match[1]) == 64:  # noqa: PLR2004  a whole digest
        return wanted
    found = [
        str(row["proposal"]) for row in client.pages(CASES, "cases", limit=0) if str(row["proposal"]).startswith(wanted)
    ]
    if len(found) != 1:
        what = "no case begins" if not found else f"{len(found)} cases begin"
        raise NotFound("MAG-E606", f"{what} with `{match[1]}`", hint="magistrate queue --all")
    return found[0]


def fetch_bundle(client: Client, name: str) -> CaseBundle:
    """The bundle of a case, not believed yet (raises Unavailable MAG-E603 when it is no bundle)."""
    content = client.call("GET", f"{CASES}/{name}/bundle", b"").content
    try:
        return msgspec.json.decode(content, type=CaseBundle)
    except msgspec.MsgspecError as error:
        raise Unavailable("MAG-E603", f"control answered with something else than a case: {error}") from error


def verify_waits(client: Client, name: str) -> None:
    """Check that a case still waits for people, before anybody reads it for nothing.

    Raises:
        Refused: MAG-E465 with where it stands and why.
    """
    row = client.get(f"{CASES}/{name}")["case"]
    if row["state"] != "IN_REVIEW":
        why = visible(str(row.get("why") or "")) if row["state"] in {"STALE", "HELD", "EXPIRED"} else ""
        raise Refused("MAG-E465", f"the case is `{row['state']}`: " + (why or "it does not wait for people"))


def open_case(bundle: CaseBundle, name: str, settings: Settings) -> Opened:
    """Verify every document of a case from the pinned roster outwards; nothing is taken on control's word.

    Raises:
        Refused: which document does not hold; MAG-E607 while the case is not decided.
    """
    roster = trust_roster(bundle.roster, pin=settings.pin(), deployment=settings.deployment)
    policy = trust_policy(bundle.policy, roster)
    if bundle.proposal.payload_digest() != name:
        raise Refused("MAG-E605", "control handed out another case than the one asked for")
    if bundle.assessment is None or bundle.decision is None:
        raise Refused("MAG-E607", "this case is not decided yet", hint="magistrate show tells where it stands")
    proposal = roster.open_by_front(bundle.proposal, Proposal)
    assessment = roster.open_by_control(bundle.assessment, Assessment).body
    decision = roster.open_by_control(bundle.decision, Decision)
    session = roster.open_by_control(bundle.session, Session)
    effect = proposal.body.effect
    if not isinstance(effect, GitEffect):
        raise Refused("MAG-E605", f"this program cannot rebuild the effect `{type(effect).__name__}`")
    verify_action(proposal.body.action, effect)
    diff = decoded(bundle.diff)
    pairs = {
        "assessed proposal": (assessment.proposal, name),
        "verdict": (assessment.verdict_sha256, digest_of(assessment.verdict)),
        "decided proposal": (decision.body.proposal, name),
        "decided verdict": (decision.body.assessment_verdict, assessment.verdict_sha256),
        "policy": (decision.body.policy, policy.digest), "roster": (decision.body.roster, roster.digest),
        "diff": (proposal.body.diff_sha256, digest(diff)),
        "prompt": (proposal.body.prompt_sha256, digest(bundle.prompt.encode())),
        "rationale": (proposal.body.rationale_sha256, digest(bundle.rationale.encode())),
        "session": (proposal.body.session_digest, bundle.session.payload_digest()),
        "agent": (proposal.body.agent, session.body.agent), "owner": (proposal.body.owner, session.body.owner),
    }  # fmt: skip
    for what, (said, found) in pairs.items():
        if said != found:
            raise Refused(
                "MAG-E605", f"the {what} of this case is not the one its documents name",
                hint="policy or roster may have changed since; else do not trust this control plane",
            )  # fmt: skip
    return Opened(
        bundle=bundle, roster=roster, policy=policy, proposal=proposal, proposal_digest=name, effect=effect,
        session=session.body, assessment=assessment, decision=decision, decision_digest=bundle.decision.payload_digest(), diff=diff,
    )  # fmt: skip


def opened_diff(bundle: CaseBundle, name: str, settings: Settings) -> bytes:
    """The recomputed diff of a case, checked against its signed proposal."""
    roster = trust_roster(bundle.roster, pin=settings.pin(), deployment=settings.deployment)
    proposal = open_envelope(bundle.proposal, Proposal, deployment=settings.deployment)
    roster.open_by_front(bundle.proposal, Proposal)
    diff = decoded(bundle.diff)
    if bundle.proposal.payload_digest() != name or proposal.body.diff_sha256 != digest(diff):
        raise Refused("MAG-E605", "the diff is not the one that the proposal names")
    return diff


def decoded(text: str) -> bytes:
    """Base64 of a bundle (raises Unavailable MAG-E603)."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Unavailable("MAG-E603", "base64 in a case is malformed") from error


def needs(row: dict[str, Any]) -> str:
    """What a case still needs, in words: `1 of 2 any, 0 of 1 security`, or what holds it."""
    if row.get("held"):
        return "; ".join(str(hold["words"]) for hold in row["held"])
    if row.get("state") == "HALTED":
        return f"people who close it: magistrate close {short(str(row['proposal']))}"
    asked = [f"{o['have']} of {o['count']} {o.get('role') or 'any'}" for o in row.get("obligations") or []]
    together = f" (with {row['together']} more by the same hands)" if asked and row.get("together") else ""
    return ", ".join(asked) + together
