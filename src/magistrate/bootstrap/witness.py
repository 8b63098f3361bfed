"""Composition root of the witness: its settings, its key, its database, nothing of the rest.

A witness is best run by somebody else on another machine, so its settings are a file of its
own: `witness.toml` with `name`, `host`, `port`, `key`, `database` (paths relative to the
file) and `logs` (vkeys of the logs that it watches).
"""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from magistrate.adapters.stores.witness import WitnessStore
from magistrate.errors import Usage
from magistrate.ledger.note import parse_vkey


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessConfig:
    """Everything that a witness needs to know. `logs` are vkeys, each named by its origin."""

    name: str
    key: Path
    database: Path
    host: str
    port: int
    logs: tuple[str, ...]


def witness_toml(*, name: str, port: int, logs: tuple[str, ...], key: str = "../keys/witness.key") -> str:
    """Text of a `witness.toml`, for `<home>/witness/witness.toml`."""
    listed = "".join(f'  "{vkey}",\n' for vkey in logs)
    return (
        f'name = "{name}"\nhost = "127.0.0.1"\nport = {port:d}\nkey = "{key}"\ndatabase = "witness.db"\n'
        f"logs = [\n{listed}]\n"
    )


def load_config(path: Path) -> WitnessConfig:
    """Read a `witness.toml`.

    Raises:
        Usage: MAG-E223 when it can not be read or misses a setting.
    """
    try:
        settings = tomllib.loads(path.read_text("utf-8"))
        return WitnessConfig(
            name=str(settings["name"]),
            key=path.parent / str(settings["key"]),
            database=path.parent / str(settings["database"]),
            host=str(settings["host"]),
            port=int(settings["port"]),
            logs=tuple(str(vkey) for vkey in settings["logs"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Usage("MAG-E223", f"`{path}` is not usable: {error}") from error


def compose(config: WitnessConfig) -> WitnessStore:
    """Open the witness's database and key.

    Raises:
        Usage: MAG-E223 for an unusable key, MAG-E200 for a malformed vkey.
    """
    try:
        key = load_pem_private_key(config.key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Usage("MAG-E223", f"the key `{config.key}` can not be read") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Usage("MAG-E223", f"the key `{config.key}` is not an Ed25519 key")
    config.database.parent.mkdir(parents=True, exist_ok=True)
    logs = {vkey.name: vkey for vkey in map(parse_vkey, config.logs)}
    return WitnessStore(config.database, name=config.name, key=key, logs=logs, clock=lambda: int(time.time()))
