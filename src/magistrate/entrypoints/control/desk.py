"""What the doors of control share: the parts, and who asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from magistrate.authority.request import Caller
from magistrate.domain.finding import Finding
from magistrate.errors import Refused, Usage
from magistrate.ports import Pen, Repositories, Store, Trust
from magistrate.usecases.finding_secrets import Reaches, nobody_knows
from magistrate.usecases.polls import Polls
from magistrate.wire.envelope import Envelope
from magistrate.wire.roster import Person

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlParts:
    """Everything that the doors reach.

    `export` writes the sealed log into a folder; `ingest_file` reads findings from a file;
    `secrets_of` says what the secrets open that findings are about; `drop` puts a freeze or thaw where executor and gate
    read it; `assessor` gives the digest of control's own assessor, `polls` knows which executors ask; `draw` gives 256 random bits; `alarms` holds what a person must see; `wake` stirs the worker.
    """

    deployment: str
    mode: str
    walls: str
    front_url: str
    store: Store
    trust: Trust
    pen: Pen
    repositories: Repositories
    now: Callable[[], int]
    disarmed: str
    draw: Callable[[], str]
    export: Callable[[Path], int]
    read_findings: Callable[[Path, str, str], tuple[list[Any], list[str]]]
    processes: Callable[[], Mapping[str, Mapping[str, Any]]]
    drop: Callable[[Envelope], Path]
    assessor: Callable[[], str]
    secrets_of: Callable[[Sequence[Finding]], Reaches] = nobody_knows
    polls: Polls = field(default_factory=Polls)
    wake: threading.Event = field(default_factory=threading.Event)
    alarms: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: who asks, path parameters, query, body."""

    caller: Caller
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    now: int

    @property
    def person(self) -> Person:
        """The person who asks (raises Refused MAG-E454 for a process)."""
        if self.caller.person is None:
            raise Refused("MAG-E454", f"`{self.caller.name}` is a process; this door is for people")
        return self.caller.person

    def read(self, kind: type[T]) -> T:
        """The body, strictly (raises Usage MAG-E451)."""
        try:
            return msgspec.json.decode(self.body, type=kind, strict=True)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Usage("MAG-E451", f"the body is not what this door takes: {error}") from error

    def number(self, name: str, default: int, highest: int) -> int:
        """A number of the query (raises Usage MAG-E451)."""
        text = self.query.get(name, str(default))
        negative = text == "-1" and default == -1
        if not negative and (not text.isascii() or not text.isdigit() or int(text[:12]) > highest):
            raise Usage("MAG-E451", f"`{name}` is a number up to {highest}, not `{text[:20]}`")
        return int(text)
