"""A captured control: rosters, policies, agents and stops that are not the ones people signed (R44, R45, R59)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from world.admissible import without
from world.captured import CapturedWorld, Scene, captured_world
from world.captured_attempts import Attempt, attempted
from world.deployment import by_all

from magistrate.domain.principal import Mode, Role
from magistrate.wire.agent_manifest import AgentManifest, AgentState
from magistrate.wire.canonical import digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.document import Body
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Freeze, Scope, Thaw
from magistrate.wire.policy_bundle import PolicyBundle
from magistrate.wire.roster import Person, Roster

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("captured-roots")]


def signed(s: Scene, body: Body, prefix: str, *people: str, deployment: str = "") -> Envelope:
    """Signed by these people; by control alone when it is nobody."""
    if people and not deployment:
        return by_all(s.town.people, people, body, prefix, s.case.now - 60)
    if people:
        return s.person(people[0], body, prefix, deployment=deployment, lifetime=None)
    return s.by("control", body, prefix, ago=60, lifetime=None)


def next_roster(*people: str, **changes: Any) -> Any:
    """One more version of the roster, with a person of the attacker's in it."""

    def forge(s: Scene) -> CaseBundle:
        now = s.body(s.town.roster, Roster)
        mallory = Person(
            person="mallory", display_name="M", keys=(s.town.before.people["carla"].public_line,), roles=tuple(Role)
        )
        body = msgspec.structs.replace(
            now, **{"version": 3, "previous": s.town.roster.payload_digest(), "persons": (*now.persons, mallory), **changes}
        )  # fmt: skip
        return without(s.honest, roster=(*s.town.chain, signed(s, body, "ros", *people)))

    return forge


def superseded(s: Scene) -> CaseBundle:
    """A roster that two people did sign, beside the one that is in force."""
    body = msgspec.structs.replace(s.body(s.town.roster, Roster), version=3, previous=s.town.pin)
    return without(s.honest, roster=(*s.town.chain, signed(s, body, "ros", "anna", "carla")))


def own_first(s: Scene) -> CaseBundle:
    """A whole deployment of the attacker's, under the same name."""
    body = msgspec.structs.replace(s.body(s.town.before.roster, Roster), mode=Mode.SOLO)
    return without(s.honest, roster=(signed(s, body, "ros", "anna", "ben", "carla", "dora"),))


def at_version_one(s: Scene) -> CaseBundle:
    """Everything as it was before Carla's key was replaced; who stole it approves."""
    case = copy.copy(s.case)
    case.town, case.approvers = s.town.before, ("carla",)
    return without(s.captured.build_at(case), roster=(s.town.before.roster,))


def under_policy(*people: str, **frame: Any) -> Any:
    """A policy that asks for nothing, with these signatures."""

    def forge(s: Scene) -> CaseBundle:
        body = msgspec.structs.replace(s.body(s.town.policy, PolicyBundle), version=3, policies=())
        return with_town(s, policy=signed(s, body, "pol", *people, **frame))

    return forge


def with_town(s: Scene, **parts: Any) -> CaseBundle:
    case = copy.copy(s.case)
    case.town = replace(s.town, **parts)
    try:
        return s.captured.build(case)
    except Exception:  # noqa: BLE001  a policy that nobody trusts makes no case; the honest one carries it
        return without(s.honest, **parts)


def agent(*people: str, **changes: Any) -> Any:
    """The agent as its manifest says it, with these signatures."""

    def forge(s: Scene) -> CaseBundle:
        body = msgspec.structs.replace(s.body(s.town.manifest, AgentManifest), **changes)
        return with_town(s, manifest=signed(s, body, "agm", *people))

    return forge


def short_session(s: Scene) -> CaseBundle:
    """A proposal of a session that had ended before it was made."""
    case = copy.copy(s.case)
    case.session = {"lifetime": 5}
    return s.captured.build(case)


def session_of(signer: str) -> Any:
    def forge(s: Scene) -> CaseBundle:
        case = copy.copy(s.case)
        case.session = {"signer": signer}
        return s.captured.build(case)

    return forge


def frozen(s: Scene, **scope: Any) -> Envelope:
    every = {"repository": None, "environment": None, "agent": None, "change_class": None, **scope}
    freeze = Freeze(person="carla", scope=Scope(**every), reason="incident 7", epoch=3)
    envelope = s.person("carla", freeze, "frz", lifetime=None)
    s.drop("freeze", envelope)
    return envelope


def freeze_withheld(s: Scene) -> CaseBundle:
    frozen(s, repository="shop")
    return s.variant()


def thawed_by(*people: str) -> Any:
    """The freeze is lifted in a way that lifts nothing."""

    def forge(s: Scene) -> CaseBundle:
        freeze = frozen(s)
        thaw = Thaw(freeze=freeze.payload_digest(), reason="over", epoch=4)
        s.drop("thaw", signed(s, thaw, "thw", *people))
        return s.variant()

    return forge


def thawed_earlier(s: Scene) -> CaseBundle:
    freeze = frozen(s)
    s.drop("thaw", signed(s, Thaw(freeze=freeze.payload_digest(), reason="over", epoch=3), "thw", "anna", "ben"))
    return s.variant()


ATTEMPTS: dict[str, Attempt] = {
    "roster-by-control": Attempt(
        hope="Control's pages enrol one more person, and control signs the roster.",
        code="MAG-E120", says="has 0 of 2 signatures", forge=next_roster(),
    ),
    "roster-by-one-person": Attempt(
        hope="One deceived person signs a roster with the attacker in it.",
        code="MAG-E120", says="has 1 of 2 signatures", forge=next_roster("ben"),
    ),
    "roster-by-two-keys-of-one": Attempt(
        hope="Ben signs the roster with both of his keys.",
        code="MAG-E120", says="has 1 of 2 signatures", forge=next_roster("ben", "ben-second"),
    ),
    "roster-skips-a-version": Attempt(
        hope="A roster far ahead leaves out the change that took a key away.",
        code="MAG-E120", says="version `4` is out of order", forge=next_roster("anna", "carla", version=4),
    ),
    "forked-roster": Attempt(
        hope="A roster that two people drafted beside the one in force comes into force.",
        code="MAG-E120", says="does not name the version before it", forge=superseded,
    ),
    "roster-of-ones-own": Attempt(
        hope="A whole roster of the attacker's, in which one person may do everything.",
        code="MAG-E120", says="not the pinned one", forge=own_first,
    ),
    "older-roster": Attempt(
        hope="Control withholds the roster that replaced a stolen key, and the thief approves under the one before.",
        code="MAG-E120", says="version `1` is older than the one known here", forge=at_version_one,
    ),
    "older-policy": Attempt(
        hope="Control withholds the stricter policy and goes on with the one before.",
        code="MAG-E124", says="policy version `1` is older than the one known here",
        forge=lambda s: with_town(s, policy=s.town.before.policy),
    ),
    "policy-by-control": Attempt(
        hope="Control writes a policy that asks for nothing, and signs it.",
        code="MAG-E107", says="belongs to nobody", forge=under_policy(),
    ),
    "policy-by-one-person": Attempt(
        hope="One deceived policy owner signs a policy that asks for nothing.",
        code="MAG-E121", says="signed by 1 of 2 policy owners", forge=under_policy("ben"),
    ),
    "policy-by-two-keys-of-one": Attempt(
        hope="One policy owner signs it with two keys.",
        code="MAG-E121", says="signed by 1 of 2 policy owners", forge=under_policy("ben", "ben-second"),
    ),
    "policy-of-another-deployment": Attempt(
        hope="The lax policy of a test deployment is used here.",
        code="MAG-E104", says="`elsewhere`", forge=under_policy("ben", deployment="elsewhere"),
    ),
    "agent-by-owner-alone": Attempt(
        hope="An agent that no operator ever agreed to drafts changes.",
        code="MAG-E121", says="needs its owner's and an operator's", forge=agent("ben", owner="ben"),
    ),
    "agent-given-to-another-owner": Attempt(
        hope="The agent is written over to Ben, so that Anna may approve what it made.",
        code="MAG-E121", says="needs its owner's and an operator's", forge=agent("anna", "carla", owner="ben"),
    ),
    "agent-by-control": Attempt(
        hope="Control registers an agent by itself.",
        code="MAG-E107", says="belongs to nobody", forge=agent(),
    ),
    "suspended-agent": Attempt(
        hope="An agent that people suspended goes on.",
        code="MAG-E122", says="`fixer` is suspended", forge=agent("anna", "carla", state=AgentState.SUSPENDED),
    ),
    "agent-past-its-review": Attempt(
        hope="An agent whose review is overdue goes on, since only control ever looked at the date.",
        code="MAG-E122", says="was to be reviewed by", forge=agent("anna", "carla", review_by="2020-01-01T00:00:00Z"),
    ),
    "agent-of-another-repository": Attempt(
        hope="An agent registered for a toy repository changes the shop.",
        code="MAG-E122", says="may not work on `shop`", forge=agent("anna", "carla", repositories=("toy",)),
    ),
    "session-that-had-ended": Attempt(
        hope="An agent works on after its session.",
        code="MAG-E124", says="not made within its session", forge=short_session,
    ),
    "session-by-front": Attempt(
        hope="Front opens sessions for itself.",
        code="MAG-E106", says="signature", forge=session_of("front"),
    ),
    "proposal-by-control": Attempt(
        hope="Control writes a proposal in the name of an agent, without front.",
        code="MAG-E106", says="signature", forge=lambda s: s.variant(proposal_signer="control"),
    ),
    "proposal-of-another-agent": Attempt(
        hope="The proposal names an agent other than the one whose session it is.",
        code="MAG-E124", says="the agent is", forge=lambda s: s.variant(proposal={"agent": "other"}),
    ),
    "proposal-hides-its-owner": Attempt(
        hope="The proposal names Ben as the owner, so that Anna counts as somebody else.",
        code="MAG-E124", says="the owner is",
        forge=lambda s: s.variant(proposal={"owner": "ben"}, approvers=("anna",), approval={"self_reviewed": False}),
    ),
    "proposal-for-another-finding": Attempt(
        hope="A session for one finding is used for another change.",
        code="MAG-E124", says="the finding is", forge=lambda s: s.variant(proposal={"finding": "fnd-other"}),
    ),
    "proposal-of-a-made-up-session": Attempt(
        hope="The proposal names a session that nobody opened.",
        code="MAG-E124", says="the session is", forge=lambda s: s.variant(proposal={"session_digest": digest(b"none")}),
    ),
    "freeze-withheld": Attempt(
        hope="Control keeps quiet that an operator froze the repository.",
        code="MAG-E388", says="frozen by `carla`: incident 7", forge=freeze_withheld,
    ),
    "thaw-by-one-person": Attempt(
        hope="One person's word lifts a freeze.",
        code="MAG-E388", says="frozen by `carla`", forge=thawed_by("anna"),
    ),
    "thaw-by-two-keys-of-one": Attempt(
        hope="One person lifts a freeze with two keys.",
        code="MAG-E388", says="frozen by `carla`", forge=thawed_by("ben", "ben-second"),
    ),
    "thaw-from-before": Attempt(
        hope="A thaw that is no newer than the freeze lifts it.",
        code="MAG-E388", says="frozen by `carla`", forge=thawed_earlier,
    ),
    "thaw-by-control": Attempt(
        hope="Control lifts a freeze; a word that cannot be believed leaves everything stopped.",
        code="MAG-E107", says="belongs to nobody", forge=thawed_by(),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapturedWorld]:
    with captured_world(tmp_path_factory.mktemp("captured") / "home") as made:
        yield made


@pytest.mark.requirement("R37", "R44", "R45", "R55", "R59")
@pytest.mark.parametrize("name", ATTEMPTS)
def test_no_root_is_made_up(world: CapturedWorld, name: str) -> None:
    attempted(world, ATTEMPTS[name])
