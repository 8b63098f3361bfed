"""What changes the manifests of a kustomization after it is rendered: Flux and Argo CD may, on the way to the cluster.

Follows the API references of Flux' Kustomization (v1) and Argo CD's Application (v1alpha1). Rule kept: where one of them
lays anything over a kustomization of the tree, its manifests alone do not show what is applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.privilege.domains.ci_yaml import UnreadableError, documents, listed, mapping
from magistrate.impact.privilege.rendering.trees import State, plain_target

FLUX: Final = "kustomize.toolkit.fluxcd.io/"
ARGO: Final = "argoproj.io/"
LAID_OVER: Final = (
    "patches", "patchesStrategicMerge", "patchesJson6902", "components", "images", "namePrefix", "nameSuffix", "commonMetadata"
)  # fmt: skip


def altered(state: State, folder: str) -> str | None:
    """The file that lays something over the kustomization of a folder; None where none does."""
    found = state.kept.get("kustomizations laid over")
    if not isinstance(found, dict):
        found = state.kept["kustomizations laid over"] = dict(_altered(state))
    who = found.get(folder)
    return str(who) if who is not None else None


def _altered(state: State) -> Iterator[tuple[str, str]]:
    for path in sorted(state.texts, reverse=True):
        text = state.texts[path]
        if not path.endswith((".yaml", ".yml", ".json")) or (FLUX not in text and ARGO not in text):
            continue
        try:
            bodies = [mapping(one) for one in documents(text, merge=True)]
        except UnreadableError:
            continue  # the readers of sources say that it is unknown where it changes
        for body in bodies:
            for folder in _of(body):
                yield folder, path


def _of(body: Mapping[str, Any]) -> Iterator[str]:
    spec, version = mapping(body.get("spec")), str(body.get("apiVersion", ""))
    if version.startswith(FLUX) and any(spec.get(name) for name in LAID_OVER):
        yield from _folder(spec.get("path", "."))
    if version.startswith(ARGO):
        for one in (*listed(spec.get("source")), *listed(spec.get("sources"))):
            source = mapping(one)
            if source.get("kustomize") or source.get("plugin"):
                yield from _folder(source.get("path", "."))


def _folder(path: object) -> Iterator[str]:
    found = plain_target("", str(path))
    if found is not None:
        yield found
