"""Who judges here: the digest of the assessor, as it says itself.

Rule kept: a verdict names the assessor that gave it, so control and executor each know their own by
asking the pinned program, never by importing it.
"""

from __future__ import annotations

from typing import Final

from magistrate.errors import Unavailable
from magistrate.usecases.judging import Judge
from magistrate.wire.canonical import verify_digest_shape

_NOTHING: Final = {"v": 1, "mode": "assess", "case": {"id": "own", "files": []}}


def own_digest(judge: Judge) -> str:
    """The digest of the assessor behind `judge` (raises Unavailable MAG-E253 when it does not say)."""
    verdict = judge.ask(_NOTHING).get("assessment")
    if not isinstance(verdict, dict):
        raise Unavailable("MAG-E253", "the assessor does not say which it is")
    return verify_digest_shape(str(verdict.get("assessor")))
