"""`magistrate init`: a home with settings, policies, keys and the first signed roster and policy."""

from __future__ import annotations

import re
import secrets
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from magistrate.adapters.keys.person import create_person_key
from magistrate.adapters.keys.process import create_process_key, public_text, write_new
from magistrate.authority.roster import trust_roster
from magistrate.bootstrap.witness import witness_toml
from magistrate.domain.principal import Mode, Role
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame
from magistrate.entrypoints.cli.papers import seal
from magistrate.entrypoints.cli.people import FILES, Caller, held_by_agent, open_signer, read_public
from magistrate.entrypoints.cli.policy_files import NAME, bundle_of, write_defaults
from magistrate.environment import login_name, verify_socket_fits
from magistrate.errors import MagistrateError, Usage
from magistrate.ledger.cosign import witness_key
from magistrate.ledger.note import verifier_key
from magistrate.settings import DEFAULT_PORTS, HOST, Ports, Settings, settings_text
from magistrate.wire.canonical import canonical
from magistrate.wire.roster import Person, Processes, Roster, Thresholds
from magistrate.wire.sshsig import SshSigner, fingerprint

FOLDERS: Final = (
    "keys",
    "control",
    "front",
    "gate/repositories",
    "executor/work",
    "witness",
    "run",
    "freeze",
    "sessions",
)
PROCESS_KEYS: Final = ("front", "control", "gate", "executor", "log", "witness")
ROLES_HINT: Final = "roles: " + ", ".join(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """One person to write into the first roster; `signer` is None when only the public key is known."""

    name: str
    roles: tuple[Role, ...]
    public_line: str
    signer: SshSigner | None
    key_setting: str


@click.command()
@click.option(
    "--solo", is_flag=True, help="One person owns everything; less is allowed (this is the default without --person)."
)
@click.option(
    "--person",
    "people",
    multiple=True,
    metavar="NAME:ROLE,ROLE:KEY",
    help="Somebody of a team, several times; KEY is an SSH key file or public key line. " + ROLES_HINT + ".",
)
@click.option("--name", metavar="NAME", help="Your name in a solo roster (else your login name).")
@click.option("--ssh-key", metavar="FILE", help="Your SSH key for --solo (else ~/.ssh, else a new one in the home).")
@click.option("--deployment", metavar="NAME", help="Name of the deployment; part of every document.")
@click.option(
    "--ports",
    type=click.IntRange(1024, 65000),
    metavar="FIRST",
    help="First of four ports (else 8410, or what is free).",
)
@home_option
@pass_frame
def init(  # noqa: PLR0913  the options of the command
    frame: Frame, *, solo: bool, people: tuple[str, ...], name: str | None, ssh_key: str | None,
    deployment: str | None, ports: int | None,
) -> None:  # fmt: skip
    """Make a home: settings, policies, roster with its fingerprint, keys. Never overwrites."""
    home = frame.home
    verify_socket_fits(home)
    _verify_absent(home)
    if solo and people:
        raise click.UsageError("--solo and --person exclude each other")
    if people and (name or ssh_key or frame.key):
        raise click.UsageError("--name and --ssh-key belong to --solo; --person carries both")
    title = deployment or "local-" + secrets.token_hex(2)
    if NAME.match(title) is None:
        raise Usage(
            "MAG-E601", f"`{title[:60]}` is no deployment name", hint="lower-case letters, digits, dots, dashes"
        )
    home.parent.mkdir(parents=True, exist_ok=True)
    # Everything is made beside the home and moved in place as a whole, so that a home is never half there.
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".magistrate-init-") as scratch:
        made = Path(scratch) / "home"
        made.mkdir(mode=0o700)
        for folder in FOLDERS:
            (made / folder).mkdir(parents=True, mode=0o700)
        enrolled = [_parse_person(text) for text in people] or [_alone(name, ssh_key or frame.key, made)]
        mode = Mode.TEAM if people else Mode.SOLO
        first = enrolled[0]
        settings = Settings(
            home=made, deployment=title, mode=mode, ports=_ports(ports),
            person="" if people else first.name, person_key="" if people else first.key_setting,
        )  # fmt: skip
        missing = _write(settings, mode, enrolled)
        pin = settings.pin()
        if home.exists():
            home.rmdir()
        shutil.move(made, home)
    _report(home, settings, enrolled, pin, missing)


def _verify_absent(home: Path) -> None:
    if home.is_dir() and not any(home.iterdir()):
        return
    if home.exists() or home.is_symlink():
        found = sorted(entry.name for entry in home.iterdir()) if home.is_dir() else ["a file"]
        what = "is a home already" if "magistrate.toml" in found else "is not empty"
        found = [*found[:8], "…"] if len(found) > 8 else found  # noqa: PLR2004  enough to recognise it
        raise Usage(
            "MAG-E593", f"`{home}` {what} ({', '.join(found)}); nothing was changed",
            hint="use it as it is (`magistrate status`), or name another with --home",
        )  # fmt: skip


def _alone(name: str | None, key: str | None, made: Path) -> Enrolled:
    chosen = name or re.sub(r"[^a-z0-9._-]", "", login_name().lower()).lstrip("._-") or "owner"
    _verify_name(chosen)
    if key:
        signer = open_signer(key, frozenset())
        return _solo(chosen, signer, key if key == "agent" else str(Path(key).expanduser().absolute()))
    for candidate in (Path.home() / ".ssh" / file for file in FILES):
        public = candidate.with_name(candidate.name + ".pub")
        if public.is_file() and (held := held_by_agent(public)):
            return _solo(chosen, held, "agent")
        if candidate.is_file():
            try:
                return _solo(chosen, open_signer(str(candidate), frozenset()), str(candidate))
            except MagistrateError as error:
                click.echo(f"{candidate} is not used: {error.message}", err=True)
    file = f"keys/person-{chosen}"
    return _solo(chosen, create_person_key(made / file, f"{chosen}@magistrate"), file)


def _solo(name: str, signer: SshSigner, setting: str) -> Enrolled:
    return Enrolled(name=name, roles=tuple(Role), public_line=signer.public_line, signer=signer, key_setting=setting)


def _parse_person(text: str) -> Enrolled:
    name, _, rest = text.partition(":")
    roles_text, _, key = rest.partition(":")
    if not key:
        raise Usage("MAG-E601", f"`{text[:80]}` is not NAME:ROLE,ROLE:KEY", hint=ROLES_HINT)
    _verify_name(name)
    try:
        roles = tuple(sorted({Role(part) for part in roles_text.split(",") if part}))
    except ValueError as error:
        raise Usage("MAG-E601", f"`{roles_text[:60]}` holds a role that does not exist", hint=ROLES_HINT) from error
    if key.split(" ")[0] in {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"}:
        line = " ".join(key.split()[:2])
        fingerprint(line)
        return Enrolled(name=name, roles=roles, public_line=line, signer=None, key_setting="")
    path = Path(key).expanduser()
    if path.suffix == ".pub":
        return Enrolled(
            name=name, roles=roles, public_line=read_public(path), signer=held_by_agent(path), key_setting=""
        )
    signer = open_signer(str(path), frozenset())
    return Enrolled(name=name, roles=roles, public_line=signer.public_line, signer=signer, key_setting=str(path))


def _verify_name(name: str) -> None:
    if NAME.match(name) is None:
        raise Usage("MAG-E601", f"`{name[:60]}` is no name", hint="lower-case letters, digits, dots, dashes")


def _ports(first: int | None) -> Ports:
    if first is not None:
        return Ports(front=first, control=first + 1, gate=first + 2, witness=first + 3)
    for base in range(DEFAULT_PORTS["front"], DEFAULT_PORTS["front"] + 400, 10):
        if all(_free(base + offset) for offset in range(4)):
            return Ports(front=base, control=base + 1, gate=base + 2, witness=base + 3)
    return Ports()


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((HOST, port)) != 0


def _write(settings: Settings, mode: Mode, enrolled: list[Enrolled]) -> list[str]:
    """Write keys and documents; returns the names whose signature is missing."""
    keys = {name: create_process_key(settings.key(name)) for name in PROCESS_KEYS}
    write_new(settings.key("redaction"), secrets.token_hex(32).encode() + b"\n")
    threshold = 2 if mode is Mode.TEAM else 1
    log = verifier_key(settings.log_name, keys["log"]).encode()
    roster = Roster(
        version=1, previous=None, mode=mode,
        persons=tuple(
            Person(person=e.name, display_name=e.name, keys=(e.public_line,), roles=e.roles) for e in enrolled
        ),
        processes=Processes(
            front=public_text(keys["front"]), control=public_text(keys["control"]), gate=public_text(keys["gate"]),
            executors=(public_text(keys["executor"]),), log=log,
            witnesses=(witness_key(settings.witness_name, keys["witness"]).encode(),),
        ),
        thresholds=Thresholds(roster=threshold, policy=threshold, witnesses=1),
    )  # fmt: skip
    _verify_people(roster)
    signers = [Caller(name=e.name, signer=e.signer) for e in enrolled if e.signer is not None]
    if not signers:
        raise Usage("MAG-E601", "nobody's private key is at hand to sign the roster", hint="give at least one key file")
    sealed = seal(roster, "ros", signers, deployment=settings.deployment)
    write_defaults(settings.policies)
    bundle = bundle_of(settings.policies, version=1, previous=None)
    owners = [c for c in signers if Role.POLICY_OWNER in next(e.roles for e in enrolled if e.name == c.name)]
    policy = seal(bundle, "pol", owners or signers, deployment=settings.deployment)
    pin = sealed.payload_digest()
    missing = [e.name for e in enrolled if e.signer is None]
    if not missing:
        trust_roster([sealed], pin=pin, deployment=settings.deployment)
    write_new(settings.home / "magistrate.toml", settings_text(settings).encode(), 0o644)
    write_new(settings.roster_path, canonical([sealed]), 0o644)
    write_new(settings.home / "roster.pin", f"{pin}\n".encode(), 0o644)
    write_new(settings.policy_path, policy.encode(), 0o644)
    text = witness_toml(name=settings.witness_name, port=settings.ports.witness, logs=(log,))
    write_new(settings.home / "witness" / "witness.toml", text.encode(), 0o644)
    return missing


def _verify_people(roster: Roster) -> None:
    """The roster must be able to decide at all; said here, before anything is written."""
    names = [p.person for p in roster.persons]
    if len(set(names)) < len(names):
        raise Usage("MAG-E601", "a person is named twice")
    if roster.mode is Mode.SOLO:
        return
    if len(names) < 2:  # noqa: PLR2004  a team
        raise Usage("MAG-E601", "a team has at least two persons", hint="add --person, or use --solo")
    for role, count in ((Role.POLICY_OWNER, roster.thresholds.policy), (Role.OPERATOR, 1), (Role.REVIEWER, 1)):
        held = sum(1 for p in roster.persons if role in p.roles)
        if held < count:
            raise Usage(
                "MAG-E601", f"a team needs {count} with the role `{role}`, this one has {held}", hint=ROLES_HINT
            )


def _report(home: Path, settings: Settings, enrolled: list[Enrolled], pin: str, missing: list[str]) -> None:
    click.echo(f"home         {home}")
    click.echo(f"deployment   {settings.deployment} ({settings.mode})")
    for person in enrolled:
        roles = "all roles" if len(person.roles) == len(Role) else ", ".join(person.roles) or "no role"
        click.echo(f"person       {person.name}: {roles}; key {fingerprint(person.public_line)}")
    if settings.person_key:
        where = settings.person_key
        click.echo(f"your key     {where if where == 'agent' or where.startswith('/') else home / where}")
    click.echo(f"ports        {settings.ports.front} to {settings.ports.witness} on {HOST}")
    click.echo(f"fingerprint  {pin}")
    click.echo("             keep this line elsewhere: it is what every process and every outsider pins")
    prefix = "" if home == Path.home() / ".magistrate" else f" --home {home}"
    if missing:
        click.echo(f"\nStill to sign: {', '.join(missing)}. Each runs, with their own key:")
        click.echo(f"  magistrate roster sign --as NAME --key FILE{prefix}")
        return
    click.echo("\nNext:")
    click.echo(f"  magistrate up --detach{prefix}")
    click.echo(f"  magistrate repository add PATH{prefix}")
