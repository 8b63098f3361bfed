"""What a change is: classes, proofs, sensitivities, strictness.

Rule kept (invariant 3): provers lower, sensors raise. A file starts as `unknown`;
only a `proven` proof can lower it; joining two classes or two strictnesses always
keeps the stricter one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ChangeClass(StrEnum):
    """The kinds of change, from proven harmless to sensitive (design words)."""

    FORMATTING = "formatting"
    COMMENTS = "comments"
    DOCS = "docs"
    TESTS = "tests"
    LINT = "lint"
    BENIGN_CONFIG = "benign_config"
    DEPENDENCY = "dependency"
    REVERT = "revert"
    CODE = "code"
    BUILD = "build"
    UNKNOWN = "unknown"
    CI_CD = "ci_cd"
    INFRASTRUCTURE = "infrastructure"
    PERMISSIONS = "permissions"
    AUTHENTICATION = "authentication"
    CRYPTOGRAPHY = "cryptography"
    SECRETS = "secrets"
    NETWORK = "network"
    MIGRATION = "migration"
    AUDIT_CONFIG = "audit_config"
    RELEASE = "release"
    AGENT_INSTRUCTIONS = "agent_instructions"
    GATE = "gate"


LOW: Final = frozenset(
    {
        ChangeClass.FORMATTING,
        ChangeClass.COMMENTS,
        ChangeClass.DOCS,
        ChangeClass.TESTS,
        ChangeClass.LINT,
        ChangeClass.BENIGN_CONFIG,
    }
)
PEOPLE: Final = frozenset({ChangeClass.DEPENDENCY, ChangeClass.REVERT, ChangeClass.CODE, ChangeClass.BUILD})
"""One approval by default. `unknown` asks for two and is neither here nor in SENSITIVE."""
SENSITIVE: Final = frozenset(ChangeClass) - LOW - PEOPLE - {ChangeClass.UNKNOWN}


class Strictness(StrEnum):
    """How many people a change asks for; ordered auto < one < two < deny."""

    AUTO = "auto"
    ONE = "one"
    TWO = "two"
    DENY = "deny"


STRICTNESS_ORDER: Final = (Strictness.AUTO, Strictness.ONE, Strictness.TWO, Strictness.DENY)


def stricter(left: Strictness, right: Strictness) -> Strictness:
    """The stricter of two; the join of the lattice, so it never relaxes."""
    return max(left, right, key=STRICTNESS_ORDER.index)


def strictness_of(change_class: ChangeClass) -> Strictness:
    """What a class asks for by itself: low auto, people one, unknown and sensitive two."""
    if change_class in LOW:
        return Strictness.AUTO
    if change_class in PEOPLE:
        return Strictness.ONE
    return Strictness.TWO


class ProofStatus(StrEnum):
    """Outcome of a prover; only PROVEN lowers anything."""

    PROVEN = "proven"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A claim about the bytes of one file that a checker can re-verify.

    `rule` names the prover and its version (`python-comments/1`); `witness` holds the
    digests or facts that the checker recomputes, as sorted pairs; `why` is for people. `asks` is
    the least that the claim asks for, beside what its class does: that a page is documentation can
    be certain while what it now says is for a person to judge.
    """

    rule: str
    status: ProofStatus
    change_class: ChangeClass
    why: str
    witness: tuple[tuple[str, str], ...] = ()
    asks: Strictness = Strictness.AUTO

    @property
    def strictness(self) -> Strictness:
        """What the claim comes to if it is proven: the stricter of its class and of itself."""
        return stricter(strictness_of(self.change_class), self.asks)

    @property
    def low(self) -> bool:
        """Whether it could make a change automatic."""
        return self.strictness is Strictness.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """Something sensitive that a change touches, at its line (1-based, 0 = whole file).

    `itself`: the place is the sensitive thing, such as a key in clear or the settings of a check, and
    not a word about one; where it stands makes no difference then.
    """

    kind: ChangeClass
    path: str
    line: int
    why: str
    itself: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourChange:
    """One thing of a running system that is another one after a change, for people to read (R29).

    `kind` is `default`, `flag`, `limit`, `route`, `schema`, `exit`, `signature` or `other`; `why` names the
    thing, `before` and `after` are its values, None where it was not there. `line` is of the new side, of the
    old one where the thing is gone, 0 for the whole file. All texts are short and without hidden characters.
    """

    kind: str
    path: str
    line: int
    before: str | None
    after: str | None
    why: str


class PrivilegeTurn(StrEnum):
    """What becomes of somebody's power (R28); the order is that of showing them."""

    WIDENED = "widened"
    INCOMPARABLE = "incomparable"
    UNKNOWN = "unknown"
    NARROWED = "narrowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivilegeChange:
    """Somebody may do something more, or less (`loses`), or nobody can say.

    `who` and `gains` are in words for people, `witness` is one request that was denied before and is allowed
    after (the other way round where it is lost). `path` and `line` say where the right stands (0: the file).
    """

    domain: str
    verdict: PrivilegeTurn
    who: str
    gains: str
    witness: str
    path: str
    line: int = 0
    loses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWayBack:
    """One thing that a change does, or lets happen, that one more commit does not undo (R30).

    `operation` names it (`drop table`, `force push`), `why` says what stays lost or done; `line` is of the
    new side, of the old one where something is gone, 0 for the whole file.
    """

    path: str
    line: int
    operation: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReach:
    """A secret that a change touches, where, who uses it and what it opens (R36).

    `name` is as it is written there, `*` where the place does not say which. `consumers` and `opens` are in
    order; `unknown` among them stands for what nobody can say, which is the most.
    """

    name: str
    path: str
    line: int
    consumers: tuple[str, ...]
    opens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastRadius:
    """How far a change reaches (R27). `dependents` is None where nobody can say, which is the largest.

    `complete`: the repository, its map of environments and the imports of every changed file were read;
    a radius that is not complete is the largest, whatever its numbers say. All names are in order.
    """

    files: int
    dependents: int | None
    packages: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ("production",)
    data_stores: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    complete: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """Something the floor never lets pass, whoever approves."""

    rule: str
    path: str
    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One changed path: bytes and git modes before and after; None means absent."""

    path: str
    before: bytes | None
    after: bytes | None
    mode_before: str | None = "100644"
    mode_after: str | None = "100644"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRequest:
    """A tool run that a prover wants, stated as what must run on which bytes.

    `tool` is a pinned name (`ruff-format`, `ruff-fix`, `ruff-isort`); `inputs_digest` names
    the exact base bytes and configuration, listed in `inputs` as (path, sha256) pairs; the
    caller lays out exactly these files, runs the tool on `path` and hands back Evidence.
    """

    tool: str
    path: str
    inputs_digest: str
    inputs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Output bytes of a named tool (with its digest) on named inputs."""

    tool: str
    tool_digest: str
    path: str
    inputs_digest: str
    output: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FileImpact:
    """Verdict about one file: its class and the proof, or what stood in the way.

    `tried` are all proofs that were tried, in order, the one in front among them.
    """

    path: str
    change_class: ChangeClass
    proof: Proof
    tried: tuple[Proof, ...] = ()

    @property
    def strictness(self) -> Strictness:
        """What this file asks for."""
        asks = self.proof.asks if self.proof.status is ProofStatus.PROVEN else Strictness.AUTO
        return stricter(strictness_of(self.change_class), asks)

    @property
    def low(self) -> bool:
        """Whether this file asks for nobody."""
        return self.strictness is Strictness.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """Verdict about one whole change; strictness is the join over files, sensors, denials.

    `mentions` are what sensors found in files that are proven to be words or layout only: nothing
    sensitive is touched there, yet one person looks at it. `behaviour` is what the change does to a
    running system as far as it can be named; it is empty only where every file is proven to do nothing.
    `privilege` is whose power moves; `together` are the steps of a chain (from 1) that only together widen it.
    `no_way_back` are the operations that its inverse does not undo; `reversible` is then never `yes`.
    `secrets` are those that it touches, with what each opens and who uses it.
    """

    files: tuple[FileImpact, ...]
    sensitivities: tuple[Sensitivity, ...]
    denials: tuple[Denial, ...]
    classes: tuple[ChangeClass, ...]
    strictness: Strictness
    reversible: str
    blast_radius: BlastRadius
    reasons: tuple[str, ...]
    mentions: tuple[Sensitivity, ...] = ()
    behaviour: tuple[BehaviourChange, ...] = ()
    privilege: tuple[PrivilegeChange, ...] = ()
    together: tuple[int, ...] = ()
    no_way_back: tuple[NoWayBack, ...] = ()
    secrets: tuple[SecretReach, ...] = ()
    evidence_wanted: tuple[EvidenceRequest, ...] = ()
    context_wanted: bool = False

    @property
    def auto_eligible(self) -> bool:
        """What the change by itself allows; trust and policy can only take it away."""
        return self.strictness is Strictness.AUTO
