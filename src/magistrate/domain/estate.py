"""The estate: who acts as which account, who may become whom, what each account can change.

An account is anything that rights hang on: a service account, a role, a token, a deploy key. It is called principal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ActorKind(StrEnum):
    """Who may act as a principal."""

    WORKLOAD = "workload"
    ENVIRONMENT = "environment"
    PERSON = "person"
    AGENT = "agent"
    EXECUTOR = "executor"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Actor:
    """One of them, by its kind and name."""

    kind: ActorKind
    name: str

    def __str__(self) -> str:
        """`kind name`, as in messages."""
        return f"{self.kind} `{self.name}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateMap:
    """Who acts as which principal, who may become whom, what each principal can change."""

    acts_as: Mapping[Actor, frozenset[str]]
    becomes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reaches: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """One principal that more than one acts as, and why that is no boundary."""

    principal: str
    actors: tuple[Actor, ...]
    why: str
