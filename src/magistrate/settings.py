"""Settings of a home: the only reader and writer of `magistrate.toml`.

Rule kept: an unknown key, a wrong type or a value out of range is an error that names the
line; nothing is guessed. A home from a newer program is refused.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from magistrate.authority.issuer_url import verify_issuer_url
from magistrate.errors import NotFound, Refused, Usage
from magistrate.settings_systems import SystemSettings, read_systems, systems_text
from magistrate.settings_targets import TargetSettings, read_targets, targets_text

HOME_VERSION: Final = 1
HOST: Final = "127.0.0.1"
DEFAULT_PORTS: Final = {"front": 8410, "control": 8411, "gate": 8412, "witness": 8413}
PROCESSES: Final = ("witness", "gate", "control", "front", "executor")
"""In the order in which they start: each finds what it needs already there."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_HIGHEST_PORT: Final = 65535
_MOST_DAYS: Final = 3650
_ALLOWED: Final[dict[str, type]] = {
    "version": int, "deployment": str, "mode": str,
    "ports.front": int, "ports.control": int, "ports.gate": int, "ports.witness": int,
    "store.url": str, "journal.url": str, "journal.schema": str, "walls.users": str, "person.name": str, "person.key": str,
    "rotation.process_days": int, "rotation.person_days": int,
    **{
        f"workload.{name}": str for name in (
            "token_file", "grant", "issuer", "token_endpoint", "audience", "resource", "scope", "client_id", "client_key",
            "client_key_id", "ca_file",
        )
    },
}  # fmt: skip
_TABLES: Final = frozenset({"ports", "store", "journal", "walls", "person", "rotation", "workload"})
_GRANTS: Final = ("client_credentials", "token_exchange")
_CHOICES: Final = {"mode": ("solo", "team"), "walls.users": ("auto", "same"), "workload.grant": _GRANTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """TCP ports on the loopback interface; the executor listens nowhere."""

    front: int = DEFAULT_PORTS["front"]
    control: int = DEFAULT_PORTS["control"]
    gate: int = DEFAULT_PORTS["gate"]
    witness: int = DEFAULT_PORTS["witness"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadIssuer:
    """Where the executor gets a workload token for each lease itself; `grant` is one of RFC 6749 4.4 and RFC 8693.

    Without a `token_endpoint` the issuer's discovery document names it. `ca_file` is trusted alone where it is named.
    """

    grant: str
    issuer: str
    audience: str
    token_endpoint: str = ""
    resource: str = ""
    scope: str = ""
    client_id: str = ""
    client_key: Path | None = None
    client_key_id: str = ""
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `magistrate.toml` says, and where everything in the home is."""

    home: Path
    deployment: str
    mode: str
    ports: Ports = field(default_factory=Ports)
    store_url: str = ""
    journal_url: str = ""
    journal_schema: str = ""
    walls_users: str = "auto"
    person: str = ""
    person_key: str = ""
    rotate_process_days: int = 90
    rotate_person_days: int = 365
    workload_token: Path | None = None
    workload_issuer: WorkloadIssuer | None = None
    systems: Mapping[str, SystemSettings] = field(default_factory=dict)
    targets: Mapping[str, TargetSettings] = field(default_factory=dict)

    @property
    def roster_path(self) -> Path:
        """The chain of roster envelopes."""
        return self.home / "roster.json"

    @property
    def policy_path(self) -> Path:
        """The active signed policy bundle."""
        return self.home / "policy-bundle.json"

    @property
    def policies(self) -> Path:
        """The folder of policy sources."""
        return self.home / "policies" / "default"

    @property
    def run(self) -> Path:
        """Sockets, process ids and logs of running processes."""
        return self.home / "run"

    @property
    def front_socket(self) -> Path:
        """Where control listens for front only."""
        return self.run / "control-front.sock"

    @property
    def repositories(self) -> Path:
        """The gate's bare repositories."""
        return self.home / "gate" / "repositories"

    @property
    def freeze(self) -> Path:
        """The file drop that stops executor and gate whatever control says."""
        return self.home / "freeze"

    @property
    def store(self) -> Path | str:
        """Control's store: a SQLite file in the home, or the PostgreSQL URL that the settings name."""
        return self.store_url or self.home / "control" / "store.db"

    @property
    def known_secrets(self) -> Path:
        """Values that front keeps from every agent; optional, front's alone."""
        return self.home / "known-secrets"

    @property
    def front_url(self) -> str:
        """Base URL of front."""
        return f"http://{HOST}:{self.ports.front}"

    @property
    def control_url(self) -> str:
        """Base URL of control."""
        return f"http://{HOST}:{self.ports.control}"

    @property
    def gate_url(self) -> str:
        """Base URL of the gate."""
        return f"http://{HOST}:{self.ports.gate}"

    @property
    def witness_url(self) -> str:
        """Base URL of the witness."""
        return f"http://{HOST}:{self.ports.witness}"

    @property
    def log_name(self) -> str:
        """Origin of the log, as the roster and its checkpoints write it."""
        return f"magistrate/{self.deployment}"

    @property
    def witness_name(self) -> str:
        """Name under which the witness cosigns."""
        return f"magistrate/{self.deployment}/witness"

    def key(self, name: str) -> Path:
        """File of a process key: front, control, gate, executor, witness, log, warrant, redaction."""
        return self.home / "keys" / f"{name}.key"

    def pin(self) -> str:
        """The pinned fingerprint of the first roster.

        Raises:
            NotFound: MAG-E591 when the home has none.
        """
        path = self.home / "roster.pin"
        try:
            return path.read_text().strip()
        except OSError as error:
            raise NotFound("MAG-E591", f"`{path}` cannot be read: {error.strerror}", hint=_INIT_HINT) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """Whether the processes are kept apart by users; `reason` says why not, `mend` what to do."""

    users: bool
    reason: str = ""
    mend: str = ""

    def __str__(self) -> str:
        """`users` or `same user`, as `status` prints it."""
        return "users" if self.users else "same user"


_INIT_HINT: Final = "make one with `magistrate init --solo`, or name another with --home"


def load_settings(home: Path) -> Settings:
    """Read `<home>/magistrate.toml`.

    Raises:
        NotFound: MAG-E591 when there is no home.
        Usage: MAG-E590 for what is not understood, with its line; MAG-E592 for a newer home.
    """
    path = home / "magistrate.toml"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise NotFound("MAG-E591", f"there is no home in `{home}`", hint=_INIT_HINT) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Usage("MAG-E590", f"`{path}` cannot be read: {error}") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Usage("MAG-E590", f"`{path}` is not TOML: {error}") from error
    wrong = functools.partial(_wrong, path, text)
    systems, targets = (
        read_systems(table.pop("system", {}), home, wrong),
        read_targets(table.pop("target", {}), home, wrong),
    )
    values = _flat(table, path, text)
    _verify_version(values, path)
    for required in ("deployment", "mode"):
        if required not in values:
            raise Usage("MAG-E590", f"`{path}` does not say `{required}`")
    if _NAME.match(str(values["deployment"])) is None:
        raise _wrong(path, text, "deployment", "holds lower-case letters, digits, dots and dashes only")
    ports = {name: values.get(f"ports.{name}", default) for name, default in DEFAULT_PORTS.items()}
    _verify_numbers(ports, values, path, text)
    _verify_workload(values, path, text)
    if values.get("journal.schema") and not values.get("journal.url"):
        raise _wrong(path, text, "journal.schema", "is used by no journal in a file; say `url` too")
    return Settings(
        home=home, deployment=values["deployment"], mode=values["mode"], ports=Ports(**ports),
        store_url=values.get("store.url", ""), journal_url=values.get("journal.url", ""),
        journal_schema=values.get("journal.schema", ""), walls_users=values.get("walls.users", "auto"),
        person=values.get("person.name", ""), person_key=values.get("person.key", ""),
        rotate_process_days=values.get("rotation.process_days", 90), rotate_person_days=values.get("rotation.person_days", 365),
        workload_token=home / values["workload.token_file"] if values.get("workload.token_file") else None,
        workload_issuer=_issuer(values, home), systems=systems, targets=targets,
    )  # fmt: skip


def standing_walls(settings: Settings) -> Walls:
    """Which walls stand, by what cannot be claimed: the owners of the process keys.

    The walls are users when front, control, gate and executor own their keys under distinct
    users, none of them root.
    """
    mend = "sudo magistrate up (from an installation that other users can read)"
    try:
        owners = {name: settings.key(name).stat().st_uid for name in ("front", "control", "gate", "executor")}
    except OSError as error:
        return Walls(users=False, reason=f"the process keys cannot be looked at: {error.strerror}", mend=mend)
    if len(set(owners.values())) < len(owners):
        return Walls(users=False, reason="several processes run as the same user", mend=mend)
    if 0 in owners.values():
        return Walls(users=False, reason="a process runs as root", mend=mend)
    return Walls(users=True)


def settings_text(settings: Settings) -> str:
    """A `magistrate.toml` that says the same."""
    lines = [
        "# Magistrate. Unknown keys are errors; `magistrate config check` reads this file.",
        f"version = {HOME_VERSION}", f'deployment = "{settings.deployment}"', f'mode = "{settings.mode}"', "",
        "[ports]  # loopback only",
    ]  # fmt: skip
    lines += [f"{name} = {getattr(settings.ports, name)}" for name in DEFAULT_PORTS]
    lines += ["", "[walls]", f'users = "{settings.walls_users}"  # auto: own users where started as root; same: never']
    if settings.store_url:
        lines += ["", "[store]  # PostgreSQL instead of control/store.db; no password here: ?passfile=FILE"]
        lines += [f"url = {_quoted(settings.store_url)}"]
    if settings.journal_url:
        lines += ["", "[journal]  # PostgreSQL instead of executor/journal.db; no password here: ?passfile=FILE"]
        lines += [f"url = {_quoted(settings.journal_url)}"]
        lines += [f"schema = {_quoted(settings.journal_schema)}"] if settings.journal_schema else []
    if settings.person:
        lines += ["", "[person]  # who you are unless --as or MAGISTRATE_PERSON says otherwise"]
        lines += [f"name = {_quoted(settings.person)}"]
        lines += [f"key = {_quoted(settings.person_key)}"] if settings.person_key else []
    lines += ["", "[rotation]  # days after which a root is to be replaced: `magistrate leases --roots`"]
    lines += [f"process_days = {settings.rotate_process_days}", f"person_days = {settings.rotate_person_days}"]
    said = {"token_file": settings.workload_token}
    if settings.workload_issuer is not None:
        said |= {one.name: getattr(settings.workload_issuer, one.name) for one in fields(settings.workload_issuer)}
    if any(said.values()):
        lines += [
            "",
            "[workload]  # how the executor comes to the tokens that policy asks for: docs/workload-identity.md",
        ]
        lines += [f"{name} = {_quoted(str(value))}" for name, value in said.items() if value]
    lines += [*systems_text(settings.systems, _quoted), *targets_text(settings.targets, _quoted)]
    return "\n".join(lines) + "\n"


def _flat(table: Mapping[str, Any], path: Path, text: str, prefix: str = "") -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in table.items():
        full = prefix + name
        if full in _TABLES and isinstance(value, dict):
            values |= _flat(value, path, text, f"{full}.")
        elif full not in _ALLOWED:
            raise _wrong(path, text, full, "is no setting")
        elif type(value) is not _ALLOWED[full]:
            raise _wrong(path, text, full, f"must be {'a number' if _ALLOWED[full] is int else 'a text'}")
        elif full in _CHOICES and value not in _CHOICES[full]:
            raise _wrong(path, text, full, f"must be one of {', '.join(_CHOICES[full])}")
        else:
            values[full] = value
    return values


def _verify_version(values: Mapping[str, Any], path: Path) -> None:
    version = values.get("version", HOME_VERSION)
    if version > HOME_VERSION:
        raise Usage(
            "MAG-E592", f"`{path.parent}` was made by a newer program (home version {version}, this one reads {HOME_VERSION})",
            hint="use the newer magistrate, or another --home",
        )  # fmt: skip


def _verify_numbers(ports: Mapping[str, int], values: Mapping[str, Any], path: Path, text: str) -> None:
    for name in ("rotation.process_days", "rotation.person_days"):
        if not 0 < values.get(name, 1) <= _MOST_DAYS:
            raise _wrong(path, text, name, f"must be 1 to {_MOST_DAYS}")
    for name, port in ports.items():
        if not 0 < port <= _HIGHEST_PORT:
            raise _wrong(path, text, f"ports.{name}", f"must be 1 to {_HIGHEST_PORT}")
    if len(set(ports.values())) < len(ports):
        raise _wrong(path, text, "ports", "gives one port to two processes")


def _verify_workload(values: Mapping[str, Any], path: Path, text: str) -> None:
    """Each grant with what it needs, and nothing that would not be used (raises Usage MAG-E590)."""
    said = {name.partition(".")[2] for name in values if name.startswith("workload.") and values[name]}
    grant = values.get("workload.grant", "")
    needs = {"grant", "issuer", "audience"} | (
        {"client_id", "client_key", "client_key_id"} if grant == "client_credentials" else {"token_file"}
    )
    for name in sorted(said - {"token_file"} if not grant else needs - said):
        raise _wrong(path, text, "workload.grant", f"{'needs' if grant else 'is not said, for'} `workload.{name}`")
    if grant == "client_credentials" and "token_file" in said:
        raise _wrong(path, text, "workload.token_file", "is used by no `client_credentials`")
    if len({"client_key", "client_key_id"} & said) == 1 or ("client_key" in said and "client_id" not in said):
        raise _wrong(path, text, "workload.client_key", "needs `client_id` and `client_key_id`, and they need it")
    for name in ("issuer", "token_endpoint"):
        try:
            if name in said:
                verify_issuer_url(values[f"workload.{name}"])
        except Refused as error:
            raise _wrong(path, text, f"workload.{name}", error.message) from error


def _issuer(values: Mapping[str, Any], home: Path) -> WorkloadIssuer | None:
    if not values.get("workload.grant"):
        return None
    said = {one.name: values.get(f"workload.{one.name}", "") for one in fields(WorkloadIssuer)}
    paths = {name: home / said[name] if said[name] else None for name in ("client_key", "ca_file")}
    return WorkloadIssuer(**{**said, **paths})


def _wrong(path: Path, text: str, name: str, what: str) -> Usage:
    table, _, key = name.rpartition(".")
    place = section = ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.strip("[] ").split("]")[0].replace('"', "")
            if section == name:
                place = f":{number}"
        elif stripped.startswith(f"{name} ") or (
            section == table and re.match(rf'"?{re.escape(key)}"?\s*[=.]', stripped)
        ):
            place = f":{number}"
            break
    return Usage("MAG-E590", f"`{path}{place}`: `{name}` {what}")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
