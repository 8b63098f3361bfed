"""What the same hands changed in a linked repository, judged as one change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from magistrate.domain.case import Companion
from magistrate.wire.assessment import Verdict
from magistrate.wire.policy_bundle import RepositoryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedVerdict:
    """All of it in one linked repository: the verdict, whose proposals, and through what it is linked, in words.

    `repository` is also the place by whose environment everything linked to it is ruled.
    """

    repository: str
    members: tuple[str, ...]
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Others by the same hands, at the same ref and elsewhere, and what policy says of each repository by name."""

    here: Sequence[Companion]
    elsewhere: Sequence[Companion]
    places: Mapping[str, RepositoryPolicy]
