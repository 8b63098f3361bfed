"""The version of the roster that waits: what is signed is shown, and is the key of one executor and nothing else (R44)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world.deployment import public_text

from magistrate.adapters.keys.person import create_person_key
from magistrate.adapters.keys.process import load_process_key
from magistrate.authority.roster import raw_key
from magistrate.bootstrap.executor_key import NEXT_KEY
from magistrate.bootstrap.key_rotation import NEXT_ROSTER, installed_chain, replaced_executor
from magistrate.domain.principal import Role
from magistrate.entrypoints.cli import next_roster
from magistrate.entrypoints.cli.main import run
from magistrate.entrypoints.cli.papers import now
from magistrate.entrypoints.cli.people import Caller, open_signer, own_roster
from magistrate.errors import Refused
from magistrate.settings import Settings, load_settings
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import decode_envelope, process_keyid
from magistrate.wire.roster import Roster
from magistrate.wire.sshsig import SshSigner

ROLES = "proposer,reviewer,policy_owner,operator,security"


@pytest.fixture
def team(tmp_path: Path) -> Settings:
    for name in ("ada", "bela", "cleo"):
        create_person_key(tmp_path / name, f"{name}@example.invalid")
    people = [word for name in ("ada", "bela", "cleo") for word in ("--person", f"{name}:{ROLES}:{tmp_path / name}")]
    assert run(["init", *people, "--home", str(tmp_path / "home")]) == 0
    return load_settings(tmp_path / "home")


def rotate(team: Settings, name: str) -> int:
    key = str(team.home.parent / name)
    return run(["rotate", "--executor", "--wait", "0", "--as", name, "--key", key, "--home", str(team.home)])


def sign(team: Settings, name: str) -> int:
    return run(["roster", "sign", "--as", name, "--key", str(team.home.parent / name), "--home", str(team.home)])


@pytest.mark.requirement("R44")
def test_one_signature_of_a_team_replaces_nothing(team: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    before = installed_chain(team)
    assert rotate(team, "ada") == 0
    assert rotate(team, "ada") == 0, "the same person again counts once"
    assert "waits for 1 more" in capsys.readouterr().out
    assert installed_chain(team) == before
    assert sign(team, "bela") == 0
    said = capsys.readouterr().out
    new = public_text(load_process_key(team.key(NEXT_KEY)))
    assert process_keyid(raw_key(new)) in said
    assert "nothing else changes" in said
    assert "enough have signed" in said
    assert installed_chain(team) == before


def _person(body: Roster) -> Roster:
    first, *rest = body.persons
    return msgspec.structs.replace(body, persons=(msgspec.structs.replace(first, roles=(Role.OPERATOR,)), *rest))


def _threshold(body: Roster) -> Roster:
    return msgspec.structs.replace(body, thresholds=msgspec.structs.replace(body.thresholds, policy=1))


def _processes(**changed: object) -> Callable[[Roster], Roster]:
    return lambda body: msgspec.structs.replace(body, processes=msgspec.structs.replace(body.processes, **changed))


def _more(body: Roster) -> Roster:
    return _processes(executors=(*body.processes.executors, public_text(Ed25519PrivateKey.generate())))(body)


@pytest.mark.requirement("R44")
@pytest.mark.parametrize(
    "more", [_person, _threshold, _processes(control="AAAA"), _processes(witnesses=()), _more, _processes(executors=())]
)
def test_a_roster_that_changes_more_is_not_signed(
    team: Settings, more: Callable[[Roster], Roster], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rotate(team, "ada") == 0
    waiting = team.home / NEXT_ROSTER
    body = open_envelope(decode_envelope(waiting.read_bytes()), Roster, deployment=team.deployment).body
    before = own_roster(team).body
    assert replaced_executor(before, body)
    with pytest.raises(Refused, match="more than one key"):
        replaced_executor(before, more(body))
    callers = [Caller(name="ada", signer=_signer(team, "ada"))]
    next_roster.signed_by(team, own_roster(team), more(body), None, callers)
    kept = waiting.read_bytes()
    assert sign(team, "bela") == 1
    assert "MAG-E615" in capsys.readouterr().err
    assert waiting.read_bytes() == kept
    assert rotate(team, "bela") == 1


def _signer(team: Settings, name: str) -> SshSigner:
    return open_signer(str(team.home.parent / name), frozenset())


@pytest.mark.requirement("R44")
def test_what_waits_too_long_is_made_anew(team: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rotate(team, "ada") == 0
    waiting = decode_envelope((team.home / NEXT_ROSTER).read_bytes())
    assert next_roster.verify_waiting(team, own_roster(team), waiting) is not None
    later = now() + next_roster.WAITS_SECONDS + 1
    monkeypatch.setattr(next_roster, "now", lambda: later)
    assert next_roster.verify_waiting(team, own_roster(team), waiting) is None
    assert sign(team, "bela") == 1
