"""Selectors over labels, as conditions on open labels and as a question to known ones (Kubernetes label selectors).

Rule kept: a selector that cannot be read selects everything where it grants, and is said to be unreadable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from magistrate.impact.privilege.domains.ci_yaml import listed, mapping
from magistrate.impact.privilege.domains.k8s_objects import scalar, scalars, texts
from magistrate.impact.privilege.model import Where
from magistrate.impact.privilege.patterns import glob, literal


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """One requirement: `key` is in `values` (`In`, `NotIn`), or is there at all (`Exists`, `DoesNotExist`)."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels meet it. `NotIn` holds too where the label is absent."""
        value = labels.get(self.key)
        if self.operator == "In":
            return value in self.values
        if self.operator == "NotIn":
            return value is None or value not in self.values
        return (value is not None) is (self.operator == "Exists")

    def where(self, prefix: str) -> Where:
        """The same as a condition on the dimension of this label."""
        some = self.operator in {"Exists", "DoesNotExist"}
        among = (glob("*"),) if some else tuple(literal(value) for value in self.values)
        negated = self.operator in {"NotIn", "DoesNotExist"}
        return Where(dimension=f"{prefix} {self.key}", among=among, negated=negated, absent=negated)


class UnreadableSelectorError(Exception):
    """A selector with an operator that Kubernetes does not know."""


def terms(selector: object) -> tuple[Term, ...]:
    """The requirements of a selector, all of which must hold; none: it selects everything.

    Raises:
        UnreadableSelectorError: see there.
    """
    return tuple(sorted(_terms(selector)))


def _terms(selector: object) -> Iterator[Term]:
    body = mapping(selector)
    if set(map(str, body)) - {"matchLabels", "matchExpressions"}:
        raise UnreadableSelectorError
    for key, value in texts(body.get("matchLabels")).items():
        yield Term(key, "In", (value,))
    for one in listed(body.get("matchExpressions")):
        said = mapping(one)
        operator, values = scalar(said.get("operator")), scalars(said.get("values"))
        if operator not in {"In", "NotIn", "Exists", "DoesNotExist"} or not scalar(said.get("key")):
            raise UnreadableSelectorError
        yield Term(scalar(said.get("key")), operator, tuple(sorted(values)))


def selects(selector: tuple[Term, ...], labels: Mapping[str, str]) -> bool:
    """Whether these labels meet all requirements."""
    return all(term.holds(labels) for term in selector)


def apart(one: tuple[Term, ...], other: tuple[Term, ...]) -> bool:
    """Whether no labels meet both, as far as the values of one key show it."""
    return any(
        mine.key == theirs.key
        and mine.operator == theirs.operator == "In"
        and set(mine.values).isdisjoint(theirs.values)
        for mine in one
        for theirs in other
    )
