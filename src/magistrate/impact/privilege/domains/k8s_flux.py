"""What an object of Flux asks for, without what only says when and in which order: that brings nobody a right.

Follows the Flux API references of Kustomization (v1), HelmRelease (v2) and the sources (v1). A version of
the API is not part of what is asked for: the fields are compared as they stand.

Which version of a chart from elsewhere is taken is told apart: whoever published it gains that its objects are applied,
which is a right with a version. Proof that nothing goes by: all else of the object stays in what is asked for, with a word
in the version's place, so an object that comes, goes, or loses its version still differs there; and where that is the same
on both sides, there are as many versions before as after, one for each folder and name, so another one is a gain.
A name that stands twice in a folder is refused, for then one of two versions could go unseen; so is a version with a
variable in it.

Rule kept: only fields that are named here go, and only in objects of Flux' own groups; all else stays.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from magistrate.impact.privilege.domains.ci_code import DOMAIN as CODE
from magistrate.impact.privilege.domains.ci_yaml import Text, listed, mapping, shown
from magistrate.impact.privilege.domains.k8s_objects import Cluster, KubeObject, scalar
from magistrate.impact.privilege.model import Holder, Layer, Statement, literals

_WHEN: Final = frozenset({"interval", "timeout", "retryInterval"})
_ORDER: Final = frozenset({"dependsOn", "wait", "healthChecks", "healthCheckExprs"})
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "kustomize.toolkit.fluxcd.io": _WHEN | _ORDER,
    "helm.toolkit.fluxcd.io": _WHEN | {"dependsOn", "maxHistory"},
    "source.toolkit.fluxcd.io": _WHEN,
}


def asked_for(group: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in an object (`said`, without its metadata), as far as it may bring something."""
    fields = _FIELDS.get(group)
    if fields is None or not isinstance(said.get("spec"), dict):
        return dict(said)
    spec = {str(key): value for key, value in mapping(said["spec"]).items() if key not in fields}
    return {**{key: value for key, value in said.items() if key != "apiVersion"}, "spec": spec}


_OCI: Final = frozenset({"tag", "digest", "semver", "semverFilter"})
_TOLD: Final = "a version that is told"
_FILLS: Final = {
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): ("postBuild", "substituteFrom"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"): ("valuesFrom",),
}
"""Where objects of Flux name the ConfigMaps and Secrets that fill variables and values."""


class Charts:
    """The charts from elsewhere in one state, each object with the version that it takes."""

    def __init__(self, state: Cluster) -> None:
        often = Counter(map(_key, state.objects))
        self._told: dict[int, tuple[str, str]] = {
            id(one): found for one in state.objects if often[_key(one)] == 1 and (found := _version(one)) is not None
        }
        self._objects = [one for one in state.objects if id(one) in self._told]

    def asked_for(self, one: KubeObject, said: Mapping[str, Any]) -> dict[str, Any]:
        """As `asked_for`, with a word in place of a version that is told apart."""
        found = asked_for(one.group, said)
        return found if id(one) not in self._told else {**found, "spec": _without(one.kind, mapping(found.get("spec")))}

    def holders(self) -> Iterator[Holder]:
        """Whoever publishes a chart holds what is taken of it."""
        for one in self._objects:
            source, version = self._told[id(one)]
            where = literals("brings objects of", source), literals("kept to", version)
            says = f"objects of {source} ({version}) are applied in the cluster"[:200]
            statement = Statement(where=where, place=one.at(), says=says)
            layers = (Layer(statements=(statement,)),)
            name = f"code:k8s:{one.kind}/{one.namespace}/{one.name} in {posixpath.dirname(one.path) or '.'}"
            yield Holder(name=name, domain=CODE, layers=layers)


def _key(one: KubeObject) -> tuple[str, str, str, str, str]:
    return posixpath.dirname(one.path), one.group, one.kind, one.namespace, one.name


def _version(one: KubeObject) -> tuple[str, str] | None:
    """From where a chart comes and which version of it is taken; None where that is not told by plain words."""
    spec = one.spec
    if (one.group, one.kind) == ("source.toolkit.fluxcd.io", "OCIRepository"):
        ref = mapping(spec.get("ref"))
        plain = bool(ref) and ref.keys() <= _OCI and all(map(_plain, (*ref.values(), spec.get("url"))))
        return (scalar(spec["url"]), shown(ref)) if plain else None
    if (one.group, one.kind) == ("helm.toolkit.fluxcd.io", "HelmRelease"):
        chart = mapping(mapping(spec.get("chart")).get("spec"))
        kept = scalar(mapping(chart.get("sourceRef")).get("kind")) == "HelmRepository"
        plain = kept and _plain(chart.get("version")) and _plain(chart.get("chart"))
        return (f"chart {scalar(chart['chart'])}", scalar(chart["version"])) if plain else None
    return None


def _plain(value: object) -> bool:
    return (
        isinstance(value, Text)
        and not value.empty
        and not value.tag
        and value != ""
        and "$" not in value
        and "{{" not in value
    )


def _without(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """A spec with a word in the version's place."""
    if kind == "OCIRepository":
        return {**spec, "ref": _TOLD}
    chart = mapping(spec["chart"])
    return {**spec, "chart": {**chart, "spec": {**mapping(chart["spec"]), "version": _TOLD}}}


def filling(state: Cluster) -> Sequence[KubeObject]:
    """ConfigMaps and Secrets that fill variables of manifests or values of charts: what they say may become anything.

    By name alone, for overlays give namespaces; all of them where a name is put together.
    """
    names: set[str] = set()
    for one in state.objects:
        value: Any = one.spec
        steps = _FILLS.get((one.group, one.kind), ("nothing",))
        for step in steps:
            value = mapping(value).get(step)
        names |= {scalar(mapping(entry).get("name")) for entry in listed(value)}
    every = any("$" in name or "{{" in name for name in names)
    return [one for one in state.of("", "ConfigMap", "Secret") if every or one.name in names]
