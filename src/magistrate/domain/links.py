"""What links two repositories, and when changes at both of its ends act on each other.

Rule kept (R34): a link only raises. A reference leads to a repository when one part of its address is the repository's
name, whoever the owner is; a link too many costs a person, one too few would let a chain through. Whoever uses what the other
changes, in a file that changes too, in production or in a privileged job, is acted on. A proof that a change does nothing is not
looked for here; whoever asks leaves such files out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class LinkKind(StrEnum):
    """How one repository comes to act on another."""

    WORKFLOW = "workflow"
    ACTION = "action"
    MODULE = "module"
    IMAGE = "image"
    INCLUDE = "include"
    SUBMODULE = "submodule"
    PACKAGE = "package"
    SECRET = "secret"  # noqa: S105  a kind of link
    DEPLOY_TARGET = "deploy_target"
    ENVIRONMENT = "environment"
    UNKNOWN = "unknown"


SHARED: Final = frozenset({LinkKind.SECRET, LinkKind.DEPLOY_TARGET})
"""Kinds where two repositories are linked by naming the same thing."""
LINKING: Final = re.compile(
    r"(?i)(?:^|/)(?:\.gitmodules|go\.mod|package\.json|Cargo\.toml|pyproject\.toml|requirements[^/]*\.txt|Jenkinsfile[^/]*|"
    r"[^/]*(?:docker|container)file[^/]*|\.env[^/]*|[^/]*\.(?:ya?ml|tf|tofu|hcl|tf\.json))\Z"
)
"""Files that are read for links."""
_PARTS: Final = re.compile(r"[/:@?#=&\s]+")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Reference:
    """One thing that a file names: the kind, the name as it is written, and the file."""

    kind: LinkKind
    name: str
    path: str


Declared = tuple[str, LinkKind, str]
"""Repository, kind, name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What a side refers to and declares; `unclear` says why that is not all, in words."""

    references: frozenset[Reference] = frozenset()
    declared: frozenset[Declared] = frozenset()
    privileged: frozenset[str] = frozenset()
    unclear: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`user` uses what lies in `source`; `at` is the file that says so, `reference` None where it is declared or shared."""

    kind: LinkKind
    name: str
    user: str
    source: str
    at: str = ""
    reference: Reference | None = None
    declared: bool = False

    @property
    def words(self) -> str:
        """For people."""
        return f"`{self.user}` and `{self.source}` by {self.kind} {self.name[:120]}"


def links_between(one: str, here: Ends, other: str, there: Ends) -> Iterable[Link]:
    """Every link between two repositories, whichever uses the other."""
    for user, source, said in ((one, other, here), (other, one, there)):
        yield from _uses(user, source, said)
    shared = {(r.kind, r.name) for r in here.references} & {(r.kind, r.name) for r in there.references}
    for kind, name in sorted(shared):
        if kind in SHARED:
            yield Link(kind=kind, name=name, user=one, source=other)


def _uses(user: str, source: str, said: Ends) -> Iterable[Link]:
    for reference in sorted(said.references):
        if leads_to(reference, source):
            yield Link(
                kind=reference.kind,
                name=reference.name,
                user=user,
                source=source,
                at=reference.path,
                reference=reference,
            )
    for repository, kind, name in sorted(said.declared):
        if repository == source:
            yield Link(kind=kind, name=name, user=user, source=source, declared=True)
    if said.unclear:
        yield Link(kind=LinkKind.UNKNOWN, name=said.unclear, user=user, source=source)


def acts(link: Link, used: frozenset[str], using: frozenset[str], ends: tuple[Ends, Ends], *, production: bool) -> str:
    """Why changes at both ends act on each other across a link, or an empty text.

    `used` and `using` are the changed files of source and user, `ends` is what user and source say; `production`:
    the user is there.
    """
    if not used or not using:
        return ""
    if link.kind is LinkKind.UNKNOWN:
        return "nobody can say what the two do together"
    if link.declared:
        return "the link is declared, and both ends change"
    if link.reference is not None:
        return _taken(link, link.reference, used, using, privileged=production or link.at in ends[0].privileged)
    named = [{r.path for r in end.references if (r.kind, r.name) == (link.kind, link.name)} for end in ends]
    return "both change a file that names it" if using & named[0] and used & named[1] else ""


def _taken(link: Link, reference: Reference, used: frozenset[str], using: frozenset[str], *, privileged: bool) -> str:
    if not takes(reference, used):
        return ""
    if link.at in using:
        return "what is used changes, and the file that uses it"
    return "what a privileged job or production uses changes, and so does who uses it" if privileged else ""


def leads_to(reference: Reference, repository: str) -> bool:
    """Whether a reference leads out to the repository of this name."""
    if reference.kind in SHARED or _stays(reference):
        return False
    parts = {part.casefold().removesuffix(".git") for part in _PARTS.split(reference.name)}
    return repository.casefold() in parts


def takes(reference: Reference, paths: Iterable[str]) -> bool:
    """Whether one of these paths of the repository that it leads to may reach whoever refers to it so.

    A workflow that is called can call others beside it; of anything else all may be taken.
    """
    return any(reference.kind is not LinkKind.WORKFLOW or path.startswith(".github/") for path in paths)


def _stays(reference: Reference) -> bool:
    """Whether it names a place in the same repository."""
    return reference.kind is not LinkKind.SUBMODULE and reference.name.startswith(("./", "../"))
