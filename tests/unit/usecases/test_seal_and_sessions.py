"""Sessions are bounded, agents registered, and a proposal is what the server derives."""

import msgspec
import pytest
from world.casework import CaseWorld
from world.deployment import new_id
from world.wire_samples import D, G

from magistrate.domain.case import RepositoryRow
from magistrate.domain.execution import Action
from magistrate.errors import Refused, Usage
from magistrate.usecases.gathered import record_read
from magistrate.usecases.sessions import SessionWish, admit_token, close_session, open_session, register_agent
from magistrate.wire.agent_manifest import AgentManifest, AgentState
from magistrate.wire.canonical import digest
from magistrate.wire.front_api import ReadNote

TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}


@pytest.fixture
def world(tmp_path):
    made = CaseWorld(tmp_path)
    yield made
    made.store.close()


@pytest.mark.requirement("R13", "R44")
@pytest.mark.parametrize(
    "changes",
    [
        {"environment": "production"}, {"repository": "other"}, {"ref": "refs/heads/x"}, {"pre_state": G},
        {"base_tree": G}, {"old": G}, {"rollback_plan_digest": D}, {"agent": "other"}, {"owner": "ben"},
        {"finding": "fnd-x"}, {"session_digest": D}, {"diff_sha256": D}, {"prompt_sha256": D},
        {"rationale_sha256": D}, {"kind_commitment": D}, {"action": Action.DEPLOY},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_a_proposal_that_differs_from_what_the_server_derives_is_refused(world, changes):
    with pytest.raises(Refused) as refused:
        world.seal(world.proposal(TYPO, **changes))
    assert refused.value.code in {"MAG-E463", "MAG-E464", "MAG-E124"}


@pytest.mark.requirement("R13")
def test_the_same_proposal_twice_is_one_case_and_any_change_is_another(world):
    session = world.session().session
    request = world.proposal(TYPO, session)
    first, again = world.seal(request), world.seal(request)
    other = world.seal(world.proposal(TYPO, session))
    assert first == again
    assert other.facts.proposal != first.facts.proposal


@pytest.mark.requirement("R53")
def test_only_front_may_hand_in_a_proposal(world):
    request = world.proposal(TYPO)
    body = msgspec.json.decode(request.proposal.payload_bytes())["body"]
    assert body["agent"] == "fixer"
    signature = world.deployment.by_process("executor", _manifest("fixer", "anna"), "agm").signatures
    forged = msgspec.structs.replace(request, proposal=msgspec.structs.replace(request.proposal, signatures=signature))
    with pytest.raises(Refused):
        world.seal(forged)


@pytest.mark.requirement("R2")
def test_a_session_ends_and_its_token_is_bound_to_its_first_client(world):
    opened = world.session(minutes=1)
    token, client, other = (digest(t.encode()) for t in (opened.token, "client", "other"))
    with world.store.transaction() as unit:
        assert admit_token(unit, token, client, world.now).session == opened.session
        assert admit_token(unit, token, client, world.now).client_sha256 == client
        with pytest.raises(Refused, match="bound"):
            admit_token(unit, token, other, world.now)
        with pytest.raises(Refused, match="over"):
            admit_token(unit, token, client, world.now + 61)
        with pytest.raises(Refused):
            admit_token(unit, digest(b"guessed"), client, world.now)
    request = world.proposal(TYPO, opened.session)
    with world.store.transaction() as unit:
        close_session(unit, opened.session, world.deployment.trusted_roster().person("anna"), world.now)
    with pytest.raises(Refused, match="over"):
        world.seal(request)
    with pytest.raises(Usage):
        world.session(minutes=61)


def test_the_token_is_kept_nowhere(world):
    opened = world.session()
    for path in (world.home / "control").iterdir():
        assert opened.token.encode() not in path.read_bytes()


def _manifest(agent: str, owner: str, state: AgentState = AgentState.ACTIVE) -> AgentManifest:
    return AgentManifest(
        agent=agent, owner=owner, purpose="p", model="fake", model_version="1", tools_digest=D,
        repositories=("shop",), sensitivity="s", criticality="low", state=state, review_by="2099-01-01T00:00:00Z",
    )  # fmt: skip


@pytest.mark.requirement("R1")
def test_an_agent_needs_its_owner_and_an_operator_and_must_be_active(world):
    roster = world.trust.roster()

    def open_for(agent):
        with world.store.transaction() as unit:
            return open_session(
                unit, SessionWish(agent=agent, finding=world.finding.id, reason="fix", minutes=5),
                roster.person("anna"), roster=roster, pen=world.pen, now=world.now, draw=lambda: new_id("tok"),
            )  # fmt: skip

    with pytest.raises(Refused, match="no agent"):
        open_for("unknown")
    from magistrate.wire.document import document, seal_by_person

    doc = document(_manifest("second", "ben"), deployment="testing", id=new_id("agm"), now=world.now, lifetime=None)
    by_ben, by_carla = (seal_by_person(doc, world.deployment.people[p]) for p in ("ben", "carla"))
    with world.store.transaction() as unit:
        assert register_agent(unit, by_ben, roster, world.now).state == "pending"
    with pytest.raises(Refused, match="pending"):
        open_for("second")
    with world.store.transaction() as unit:
        assert register_agent(unit, by_carla, roster, world.now).state == "active"
    assert open_for("second").token
    with pytest.raises(Refused), world.store.transaction() as unit:
        register_agent(unit, world.deployment.by_person("dora", _manifest("third", "ben"), "agm"), roster, world.now)


@pytest.mark.requirement("R5", "R7")
def test_reads_are_recorded_first_and_bounded_by_the_budget(world):
    opened = world.session()
    note = ReadNote(
        session=opened.session, tool="read_file", source="app.py", byte_start=0, byte_end=100, sha256=D,
        redactions=1, truncated=False, refused="",
    )  # fmt: skip
    with world.store.transaction() as unit:
        receipt = record_read(unit, note, world.now)
        told = unit.events(opened.session)[-1]
    assert told.event == "context.read"
    assert told.facts["receipt"] == receipt
    with pytest.raises(Refused, match="bytes left"), world.store.transaction() as unit:
        record_read(unit, msgspec.structs.replace(note, byte_end=10**9), world.now)


def test_a_repository_is_one_row(world):
    with world.store.transaction() as unit:
        row = unit.repository("shop")
        assert isinstance(row, RepositoryRow)
        unit.put_repository(row)
        assert unit.repositories() == (row,)
