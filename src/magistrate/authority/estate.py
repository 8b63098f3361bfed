"""Whether the credential of one action reaches more than that action, and who shares an account (R64, R67).

The signed policy may declare the estate: workloads, environments, persons, agents and executors with the principals they
act as, which principals may become which others, and what each can change. What Magistrate hands out itself is part of it
without a word: for each repository the gate's principal, `gate:NAME`, which the executor alone acts as and which can change
`repository:NAME`. Everything is followed to its end.

Rule kept: what the map does not name is not single. A principal whose reach nobody declared may reach anything; a principal
that two act as is no boundary, however many steps away they share it; a message names the shared edge. A place where this
does not hold is for analysis only, and no class of change executes there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from magistrate.authority.stages import staged
from magistrate.domain.estate import Actor, ActorKind, EstateMap, Shared
from magistrate.errors import Refused
from magistrate.wire.policy_bundle import Estate, PolicyBundle, RepositoryPolicy

EXECUTOR: Final = Actor(kind=ActorKind.EXECUTOR, name="executor")
ONE_PLACE: Final = frozenset({ActorKind.WORKLOAD, ActorKind.ENVIRONMENT})
"""A workload and the environment that it runs in are one."""
MAX_REASONS: Final = 20


def gate_principal(repository: str) -> str:
    """The principal of the credentials that the gate gives out for a repository."""
    return f"gate:{repository}"


def boundary_of(ruled: RepositoryPolicy) -> frozenset[str]:
    """What one action on a repository may change: the repository, its environment, and what policy adds."""
    return frozenset({f"repository:{ruled.repository}", f"environment:{ruled.environment}", *ruled.boundary})


def estate_of(policy: PolicyBundle) -> EstateMap:
    """The whole map: what policy declares, and what Magistrate hands out itself."""
    gates = {gate_principal(r.repository): frozenset({f"repository:{r.repository}"}) for r in policy.repositories}
    acts_as: dict[Actor, frozenset[str]] = {EXECUTOR: frozenset(gates)}
    becomes: dict[str, frozenset[str]] = {}
    reaches: dict[str, frozenset[str]] = dict(gates)
    declared = policy.estate
    for one in () if declared is None else declared.actors:
        actor = Actor(kind=one.kind, name=one.name)
        acts_as[actor] = acts_as.get(actor, frozenset()) | frozenset(one.acts_as)
    for principal in () if declared is None else declared.principals:
        becomes[principal.name] = frozenset(principal.becomes)
        reaches[principal.name] = reaches.get(principal.name, frozenset()) | frozenset(principal.reaches)
    return EstateMap(acts_as=acts_as, becomes=becomes, reaches=reaches)


def weak_because(policy: PolicyBundle, ruled: RepositoryPolicy) -> tuple[str, ...]:
    """Why nothing may execute in a repository's place; empty where its boundaries hold.

    A principal that is shared, or an agent that can change something, counts where it can change what lies in the
    boundary of the action, where its reach is not declared, or where the place itself acts as it.
    """
    estate = estate_of(policy)
    return _weak(policy, estate, shared_principals(estate), ruled)


def weak_places(policy: PolicyBundle) -> Mapping[str, tuple[str, ...]]:
    """`weak_because` of every repository that policy names, by name."""
    estate = estate_of(policy)
    shared = shared_principals(estate)
    return {ruled.repository: _weak(policy, estate, shared, ruled) for ruled in policy.repositories}


def weak_stages(policy: PolicyBundle) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """`weak_because` of every stage that policy names, by repository and stage."""
    estate = estate_of(policy)
    shared, ruled = shared_principals(estate), {one.repository: one for one in policy.repositories}
    return {
        (one.repository, one.stage): _weak(policy, estate, shared, staged(ruled[one.repository], one))
        for one in policy.stages
        if one.repository in ruled
    }


def _weak(
    policy: PolicyBundle, estate: EstateMap, shared: Sequence[Shared], ruled: RepositoryPolicy
) -> tuple[str, ...]:
    why, boundary = [], boundary_of(ruled)
    if ruled.production and policy.estate is None:
        why.append("production needs a declared estate: nobody said who else acts as what can change it")
    try:
        _verify_single(estate, shared, gate_principal(ruled.repository), boundary)
    except Refused as error:
        why.append(error.message)
    place = Actor(kind=ActorKind.ENVIRONMENT, name=ruled.environment)
    for one in shared:
        edge = _edge(estate, one.principal, boundary)
        if place in one.actors or edge:
            why.append(f"a shared account: {one.why}" + (f" ({edge})" if edge else ""))
    for actor in sorted(estate.acts_as):
        if actor.kind is ActorKind.AGENT:
            why += [f"{actor} may change this place: {edge}" for edge in _edges(estate, actor, boundary)]
    return tuple(dict.fromkeys(why))[:MAX_REASONS]


def _edges(estate: EstateMap, actor: Actor, boundary: frozenset[str]) -> Iterator[str]:
    for principal in sorted(estate.acts_as[actor]):
        edge = _edge(estate, principal, boundary)
        if edge:
            yield edge


def _edge(estate: EstateMap, principal: str, boundary: frozenset[str]) -> str:
    """The way from a principal into a boundary in words, or an empty text."""
    for other, way in became(estate, principal).items():
        if other not in estate.reaches:
            return f"{_way(way)}, and what `{other}` reaches is not declared"
        inside = sorted(estate.reaches[other] & boundary)
        if inside:
            return f"{_way(way)} -> `{inside[0]}`"
    return ""


def shared_principals(estate: EstateMap) -> tuple[Shared, ...]:
    """Every principal that more than one acts as, in order of principal.

    Each actor acts also as what its principals may become. A workload and the environment that it runs in are one;
    any other two are not.
    """
    users: dict[str, set[Actor]] = {}
    for actor, principals in estate.acts_as.items():
        for start in principals:
            for principal in became(estate, start):
                users.setdefault(principal, set()).add(actor)
    return tuple(_shared(name, users[name]) for name in sorted(users) if not _is_one(users[name]))


def _is_one(actors: set[Actor]) -> bool:
    return len(actors) == 1 or (len(actors) == len(ONE_PLACE) and {actor.kind for actor in actors} == ONE_PLACE)


def _shared(principal: str, users: set[Actor]) -> Shared:
    actors = tuple(sorted(users))
    names = ", ".join(str(actor) for actor in actors)
    return Shared(principal=principal, actors=actors, why=f"`{principal}` is used by {names}")


def became(estate: EstateMap, start: str) -> dict[str, tuple[str, ...]]:
    """Every principal that one may become, itself among them, each with a shortest way there."""
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    line = deque([start])
    while line:
        principal = line.popleft()
        for other in sorted(estate.becomes.get(principal, ())):
            if other not in ways:
                ways[other] = (*ways[principal], other)
                line.append(other)
    return ways


def verify_single_action(estate: EstateMap, principal: str, boundary: frozenset[str]) -> None:
    """The credential of one action changes nothing outside of the boundary of the action, and nobody else has it.

    Nobody else: neither it nor anything that it may become is acted as by another.

    Raises:
        Refused: MAG-E256 naming the first resource beyond it with the way there, a principal on the way that is
            shared, or that the map does not know the principal.
    """
    _verify_single(estate, shared_principals(estate), principal, boundary)


def _verify_single(estate: EstateMap, shared: Sequence[Shared], principal: str, boundary: frozenset[str]) -> None:
    named = {name for names in estate.acts_as.values() for name in names} | set(estate.reaches)
    if principal not in named or not boundary:
        raise Refused("MAG-E256", f"the map names no boundary of `{principal}`, so it is not for a single action")
    ways = became(estate, principal)
    for other, way in ways.items():
        if other not in estate.reaches:
            raise Refused("MAG-E256", f"what `{other}` reaches is not in the map ({_way(way)})")
        beyond = sorted(estate.reaches[other] - boundary)
        if beyond:
            edge = f"the shared edge is {_way(way)} -> `{beyond[0]}`"
            raise Refused("MAG-E256", f"the credential of `{principal}` reaches more than this action: {edge}")
    for one in shared:
        if one.principal in ways:
            raise Refused(
                "MAG-E256",
                f"the credential of `{principal}` is not of this action alone: {one.why} ({_way(ways[one.principal])})",
            )


def verify_estate(estate: Estate) -> None:
    """No actor and no principal is declared twice, since one of the two would be overlooked by who reads it.

    Raises:
        Refused: MAG-E108 naming what stands there twice.
    """
    _verify_once("actor", [str(Actor(kind=one.kind, name=one.name)) for one in estate.actors])
    _verify_once("principal", [f"`{one.name}`" for one in estate.principals])


def _verify_once(what: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Refused("MAG-E108", f"policy declares the {what} {twice[0][:80]} twice")


def _way(way: tuple[str, ...]) -> str:
    return " -> ".join(f"`{one}`" for one in way)
