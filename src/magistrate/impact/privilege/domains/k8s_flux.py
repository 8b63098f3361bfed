"""What an object of Flux asks for, without what only says when and in which order: that brings nobody a right.

Follows the Flux API references of Kustomization (v1), HelmRelease (v2) and the sources (v1). A version of
the API is not part of what is asked for: the fields are compared as they stand.

Rule kept: only fields that are named here go, and only in objects of Flux' own groups; all else stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from magistrate.impact.privilege.domains.ci_yaml import mapping

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
