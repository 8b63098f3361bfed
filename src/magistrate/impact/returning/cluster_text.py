"""Clusters and stacks (Kubernetes, Helm, Argo CD, CloudFormation): objects that hold data and disappear, protections gone.

Rule kept: read line by line, so that a template of Helm is read as well; what is renamed is gone under its old name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.returning.model import Found, Holding, Operation, Side

KINDS: Final = frozenset(
    {
        "PersistentVolumeClaim", "PersistentVolume", "StatefulSet", "Namespace", "CustomResourceDefinition",
        "VolumeSnapshot", "VolumeSnapshotContent", "StorageClass", "Backup", "Schedule", "BackupStorageLocation",
        "Secret", "SealedSecret", "ExternalSecret", "Certificate",
    }
)  # fmt: skip
_KIND: Final = rx(r"(?m)^kind:[ \t]*[\"']?(\w+)[\"']?[ \t\r]*(?:#.*)?$")
_META: Final = rx(r"(?m)^metadata:[ \t\r]*(?:#.*)?\n(?P<rest>(?:[ \t]+.*(?:\n|\Z)|[ \t\r]*\n)*)")
_NAME: Final = rx(r"(?m)^[ \t]{1,8}name:[ \t]*(\S.*?)[ \t\r]*$")
_SPACE: Final = rx(r"(?m)^[ \t]{1,8}namespace:[ \t]*(\S.*?)[ \t\r]*$")
SAYS: Final = rx(r"apiVersion|olicy|prune|inalizers|when(?:Deleted|Scaled)|rotection")
"""What one of the patterns below needs."""
_CLAIMS: Final = rx(r"(?m)^[ \t]*volumeClaimTemplates:")
_OPERATIONS: Final = (
    (rx(r"(?im)^[ \t-]*(?:persistentVolume)?reclaimPolicy[\"']?[ \t]*:[ \t]*[\"']?delete\b"), "reclaim delete",
     "the volume is deleted with its claim"),
    (rx(r"(?im)^[ \t-]*(?:whenDeleted|whenScaled)[ \t]*:[ \t]*[\"']?delete\b"), "reclaim delete",
     "volumes are deleted with the set, or when it is scaled down"),
    (rx(r"(?im)^[ \t-]*prune[ \t]*:[ \t]*[\"']?true\b"), "prune", "what is no longer declared is deleted by itself"),
    (rx(r"(?im)^[ \t-]*finalizers[ \t]*:[ \t]*(?:\[[ \t]*\]|null)"), "finalizers off",
     "nothing holds the object until its data is cared for"),
    (rx(r"(?m)^[ \t\"']*(?:DeletionPolicy|UpdateReplacePolicy)[\"']?[ \t]*:[ \t]*[\"']?Delete\b"), "protection off",
     "the resource is deleted with its stack"),
)  # fmt: skip
_HOLDINGS: Final = (
    (rx(r"(?m)^[ \t\"']*(DeletionPolicy|UpdateReplacePolicy)[\"']?[ \t]*:[ \t]*[\"']?(?:Retain|Snapshot|RetainExceptOnCreate)\b"), "protection off"),
    (rx(r"(?im)^[ \t-]*((?:persistentVolume)?reclaimPolicy)[ \t]*:[ \t]*[\"']?retain\b"), "protection off"),
    (rx(r"(?m)^[ \t\"']*(helm\.sh/resource-policy)[\"']?[ \t]*:[ \t]*[\"']?keep\b"), "protection off"),
    (rx(r"(?m)^[ \t\"']*(argocd\.argoproj\.io/sync-options)[\"']?[ \t]*:.*\b(?:Prune|Delete)=false\b"), "protection off"),
    (rx(r"(?m)^[ \t\"']*(DeletionProtection|TerminationProtection|EnableTerminationProtection|deletionProtection)[\"']?[ \t]*:[ \t]*[\"']?true\b"), "protection off"),
    (rx(r"(?m)^[ \t]*-[ \t]*[\"']?([a-z0-9.-]+/[\w.-]*(?:protection|finalizer)[\w.-]*)"), "finalizers off"),
)  # fmt: skip


def read(side: Side) -> Iterable[Found]:
    """Of a file of YAML, JSON or a template of it."""
    if not side.name.endswith((".yml", ".yaml", ".json", ".tpl", ".template", ".j2")):
        return ()
    return tuple(_found(side)) if SAYS.search(side.text) else ()


def _found(side: Side) -> Iterator[Found]:
    at = 1
    for document in re.split(r"(?m)^---.*$", side.text):
        yield from _of_document(side, document, at)
        at += document.count("\n")
    for pattern, name, why in _OPERATIONS:
        for hit in pattern.finditer(side.text):
            text = " ".join(hit[0].split())
            line = side.text.count("\n", 0, hit.end()) + 1
            yield Operation(name=name, text=text, line=line, why=f"`{text[:60]}`: {why}")
    for pattern, name in _HOLDINGS:
        for hit in pattern.finditer(side.text):
            line = side.text.count("\n", 0, hit.end()) + 1
            why = f"`{hit[1]}` no longer keeps what is declared here from being deleted"
            yield Holding(name=name, key=f"{side.path} {hit[1]}", shown=hit[1], line=line, why=why)


def _of_document(side: Side, document: str, at: int) -> Iterator[Holding]:
    kind, meta = _KIND.search(document), _META.search(document)
    if kind is None or kind[1] not in KINDS or "apiVersion" not in document:
        return
    rest = meta["rest"] if meta else ""
    name, space = _NAME.search(rest), _SPACE.search(rest)
    named = f"{kind[1]} {name[1] if name else '?'}"
    where = space[1] if space else side.path.rpartition("/")[0]
    line = at + document.count("\n", 0, kind.start())
    why = f"`{named[:80]}` is no longer declared: it goes, and what it holds with it"
    yield Holding(name="delete", key=f"{where} {named}", shown=named, line=line, why=why)
    if kind[1] == "StatefulSet" and (claims := _CLAIMS.search(document)):
        line = at + document.count("\n", 0, claims.start())
        why = f"`{named[:80]}` no longer claims its volumes"
        yield Holding(name="delete", key=f"{where} {named} claims", shown=named, line=line, why=why)
