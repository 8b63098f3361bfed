"""People identify by key: who calls, and the signer that holds their key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from magistrate.adapters.keys.agent import agent_key, agent_keys
from magistrate.adapters.keys.person import load_person_key
from magistrate.authority.roster import TrustedRoster, trust_roster
from magistrate.environment import agent_socket, person_settings
from magistrate.errors import NotFound, Refused, Unavailable, Usage
from magistrate.settings import Settings
from magistrate.wire.envelope import Envelope
from magistrate.wire.sshsig import SshSigner, fingerprint

FILES = ("id_ed25519", "id_ecdsa", "id_rsa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person of the roster with the key they sign with."""

    name: str
    signer: SshSigner


def load_chain(settings: Settings) -> tuple[Envelope, ...]:
    """The roster envelopes of the home (raises NotFound MAG-E591, Usage MAG-E590)."""
    try:
        return tuple(msgspec.json.decode(settings.roster_path.read_bytes(), type=list[Envelope]))
    except OSError as error:
        raise NotFound("MAG-E591", f"`{settings.roster_path}` cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise Usage("MAG-E590", f"`{settings.roster_path}` is not a list of envelopes") from error


def own_roster(settings: Settings) -> TrustedRoster:
    """The roster of the home, verified from the pinned fingerprint."""
    return trust_roster(load_chain(settings), pin=settings.pin(), deployment=settings.deployment)


def find_caller(settings: Settings, *, name: str | None, key: str | None) -> Caller:
    """Who calls: by name, or by the key alone.

    Raises:
        Usage: MAG-E604 when neither a name nor a usable key is given.
        Refused: MAG-E122 when the roster does not know the person, MAG-E604 when the key is another's.
    """
    roster = own_roster(settings)
    chosen, file = person_settings(settings, name=name, key=key)
    if chosen:
        lines = roster.person(chosen).keys
        signer = open_signer(file, frozenset(map(fingerprint, lines)))
    elif file and file != "agent":
        signer = open_signer(file, frozenset())
        chosen = roster.person_of_key(fingerprint(signer.public_line)).person
    else:
        raise Usage(
            "MAG-E604", "nobody said who calls",
            hint="add --as NAME and --key FILE, or set MAGISTRATE_PERSON and MAGISTRATE_KEY",
        )  # fmt: skip
    held = roster.person_of_key(fingerprint(signer.public_line)).person
    if held != chosen:
        raise Refused("MAG-E604", f"the key belongs to `{held}`, not to `{chosen}`")
    return Caller(name=chosen, signer=signer)


def open_signer(file: str, fingerprints: frozenset[str]) -> SshSigner:
    """The signer of a key file or of the agent; with no file, whichever holds one of the fingerprints.

    Raises:
        NotFound: MAG-E594. Refused: MAG-E595, MAG-E596. Unavailable: MAG-E598.
    """
    if file == "agent":
        return agent_key(agent_socket(), fingerprints)
    if file.endswith(".pub"):
        return agent_key(agent_socket(), frozenset({fingerprint(read_public(Path(file).expanduser()))}))
    if file:
        return load_person_key(Path(file).expanduser())
    for candidate in (Path.home() / ".ssh" / name for name in FILES):
        public = candidate.with_name(candidate.name + ".pub")
        if public.is_file() and fingerprint(read_public(public)) in fingerprints:
            held = held_by_agent(public)
            return held or load_person_key(candidate)
    if agent_socket():
        return agent_key(agent_socket(), fingerprints)
    raise NotFound("MAG-E594", "no key of this person is at hand", hint="name it with --key FILE or --key agent")


def held_by_agent(public: Path) -> SshSigner | None:
    """The agent's identity for this public key file, if an agent runs and holds it."""
    wanted = fingerprint(read_public(public))
    try:
        found = [key for key in agent_keys(agent_socket()) if fingerprint(key.public_line) == wanted]
    except Unavailable:
        return None
    return found[0] if found else None


def read_public(path: Path) -> str:
    """`ssh-ed25519 AAAA…` from a `.pub` file (raises NotFound MAG-E594, Refused MAG-E107)."""
    try:
        line = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound("MAG-E594", f"the public key `{path}` cannot be read") from error
    fingerprint(line)
    return " ".join(line.split()[:2])


def signers_at_hand(pairs: tuple[str, ...], roster: TrustedRoster) -> list[Caller]:
    """`NAME=KEYFILE` options as callers whose keys belong to them.

    Raises:
        Usage: MAG-E601 for another form. Refused: as `find_caller`.
    """
    found = []
    for pair in pairs:
        name, _, file = pair.partition("=")
        if not name or not file:
            raise Usage("MAG-E601", f"`{pair}` is not NAME=KEYFILE")
        person = roster.person(name)
        signer = open_signer(file, frozenset(map(fingerprint, person.keys)))
        if roster.person_of_key(fingerprint(signer.public_line)).person != name:
            raise Refused("MAG-E604", f"`{file}` is not a key of `{name}`")
        found.append(Caller(name=name, signer=signer))
    return found
