"""Names of releases: a prefix that policy gives and a version that follows from the one before.

Rule kept (design section 1): nobody who drafts names a ref. A draft says how large the step is; the name of the tag
follows from the tags that are there, by Semantic Versioning 2.0.0. Versions with a pre-release or build part are
no releases here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TAGS: Final = "refs/tags/"
PREFIX: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9_-]{0,39}[/@-]?)?v?(?<![0-9])\Z")
"""What may stand before the version: `v`, `release-`, `core/v`; nothing that git or a shell reads otherwise."""
_VERSION: Final = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\Z")
_LARGEST: Final = 999_999_999
Version = tuple[int, int, int]


class Step(StrEnum):
    """How large a release is; the word is all that a draft says of its name."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """What a release would be: the tag, the commit that it names, the tag before (or empty), and what lies between.

    `diff` and `manifest_sha256` lead from `base_tree` to `result_tree`; both are the same where nothing is compared.
    """

    ref: str
    commit: str
    previous: str
    base_tree: str
    result_tree: str
    diff: bytes
    manifest_sha256: str
    paths: tuple[str, ...]


def version_of(ref: str, prefix: str) -> Version | None:
    """The version that a tag of this prefix names; None where it is no release of it."""
    start = TAGS + prefix
    found = _VERSION.match(ref.removeprefix(start)) if ref.startswith(start) else None
    return None if found is None else (int(found[1]), int(found[2]), int(found[3]))


def newest(refs: Iterable[str], prefix: str) -> str:
    """The tag with the highest version of a prefix; empty where there is none."""
    known = [(version, ref) for ref in refs if (version := version_of(ref, prefix)) is not None]
    return max(known)[1] if known else ""


def following(previous: str, prefix: str, step: Step) -> str:
    """The tag that comes after `previous` (empty: the first) in a step of this size; empty where no number is left."""
    major, minor, patch = version_of(previous, prefix) or (0, 0, 0)
    after = {Step.PATCH: (major, minor, patch + 1), Step.MINOR: (major, minor + 1, 0), Step.MAJOR: (major + 1, 0, 0)}[
        step
    ]
    return "" if max(after) > _LARGEST else TAGS + prefix + ".".join(map(str, after))


def follows(ref: str, previous: str, prefix: str) -> bool:
    """Whether a tag is one of those that may come after `previous`."""
    return bool(ref) and ref in {following(previous, prefix, step) for step in Step}
