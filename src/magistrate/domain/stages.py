"""Stages: where a repository runs, each with a ref of its own that records what runs there.

Rule kept (design section 1): nobody who drafts names a ref or a commit. A draft names one of the stages that policy gives
the repository; its ref follows from the name, and what is deployed is where the guarded branch stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

STAGES: Final = "refs/heads/stages/"
"""Below it is one ref for each stage: a branch whose commits are the deployments, one after the other."""
STAGE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?")
FOLLOW: Final = "follow"
"""The command of a stage that is run by whatever watches its ref."""
LONGEST_SOAK: Final = 300
"""Seconds; longer, and a lost report could no longer be told from a long look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """What bringing a stage up to date would be: from `old` (`base_tree`) to a commit (`result_tree`), and what lies between.

    `diff` and the manifest of it are empty where too much lies between to be read. Of a deployment `artifact_digest` is that
    of the whole result as one archive; of a stage with a system the next two are those of its entitlements, or, where it has a
    secret, the last one that of the uses of the secret.
    """

    ref: str
    old: str
    commit: str
    base_tree: str
    result_tree: str
    diff: bytes
    manifest_sha256: str
    paths: tuple[str, ...]
    artifact_digest: str = ""
    before_digest: str = ""
    after_digest: str = ""
    consumers_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageKind:
    """What is done in a stage: nothing named, it is deployed to; a document: entitlements; a secret beside it: a rotation."""

    document: str | None = None
    secret: str | None = None


DEPLOYED: Final = StageKind()


def stage_ref(stage: str) -> str:
    """The ref that records what runs in a stage."""
    return STAGES + stage
