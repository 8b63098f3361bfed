"""Rules of Kubernetes' role based access control as boxes, with exactly the wildcards that its authorizer knows.

`*` counts as a whole word for verbs, groups and resources, and as `*/SUBRESOURCE`; in `nonResourceURLs`
at the end only, where the rest is taken as it stands (`rbac/v1` evaluation helpers). A request has a
`verb` and either `group`, `resource` (with its subresource: `pods/exec`), `namespace` and, where one object is
meant, `name`; or a `url`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from magistrate.impact.privilege.domains.ci_yaml import listed, mapping
from magistrate.impact.privilege.domains.k8s_objects import scalars
from magistrate.impact.privilege.model import Place, Statement, Where, literals
from magistrate.impact.privilege.patterns import RUN, RUN_NAME, Glob, literal

ALL: Final = "*"
FIELDS: Final = frozenset({"verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, its lists sorted; `place` is where it stands."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...]
    urls: tuple[str, ...]
    place: Place

    def allows(self, verb: str, group: str, resource: str) -> bool:
        """Whether it allows this on some object."""
        _, slash, sub = resource.partition("/")
        return (
            not {ALL, verb}.isdisjoint(self.verbs)
            and not {ALL, group}.isdisjoint(self.groups)
            and not {ALL, resource, f"*/{sub}" if slash else ALL}.isdisjoint(self.resources)
        )


def rule_of(value: object, place: Place) -> Rule:
    """A rule as it stands in `rules`."""
    said = mapping(value)
    return Rule(
        verbs=tuple(sorted(set(scalars(said.get("verbs"))))),
        groups=tuple(sorted(set(scalars(said.get("apiGroups"))))),
        resources=tuple(sorted(set(scalars(said.get("resources"))))),
        names=tuple(sorted(set(scalars(said.get("resourceNames"))))),
        urls=tuple(sorted(set(scalars(said.get("nonResourceURLs"))))),
        place=place,
    )


def boxes(rule: Rule, *where: Where, namespace: str | None = None) -> Iterator[Statement]:
    """What one rule allows, in one namespace or (None) in all and outside them."""
    verbs = () if ALL in rule.verbs else (literals("verb", *rule.verbs),)
    if not rule.verbs:
        return
    if rule.resources and rule.groups:
        conditions = (*where, *verbs, *_resources(rule))
        if namespace is not None:
            conditions = (*conditions, Where(dimension="namespace", among=(literal(namespace),), absent=False))
        says = f"{', '.join(rule.verbs)} {', '.join(rule.resources)}"
        yield Statement(where=conditions, place=rule.place, says=says[:120])
    if rule.urls and namespace is None:
        among = tuple(_url(url) for url in rule.urls)
        urls = Where(dimension="url", among=among, absent=False)
        says = f"{', '.join(rule.verbs)} {', '.join(rule.urls)}"
        yield Statement(where=(*where, *verbs, urls), place=rule.place, says=says[:120])


def _resources(rule: Rule) -> Iterator[Where]:
    if ALL not in rule.groups:
        yield Where(dimension="group", among=tuple(literal(group) for group in rule.groups), absent=False)
    among = (Glob((RUN,)),) if ALL in rule.resources else tuple(_resource(name) for name in rule.resources)
    yield Where(dimension="resource", among=among, absent=False)
    if rule.names:
        yield Where(dimension="name", among=tuple(literal(name) for name in rule.names), absent=False)


def _resource(name: str) -> Glob:
    if name.startswith("*/"):
        return Glob((RUN_NAME, *name[1:]))
    return literal(name)


def _url(url: str) -> Glob:
    if url.endswith("*"):
        return Glob((*url.rstrip("*"), RUN))
    return literal(url)


def rules_of(values: object, place: Place) -> tuple[Rule, ...]:
    """The rules of a list."""
    return tuple(rule_of(one, place) for one in listed(values))


def unread(values: object) -> list[str]:
    """Names in rules that no rule has."""
    return sorted({str(key) for one in listed(values) for key in mapping(one)} - FIELDS)
