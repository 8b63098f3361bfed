"""Who may do what in AWS, put together from policies, attachments, trust and what runs as what.

A role may do what its policies allow within its boundary; whoever its trust policy names acts as it; a
workload (an instance, a function, a task) runs as its role. The statements of a trust or resource
policy are rights of the principals that they name, compared as they stand.

Two blocks that make a role of one name (`this` in two modules, one name in two accounts) make two roles: what
one of them denies, and what bounds it, says nothing of the other. Each is compared by itself, and whoever acts as
a role of that name acts as any of them. What is given to the name alone may be given to any: each of them is looked
at with all of it and, where there is such a thing, without. Policies of resources of one name may be one, so they are looked
at together as well.

Rule kept: a role of this account that nothing here defines and nobody here reaches is latent; anyone
outside (another account, a federation, everybody) is live.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.aws_policy import DOMAIN, document
from magistrate.impact.privilege.domains.aws_written import Written, opaque
from magistrate.impact.privilege.domains.terraform import LATER, OPEN
from magistrate.impact.privilege.model import (
    ANYBODY,
    Edge,
    Grants,
    Holder,
    Layer,
    Place,
    Statement,
    Unknown,
    Varying,
    Where,
)
from magistrate.impact.privilege.patterns import Glob, matches

TWICE: Final = "twice"
TRUST: Final = "aws-trust"
RESOURCE: Final = "aws-resource"
_IDENTITY: Final = rx(r"arn:[\w-]+:iam::(\d{12}):(role|user)/(?:[^*?]*/)?([^/*?]+)")
_ACCOUNT: Final = rx(r"(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?")
_ASSUME: Final = rx(r"(?i)\*|sts:(?:\*|assumerole\*?\w*)")
_OF_ANOTHER_CLOUD: Final = rx(r"aws:workload/(?!aws_|AWS::)")
_QUOTE: Final = rx(r'(?<!\\)(?:\\\\)*"')
"""A quotation mark that begins or ends a text of JSON."""
_HOST: Final = rx(r"oidc-provider/(.+)\Z")


@dataclass(slots=True, kw_only=True)
class Estate:
    """What one reader after the other found; `grants` is what it comes to."""

    policies: dict[str, list[Statement]] = field(default_factory=dict)
    bounds: dict[str, list[tuple[str, Layer]]] = field(default_factory=dict)
    trusts: dict[str, list[tuple[object, Place, tuple[Where, ...], str]]] = field(default_factory=dict)
    resources: dict[str, dict[str, list[Statement]]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    unknown: list[Unknown] = field(default_factory=list)
    own: set[str] = field(default_factory=set)
    under: tuple[Where, ...] = ()
    """The conditions under which what is read now is there at all."""
    part: str = ""
    """Which block makes the holder that is read now, where that is known: several may make one of the same name."""
    made: dict[str, dict[str, None]] = field(default_factory=dict)
    """The blocks that make a holder of a name."""
    parts: dict[str, list[str]] = field(default_factory=dict)
    """To which of them each statement of a holder belongs; empty for one that is given to the name."""

    def hold(self, holder: str, *statements: Statement) -> None:
        """Statements of a holder, under the conditions that there are now."""
        self.policies.setdefault(holder, []).extend(_only(statements, self.under))
        self.parts.setdefault(holder, []).extend([self.part] * len(statements))

    def define(self, holder: str) -> None:
        """A role, user or group exists."""
        self.policies.setdefault(holder, [])
        self.made.setdefault(holder, {})[self.part] = None
        if holder.startswith("aws:user/"):
            self.live.add(holder)

    def grant(self, holder: str, policy: object, place: Place) -> None:
        """An identity policy of a holder."""
        found = document(_read(policy), place)
        self.hold(holder, *found.statements)
        self.unknown += (self._at(holder, one) for one in found.unknown)

    def manage(self, holder: str, arn: str, place: Place) -> None:
        """A managed policy by its name: its text is not here, so holding it is a right of its own."""
        if arn.endswith(":aws:policy/AdministratorAccess"):
            self.hold(holder, Statement(where=(), place=place, says="everything (AdministratorAccess)"))
            return
        named = Where(dimension="managed policy", among=(_text(arn),))
        self.hold(holder, Statement(where=(named,), place=place, says=f"managed policy {_shown(arn)}"))

    def bound(self, holder: str, policy: object, place: Place) -> None:
        """A boundary: of all that the holder's policies allow, only what this allows."""
        if isinstance(policy, str) and parsed(policy) is None:
            where = Where(dimension="action", among=(Varying(("${boundary " + _shown(policy) + "}",)),))
            layer = Layer(statements=(Statement(where=(where,), place=place),))
            self.bounds.setdefault(holder, []).append((self.part, layer))
            return
        found = document(_read(policy), place)
        self.bounds.setdefault(holder, []).append((self.part, Layer(statements=found.statements)))
        self.unknown += (self._at(holder, one) for one in found.unknown)

    def trust(self, role: str, policy: object, place: Place) -> None:
        """Who may act as a role."""
        self.trusts.setdefault(role, []).append((_read(policy), place, self.under, self.part))

    def own_policy(self, resource: str, policy: object, place: Place) -> None:
        """The policy of a resource: who may do what with it."""
        found = document(_read(policy), place)
        parts = self.resources.setdefault(resource, {})
        parts.setdefault(self.part, []).extend(_only(found.statements, self.under))
        self.live.add(f"aws:resource/{resource}")
        self.unknown += (self._at(resource, one) for one in found.unknown)

    def runs(self, workload: str, role: str, place: Place) -> None:
        """Something that runs acts as a role."""
        self.live.add(workload)
        self.edges.append(Edge(actor=workload, holder=role, place=place))

    def open(self, why: str, text: object, place: Place) -> None:
        """Something that is not understood."""
        told = text if isinstance(text, str) else json.dumps(text, sort_keys=True, default=str)
        self.unknown.append(Unknown(domain=DOMAIN, why=why, text=told, place=place))

    def grants(self) -> Grants:
        """All of it as holders, edges and live actors."""
        self._elsewhere()
        holders: list[Holder] = []
        for name in sorted({*self.policies, *self.bounds}):
            many, index, _ = name.partition('["')
            if index:
                self.edges.append(Edge(actor=many, holder=name, place=Place(path="")))
            holders += self._holders(name, many)
        for role in sorted(self.trusts):
            holders += self._trusting(role)
            self._trusted(role)
        for name in sorted(self.resources):
            holders += self._owned(name)
        return Grants(
            holders=tuple(holders), edges=tuple(self.edges), live=frozenset(self.live), unknown=tuple(self.unknown)
        )

    def _holders(self, name: str, many: str) -> Iterator[Holder]:
        """What holds the rights of a name: one, or each block that makes one by itself."""
        told = list(zip(self.policies.get(name, ()), self.parts.get(name, ()), strict=True))
        bounds = self.bounds.get(name) or self.bounds.get(many) or []
        made = tuple(self.made.get(name) or self.made.get(many) or ())
        if len(made) < 2:  # noqa: PLR2004 - one alone, or one that is made elsewhere
            first = Layer(statements=tuple(one for one, _ in told))
            yield Holder(name=name, domain=DOMAIN, layers=(first, *(layer for _, layer in bounds)))
            return
        yield Holder(name=name, domain=DOMAIN, layers=())
        given = tuple(one for one, part in told if part not in made)
        for part in made:
            own = tuple(one for one, of in told if of == part)
            limits = tuple(layer for of, layer in bounds if of == part)
            if name not in self.made and not own and not given:
                continue
            yield self._one(name, f"{name} of {part}", DOMAIN, (Layer(statements=(*own, *given)), *limits))
            if given:
                yield self._one(name, f"{name} of {part} alone", DOMAIN, (Layer(statements=own), *limits))

    def _one(self, name: str, own: str, domain: str, layers: tuple[Layer, ...]) -> Holder:
        """One of several holders of a name."""
        self.edges.append(Edge(actor=name, holder=own, place=Place(path="")))
        return Holder(name=own, domain=domain, layers=layers)

    def _owned(self, resource: str) -> Iterator[Holder]:
        """The policy of a resource: all that speaks of its name, and where that may be several, each by itself too."""
        name, told = f"aws:resource/{resource}", self.resources[resource]
        every = tuple(one for statements in told.values() for one in statements)
        yield Holder(name=name, domain=RESOURCE, layers=(Layer(statements=every),))
        for part, statements in told.items() if len(told) > 1 else ():
            self.live.add(f"{name} of {part}")
            layer = Layer(statements=tuple(statements))
            yield Holder(name=f"{name} of {part}", domain=RESOURCE, layers=(layer,))

    def _trusting(self, role: str) -> Iterator[Holder]:
        """The trust policies of a role, those of each block by themselves."""
        name = f"aws:trust/{role}"
        told: dict[str, list[Statement]] = {}
        for policy, place, under, part in self.trusts[role]:
            found = document(policy, place)
            told.setdefault(part, []).extend(_only(found.statements, under))
            self.unknown += (self._at(role, one) for one in found.unknown)
        several = len(told) > 1
        if several:
            yield Holder(name=name, domain=TRUST, layers=())
        for part, statements in told.items():
            layers = (Layer(statements=tuple(statements)),)
            yield (
                self._one(name, f"{name} of {part}", TRUST, layers)
                if several
                else Holder(name=name, domain=TRUST, layers=layers)
            )

    def _elsewhere(self) -> None:
        """What is reached here and defined elsewhere may do whatever it may: to act as it is a right of its own."""
        for edge in self.edges:
            known = edge.holder in self.policies or edge.holder in self.bounds or _OF_ANOTHER_CLOUD.match(edge.actor)
            if edge.holder.startswith(("aws:role/", "aws:group/")) and not known:
                name = edge.holder.removeprefix("aws:")
                where = Where(dimension="rights of", among=(_text(name),))
                says = f"whatever the {_shown(name)} may do, which is not said here"
                self.policies[edge.holder] = [Statement(where=(where,), place=edge.place, says=says)]
                self.parts[edge.holder] = [""]

    def _at(self, holder: str, one: Unknown) -> Unknown:
        return Unknown(domain=one.domain, why=one.why, text=f"{holder}: {one.text}", place=one.place)

    def _trusted(self, role: str) -> None:
        """Edges from everybody whom the trust policy of a role names; denies are left aside, which is the wider reading."""
        for policy, place, _under, _part in self.trusts[role]:
            for kind, text in _trusted_ones(policy):
                for actor in self._actors(kind, text, role):
                    self.edges.append(Edge(actor=actor, holder=f"aws:role/{role}", place=place))

    def _actors(self, kind: str, text: str, role: str) -> Iterator[str]:
        if kind == "Service":
            return
        if kind == "Federated":
            host = _HOST.search(text)
            yield f"oidc:{host.group(1)}" if host is not None else self._outside(text)
            return
        if text == "*":
            self.live.add(ANYBODY)
            yield ANYBODY
            return
        one, account = _IDENTITY.fullmatch(text), _ACCOUNT.fullmatch(text)
        if one is not None and (one.group(1) in self.own or f"aws:{one.group(2)}/{one.group(3)}" in self.policies):
            yield f"aws:{one.group(2)}/{one.group(3)}"
        elif account is not None and account.group(1) in self.own:
            yield from (holder for holder in self.policies if self._may_assume(holder, account.group(1), role))
        else:
            yield self._outside(text)

    def _outside(self, text: str) -> str:
        actor = f"aws:principal/{_shown(text)}"
        self.live.add(actor)
        return actor

    def _may_assume(self, holder: str, account: str, role: str) -> bool:
        target = f"arn:aws:iam::{account}:role/{role}"
        return any(
            one.allow and _fits(one, "action", "sts:assumerole") and _fits(one, "resource", target)
            for one in self.policies[holder]
        )


def _only(statements: tuple[Statement, ...], under: tuple[Where, ...]) -> tuple[Statement, ...]:
    return tuple(replace(one, where=(*one.where, *under)) for one in statements) if under else statements


def _fits(statement: Statement, dimension: str, text: str) -> bool:
    for where in statement.where:
        if where.dimension == dimension:
            globs = [atom for atom in where.among if isinstance(atom, Glob)]
            opened = any(isinstance(atom, Varying) for atom in where.among)
            if not opened and any(matches(atom, text) for atom in globs) is where.negated:
                return False
    return all(where.dimension != "managed policy" for where in statement.where)


def _trusted_ones(policy: object) -> Iterator[tuple[str, str]]:
    if not isinstance(policy, Mapping):
        return
    found = policy.get("Statement")
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, Written) and one.get("Effect") == "Allow" and set(one) == {"Effect"} and one.under:
            yield "AWS", "whoever is trusted: " + ", ".join(one.under)
        if not isinstance(one, Mapping) or one.get("Effect") != "Allow" or not _assumes(one):
            continue
        named = one.get("Principal")
        if named == "*" or "NotPrincipal" in one:
            yield "AWS", "*"
        for kind, values in named.items() if isinstance(named, Mapping) else ():
            for value in values if isinstance(values, list) else [values]:
                yield str(kind), str(value)


def _assumes(statement: Mapping[str, Any]) -> bool:
    actions = statement.get("Action")
    each = actions if isinstance(actions, list) else [actions]
    return "NotAction" in statement or any(_ASSUME.match(str(one)) or OPEN in str(one) for one in each)


def _read(policy: object) -> object:
    """As `parsed`, with a text that is no JSON kept: another text is another policy; one that is given is one of its own."""
    if isinstance(policy, str) and (given := LATER.fullmatch(policy)) is not None:
        return {"Version": "2012-10-17", "Statement": opaque(given.group(1))}
    found = parsed(policy)
    return {"text": policy} if found is None else found


def parsed(policy: object) -> object:
    """A policy given as JSON text or as the value itself; None for a text that is no JSON (see `_read`)."""
    if not isinstance(policy, str):
        return policy
    try:
        return json.loads(_as_json(policy) if OPEN in policy else policy, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None


def _as_json(text: str) -> str:
    """JSON in which something is filled in later: inside of a text it stays a part of it, alone it becomes a text of its own."""
    parts: list[str] = []
    quoted, at = False, 0
    for found in LATER.finditer(text):
        before = text[at : found.start()]
        parts.append(before)
        quoted ^= len(_QUOTE.findall(before)) % 2 == 1
        written = json.dumps(found.group(), ensure_ascii=False)
        parts.append(written[1:-1] if quoted else written)
        at = found.end()
    return "".join((*parts, text[at:]))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that stands twice makes it one that no policy is."""
    found = dict(pairs)
    return found if len(found) == len(pairs) else {TWICE: [name for name, _ in pairs]}


def _text(text: str) -> Glob | Varying:
    return Varying(("${" + _shown(text) + "}",)) if OPEN in text else Glob(tuple(text))


def _shown(text: str) -> str:
    return text.replace(OPEN, "${").replace("\ue201", "}")
