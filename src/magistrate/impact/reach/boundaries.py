"""Whether a credential reaches more than the one action it is for, and who shares a principal (R64, R67).

The declared map says which workload, agent, executor, environment or person acts as which principal, which principals
may become which others, and which resources each reaches. Everything is followed to its end.

Rule kept: what the map does not name is not single. A principal or an action without a boundary is refused, and a
message names the shared edge: by which principal, over which step, what is reached that should not be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from magistrate.errors import Refused

ALONE: Final = 1


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
    """The declared map: who acts as which principal, who may become whom, what each principal reaches."""

    acts_as: Mapping[Actor, frozenset[str]]
    becomes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reaches: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """One principal that more than one acts as, and why that is no boundary."""

    principal: str
    actors: tuple[Actor, ...]
    why: str


def shared_principals(estate: EstateMap) -> tuple[Shared, ...]:
    """Every principal that two of one kind act as, or an agent and anybody else; in order of principal."""
    users: dict[str, set[Actor]] = {}
    for actor, principals in estate.acts_as.items():
        for start in principals:
            for principal in became(estate, start):
                users.setdefault(principal, set()).add(actor)
    return tuple(found for name in sorted(users) for found in _shared(name, tuple(sorted(users[name]))))


def _shared(principal: str, actors: tuple[Actor, ...]) -> Iterator[Shared]:
    kinds = {actor.kind for actor in actors}
    several = sorted(kind for kind in kinds if sum(actor.kind is kind for actor in actors) > ALONE)
    if ActorKind.AGENT in kinds and len(kinds) > ALONE:
        why = f"an agent is `{principal}` as well as {_others(actors)}"
    elif several:
        why = f"more than one {several[0]} is `{principal}`"
    elif ActorKind.PERSON in kinds and len(kinds) > ALONE:
        why = f"a person is `{principal}` as well as {_others(actors)}"
    else:
        return
    yield Shared(principal=principal, actors=actors, why=why)


def _others(actors: tuple[Actor, ...]) -> str:
    return ", ".join(str(actor) for actor in actors)


def became(estate: EstateMap, start: str) -> dict[str, tuple[str, ...]]:
    """Every principal that one may become, itself among them, each with the shortest way there."""
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    line = [start]
    for principal in line:
        for other in sorted(estate.becomes.get(principal, ())):
            if other not in ways:
                ways[other] = (*ways[principal], other)
                line.append(other)
    return ways


def verify_single_action(estate: EstateMap, principal: str, boundary: frozenset[str]) -> None:
    """The credential of one action reaches nothing outside of the boundary of the action, and nobody else has it.

    Raises:
        Refused: MAG-E256 naming the first resource beyond it with the way there, an actor that shares the
            principal, or that the map does not know the principal.
    """
    named = {name for names in estate.acts_as.values() for name in names} | set(estate.reaches)
    if principal not in named or not boundary:
        raise Refused("MAG-E256", f"the map names no boundary of `{principal}`, so it is not for a single action")
    for other, way in became(estate, principal).items():
        if other not in estate.reaches:
            raise Refused("MAG-E256", f"what `{other}` reaches is not in the map ({_way(way)})")
        beyond = sorted(estate.reaches[other] - boundary)
        if beyond:
            shared = f"the shared edge is {_way(way)} -> `{beyond[0]}`"
            raise Refused("MAG-E256", f"the credential of `{principal}` reaches more than this action: {shared}")
    for one in shared_principals(estate):
        if one.principal == principal:
            raise Refused("MAG-E256", f"the credential is not of this action alone: {one.why}")


def _way(way: tuple[str, ...]) -> str:
    return " -> ".join(f"`{one}`" for one in way)
