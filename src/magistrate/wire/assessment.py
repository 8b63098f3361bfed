"""Assessment: the verdict about a change, in a form that every party can recompute byte-equal.

The body has no times and no hosts (the header has); `verdict` is the assess contract of
`magistrate assess` and its digest is what approvals and the executor compare.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from magistrate.domain.impact import ChangeClass, ProofStatus, Strictness
from magistrate.wire.document import Body, Digest, Line


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ProofSummary(_Part, frozen=True, kw_only=True):
    """Which rule decided a file, and how."""

    rule: Line
    status: ProofStatus
    why: str
    witness: dict[str, str]


class TriedProof(_Part, frozen=True, kw_only=True, rename={"change_class": "class"}):
    """What one prover said of a file; `change_class` is the class that it could have proven."""

    rule: Line
    status: ProofStatus
    change_class: ChangeClass
    why: str


class FileVerdict(_Part, frozen=True, kw_only=True, rename={"change_class": "class"}, omit_defaults=True):
    """One changed path.

    `asks` is what its proof asks for beside its class, left out when that is nothing; `tried` are
    all provers that read it, in order, left out when there is none.
    """

    path: str
    change_class: ChangeClass
    proof: ProofSummary
    asks: Strictness = Strictness.AUTO
    tried: tuple[TriedProof, ...] = ()


class SensitivityVerdict(_Part, frozen=True, kw_only=True):
    """Something sensitive at its line (0: the file as a whole)."""

    kind: str
    path: str
    line: int
    why: str


class BehaviourVerdict(_Part, frozen=True, kw_only=True):
    """One thing of a running system that the change makes another one; null: it was not, or is no longer, there."""

    kind: str
    path: str
    line: int
    before: str | None
    after: str | None
    why: str


class NoWayBackVerdict(_Part, frozen=True, kw_only=True):
    """One operation that the inverse change does not undo, where it stands (line 0: the file), and why."""

    path: str
    line: int
    operation: str
    why: str


class SecretVerdict(_Part, frozen=True, kw_only=True):
    """A secret that the change touches, who uses it and what it opens; `unknown` is what nobody can say."""

    name: str
    path: str
    line: int
    consumers: tuple[str, ...]
    opens: tuple[str, ...]


class PrivilegeVerdict(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Whose power grows, by which right, with a request that was denied before; where the right stands."""

    domain: str
    verdict: str
    who: str
    gains: str
    witness: str
    path: str = ""
    line: int = 0


class Verdict(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """The assess contract: what a change is. `auto_eligible` says what the change allows.

    `mentions` are what sensors found in files that are proven to be words or layout only, left out
    when there is nothing. `behaviour` is what changes in a running system as far as it can be named;
    it is left out only where every file is proven to do nothing. `no_way_back` lists the operations that
    the inverse does not undo, left out when there is none; `reversible` is `yes` only without them.
    `secrets` are those that it touches with what they open, left out when there is none.
    """

    id: str
    digest: Digest
    assessor: Digest
    classes: tuple[ChangeClass, ...]
    auto_eligible: bool
    strictness: Strictness
    files: tuple[FileVerdict, ...]
    sensitivities: tuple[SensitivityVerdict, ...]
    denials: tuple[SensitivityVerdict, ...]
    privilege: tuple[PrivilegeVerdict, ...]
    blast_radius: dict[str, Any]
    reversible: str
    composition: dict[str, Any]
    reasons: tuple[str, ...]
    mentions: tuple[SensitivityVerdict, ...] = ()
    behaviour: tuple[BehaviourVerdict, ...] = ()
    no_way_back: tuple[NoWayBackVerdict, ...] = ()
    secrets: tuple[SecretVerdict, ...] = ()


class Assessment(Body, frozen=True, kw_only=True):
    """Body, signed by whoever recomputed it (control, executor)."""

    NAME: ClassVar[str] = "assessment"

    proposal: Digest
    verdict_sha256: Digest
    verdict: Verdict
    evidence: tuple[Digest, ...]
