"""What everybody may do, as boxes held by holders, with the edges by which one acts as another.

A **request** is one value for each dimension (`action`, `resource`, `port`, ...). A **statement** is a
box: it speaks of the requests that satisfy all its conditions, and a dimension that it does not
name may have any value. A **layer** allows what some statement of it allows and none denies. A
**holder** may do what *all* its layers allow (identity policies, a boundary, an organisation's
policy), and an **actor** may do what *any* holder allows that it reaches over edges. Statements of
two holders are never thrown together: a deny of one would leak into the other.

Rule kept: what a reader of files cannot resolve is an `Unknown`, and a gate treats that as widened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Protocol

from magistrate.impact.privilege.patterns import RUN, Glob, merged_runs

ANYBODY: Final = "anybody"
"""The actor that stands for everyone outside: whoever can reach the network, whoever opens a pull request."""


@dataclass(frozen=True, slots=True)
class Span:
    """Whole numbers from `low` to `high`, both included: ports, addresses (see `addresses`), counts."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Varying:
    """A pattern with variables in it: what it matches depends on who asks.

    `tokens` are those of a pattern, a variable being one token as it is written (`${aws:username}`).
    """

    tokens: tuple[str, ...]

    @property
    def relaxed(self) -> Glob:
        """The pattern with `*` for each variable: whether it matches a string of that shape is open."""
        return Glob(tuple(merged_runs(RUN if is_variable(token) else token for token in self.tokens)))

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables, each once, in order."""
        return tuple(dict.fromkeys(token for token in self.tokens if is_variable(token)))


def is_variable(token: str) -> bool:
    """Whether a token of a pattern is a variable."""
    return token.startswith("${") and token.endswith("}")


Atom = Glob | Span | Varying


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A condition on one dimension: its value is among `among`, or (`negated`) among none of them.

    `absent`: whether it holds for a request that has no such value; None where every request has one.
    `each` is for dimensions with several values at once: True where each value must satisfy it
    (and none at all does too), False where one is enough, None where a request has one value.
    """

    dimension: str
    among: tuple[Atom, ...]
    negated: bool = False
    absent: bool | None = None
    each: bool | None = None
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Kept, for conditions are looked up again and again."""
        kept = hash((self.dimension, self.among, self.negated, self.absent, self.each))
        object.__setattr__(self, "_hash", kept)

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a statement stands: path and line (0: the file as a whole)."""

    path: str
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A box of requests. `allow` is False for a statement that denies. Places make no difference in meaning."""

    where: tuple[Where, ...]
    allow: bool = True
    place: Place = field(default=Place(path=""), compare=False, repr=False)
    says: str = field(default="", compare=False, repr=False)
    """In words for people, short, as it stands in the file: `contents: write`, `s3:* on *`."""
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Kept, as above."""
        object.__setattr__(self, "_hash", hash((self.where, self.allow)))

    def __hash__(self) -> int:
        return self._hash


@lru_cache(maxsize=20_000)
def order(one: Where | Statement) -> str:
    """By what conditions and statements are put in an order that is the same in every run."""
    return repr(one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Statements that are read together: some allows and none denies."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What holds rights: `aws:role/deploy`, `k8s:sa/prod/web`, `gha:.github/workflows/ci.yml#build`, `sql:role/app`.

    The name is the same on both sides where the thing is the same. `domain` is the reader's name.
    """

    name: str
    domain: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """`actor` acts as `holder`: assumes the role, runs in the job, is a member of the group, mounts the account."""

    actor: str
    holder: str
    place: Place = field(default=Place(path=""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Something that no reader resolved. `text` is what stands there: the same text on both sides is no change."""

    domain: str
    why: str
    text: str
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """What one reader, or all of them together, found in one state of the files.

    `live` are the actors that exist whatever the files say (a workload that runs, a person who logs in,
    `anybody`). A holder that nobody live reaches has latent rights: recorded, not a widening alone.
    `compared` are holders that say how something is made, which counts only where it was there before:
    a new one gives nothing by it, also where nobody knows the repository.
    """

    holders: tuple[Holder, ...] = ()
    edges: tuple[Edge, ...] = ()
    live: frozenset[str] = frozenset()
    unknown: tuple[Unknown, ...] = ()
    compared: frozenset[str] = frozenset()


class Reader(Protocol):
    """Reads the rights of one domain out of files. Pure; a file that it cannot read is an `Unknown`, never an error."""

    @property
    def domain(self) -> str:
        """Stable name, as shown in a verdict: `aws-iam`, `k8s-rbac`, `gha`."""

    def reads(self, path: str) -> bool:
        """Whether a file of this name may hold rights of this domain (by name and place; `grants` looks inside)."""

    def grants(self, files: Mapping[str, str]) -> Grants:
        """The rights in one state: all texts of this state whose paths it reads."""


def literals(dimension: str, *values: str, negated: bool = False) -> Where:
    """A condition that names values one by one."""
    return Where(dimension=dimension, among=tuple(Glob(tuple(value)) for value in values), negated=negated)


def spans(dimension: str, *ranges: tuple[int, int]) -> Where:
    """A condition on a number."""
    return Where(dimension=dimension, among=tuple(Span(low, high) for low, high in ranges))


def merged(parts: Mapping[str, Grants]) -> Grants:
    """The rights of several readers as one state; holders of one name are one holder with all layers' statements joined.

    Two readers that speak of one holder each add statements to its first layer; further layers (boundaries) stay apart.
    """
    held: dict[str, Holder] = {}
    for grants in parts.values():
        for holder in grants.holders:
            other = held.get(holder.name)
            held[holder.name] = holder if other is None else _joined(other, holder)
    return Grants(
        holders=tuple(held[name] for name in sorted(held)),
        edges=tuple(edge for grants in parts.values() for edge in grants.edges),
        live=frozenset().union(*(grants.live for grants in parts.values())),
        unknown=tuple(one for grants in parts.values() for one in grants.unknown),
        compared=frozenset().union(*(grants.compared for grants in parts.values())),
    )


def _joined(one: Holder, other: Holder) -> Holder:
    first = (
        Layer(statements=one.layers[0].statements + other.layers[0].statements) if one.layers and other.layers else None
    )
    rest = one.layers[1:] + other.layers[1:]
    layers = (first, *rest) if first is not None else one.layers + other.layers
    return Holder(name=one.name, domain=one.domain, layers=layers)
