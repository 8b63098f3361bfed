"""What a change is: the explicit lists, and the join that only a proof can lower.

Rule kept (invariant 3, R25, R26): every file starts as `unknown`; a proof lowers one file, and
only where the whole base tree was at hand; a sensor, a denial, a failure or an empty step only
raises the whole. Tool runs are asked for only while they can still make the whole less strict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.domain.impact import (
    ChangeClass,
    Denial,
    Evidence,
    EvidenceRequest,
    FileImpact,
    Impact,
    Proof,
    ProofStatus,
    Sensitivity,
    Strictness,
    strictness_of,
)
from magistrate.impact.base import BaseTree, ChangedFile, Prover, Sensor
from magistrate.impact.case import Case
from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.facts import BY_REGISTRY
from magistrate.impact.earlier import Earlier
from magistrate.impact.file_gate import gate as file_gate
from magistrate.impact.join import alike, collisions, in_order, joined, mentioned, strictest_by_path
from magistrate.impact.measures.behaviour import behaviour
from magistrate.impact.measures.blast_radius import blast_radius
from magistrate.impact.measures.composition import net_change
from magistrate.impact.measures.privilege import Privilege, privilege
from magistrate.impact.measures.reversibility import no_way_back, reversible
from magistrate.impact.measures.secret_reach import secret_reach, widened
from magistrate.impact.provers import (
    benign_config,
    comment_text,
    comments,
    dependencies,
    docstrings,
    documentation,
    documentation_text,
    formatting,
    import_order,
    program_text,
    rederivation,
    reverts,
    test_text,
    tests,
    type_annotations,
    typescript_types,
)
from magistrate.impact.sensors import (
    agent_instructions,
    audit_config,
    authentication,
    binary,
    build,
    ci_cd,
    containers,
    cryptography,
    dependency,
    file_metadata,
    hidden_text,
    infrastructure,
    injection,
    limits_and_flags,
    migration,
    network,
    permissions,
    release,
    route_guards,
    secrets,
    suppressions,
    undone_fix,
    vendored,
)
from magistrate.impact.sensors import gate as gate_sensor

PROVERS: Final[tuple[Prover, ...]] = (
    *formatting.PROVERS,
    *comments.PROVERS,
    import_order.PROVER,
    type_annotations.PROVER,
    typescript_types.PROVER,
    *rederivation.PROVERS,
    documentation.PROVER,
    docstrings.PROVER,
    benign_config.PROVER,
    tests.PROVER,
    *comment_text.PROVERS,
    *documentation_text.PROVERS,
    test_text.PROVER,
    dependencies.PROVER,
    reverts.PROVER,
    *program_text.PROVERS,
)
"""In order: the first proof that holds is the one that counts, so those that ask for nobody come first."""
SENSORS: Final[tuple[Sensor, ...]] = (
    agent_instructions.SENSOR,
    audit_config.SENSOR,
    authentication.SENSOR,
    binary.SENSOR,
    build.SENSOR,
    ci_cd.SENSOR,
    containers.SENSOR,
    cryptography.SENSOR,
    dependency.SENSOR,
    file_metadata.SENSOR,
    gate_sensor.SENSOR,
    hidden_text.SENSOR,
    infrastructure.SENSOR,
    injection.SENSOR,
    limits_and_flags.SENSOR,
    migration.SENSOR,
    network.SENSOR,
    permissions.SENSOR,
    release.SENSOR,
    route_guards.SENSOR,
    secrets.SENSOR,
    suppressions.SENSOR,
    undone_fix.SENSOR,
    vendored.SENSOR,
)
BY_HISTORY: Final[Mapping[str, Callable[[Earlier], bool]]] = {reverts.PROVER.name: reverts.speaks_of}
"""Provers that rest on facts of the history, and whether there are any for them."""
GATE_RULE: Final = "file-gate/1"
NO_PROVER: Final = "no-prover/1"
BASE_RULE: Final = "base-tree/1"
_PLACE: Final = rx(r"line \d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One file of one step: its verdict, and every proof that was tried for it."""

    file: ChangedFile
    step: tuple[ChangedFile, ...]
    impact: FileImpact
    tried: tuple[Tried, ...]
    denials: tuple[Denial, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A prover and what it said."""

    prover: Prover
    proof: Proof


def assess(
    case: Case,
    evidence: Sequence[Evidence] = (),
    provers: Sequence[Prover] = PROVERS,
    sensors: Sequence[Sensor] = SENSORS,
) -> Impact:
    """Judge every step and, for a chain, its net effect; the stricter result counts."""
    steps = [tuple(ChangedFile(change=change) for change in step) for step in case.steps]
    judged = [judge(file, step, case.base, evidence, provers) for step in steps for file in step]
    sensed = {found for step in steps for file in step for found in sense(file, case.base, sensors)}
    denials = {denial for one in judged for denial in one.denials}
    sensed |= set(collisions([file.change for step in steps for file in step]))
    verdicts = [one.impact for one in judged]
    reasons: list[str] = []
    if len(steps) > 1:
        net, torn = net_change(case.steps)
        whole = tuple(ChangedFile(change=change) for change in net)
        verdicts += [judge(file, whole, case.base, evidence, provers).impact for file in whole]
        sensed |= {found for file in whole for found in sense(file, case.base, sensors)}
        why = "the steps of the chain do not follow from each other here"
        sensed |= {Sensitivity(kind=ChangeClass.UNKNOWN, path=path, line=0, why=why) for path in torn}
        reasons.append(f"a chain of {len(steps)} steps, judged step by step and as one change")
    files = strictest_by_path(verdicts)
    power = privilege(case.steps, case.base, alike(files), evidence=evidence)
    sensed |= set(power.raised)
    hollow = not files or any(not step for step in steps)
    if hollow:
        reasons.append("an empty change or step proves nothing and is never automatic")
    stays = no_way_back(files, steps)
    lost = (
        hollow or bool(denials) or bool(stays) or any(strictness_of(found.kind) is Strictness.TWO for found in sensed)
    )
    open_question = not lost and all(_may_lower(one, case.base, evidence) for one in judged)
    wanted = [want for one in judged for want in evidence_wanted(one, case.base, evidence)] if open_question else []
    apart = mentioned(files, sensed)
    kept = in_order(sensed - apart)
    radius = blast_radius(files, steps, case.base)
    opened = secret_reach(files, steps, case.base)
    found = joined(
        files,
        kept,
        denials,
        mentions=in_order(apart),
        radius=widened(radius.measured, opened),
        way_back=reversible(kept, stays),
        stays=stays,
        reasons=reasons,
        wanted=[*wanted, *power.wanted],
        hollow=hollow,
    )
    asks_base = any(_asks_base(one, case.base, open_question=open_question) for one in judged)
    return replace(
        found,
        context_wanted=asks_base or power.asks_base or radius.asks_base or (bool(opened) and not case.base.known),
        behaviour=behaviour(files, steps, sensed),
        privilege=power.rows,
        together=power.together,
        secrets=opened,
    )


def power_moved(case: Case, evidence: Sequence[Evidence] = ()) -> Privilege:
    """Whose power a case moves, and nothing else of it."""
    return privilege(case.steps, case.base, evidence=evidence)


def judge(
    file: ChangedFile,
    step: tuple[ChangedFile, ...],
    base: BaseTree,
    evidence: Sequence[Evidence],
    provers: Sequence[Prover],
) -> Judged:
    """The first proof that holds, else `unknown` with the closest objection."""
    gated = file_gate(file)
    if gated.barred is not None:
        refused = Proof(rule=GATE_RULE, status=ProofStatus.REFUTED, change_class=ChangeClass.UNKNOWN, why=gated.barred)
        return Judged(
            file=file, step=step, impact=_impact(file, ChangeClass.UNKNOWN, refused), tried=(), denials=gated.denials
        )
    tried: list[Tried] = []
    for prover in provers:
        if _has_facts(prover, base) and _applies(prover, file):
            proof = _tried(prover, file, step, base, evidence)
            tried.append(Tried(prover=prover, proof=proof))
            if proof.status is ProofStatus.PROVEN and not _waits_for_base(proof, tried):
                shown = proof if proof.low else _with_objection(proof, tried[:-1])
                impact = _impact(file, proof.change_class, shown, tried)
                return Judged(file=file, step=step, impact=impact, tried=tuple(tried))
    impact = _impact(file, ChangeClass.UNKNOWN, _closest(tried), tried)
    return Judged(file=file, step=step, impact=impact, tried=tuple(tried))


def _waits_for_base(proof: Proof, tried: Sequence[Tried]) -> bool:
    """Whether a lower class holds for the bytes and only the repository is missing: then that is what is said."""
    return not proof.low and any(one.proof.rule == BASE_RULE for one in tried)


def _with_objection(proof: Proof, tried: Sequence[Tried]) -> Proof:
    """A proof of a class that people decide about also says what stood in the way of a low one."""
    if not tried:
        return proof
    return replace(proof, why=f"{proof.why}; no lower class, because {_closest(tried).why}")


def _closest(tried: Sequence[Tried]) -> Proof:
    """The objection that stands nearest to a low class, with what speaks against ordinary code behind it."""
    if not tried:
        why = "no prover reads this kind of file yet, so nothing can be proven about it"
        return Proof(rule=NO_PROVER, status=ProofStatus.UNKNOWN, change_class=ChangeClass.UNKNOWN, why=why)
    proofs = [one.proof for one in tried if one.proof.low]
    others = [one.proof for one in tried if not one.proof.low]
    asked = next((proof for proof in others if any(name == BY_REGISTRY for name, _ in proof.witness)), None)
    held = next((proof for proof in proofs if proof.rule == BASE_RULE), None) if asked is None else asked
    if held is not None or not proofs:
        return held or others[-1]
    nearest = max(enumerate(proofs), key=lambda one: (_reach(one[1]), one[0]))[1]
    more = "".join(f"; no ordinary code, because {p.why}" for p in others if p.status is not ProofStatus.PROVEN)
    return replace(nearest, why=nearest.why + more) if more and nearest.why not in more else nearest


def _reach(proof: Proof) -> int:
    """How far an objection got: to one place of the file, to the whole meaning of it, or not even there."""
    if _PLACE.match(proof.why):
        return 3
    return 2 if "-comments/" in proof.rule else int(proof.status is ProofStatus.REFUTED)


def sense(file: ChangedFile, base: BaseTree, sensors: Sequence[Sensor]) -> Iterable[Sensitivity]:
    """Every finding of every sensor; a sensor that fails is itself a finding."""
    for sensor in sensors:
        try:
            yield from list(sensor.sense(file, base))
        except Exception as error:  # noqa: BLE001 - a crash must cost this file its verdict and nothing else
            why = f"the sensor `{sensor.name}` could not look at this file ({type(error).__name__})"
            yield Sensitivity(kind=ChangeClass.UNKNOWN, path=file.path, line=0, why=why)


def evidence_wanted(one: Judged, base: BaseTree, evidence: Sequence[Evidence]) -> list[EvidenceRequest]:
    """Runs that could still prove a file which nothing proves without them."""
    if not base.known or one.impact.low:
        return []
    had = {(run.tool, run.path, run.inputs_digest) for run in evidence}
    wants = [want for tried in one.tried for want in _wants(tried.prover, one.file, one.step, base)]
    return [want for want in wants if (want.tool, want.path, want.inputs_digest) not in had]


def _may_lower(one: Judged, base: BaseTree, evidence: Sequence[Evidence]) -> bool:
    """Whether this file is low, or may still be with the base tree or a tool run."""
    if one.impact.low or one.impact.proof.rule == BASE_RULE:
        return True
    waits = not base.known and any(_lacks_base(tried) for tried in one.tried)
    return waits or bool(evidence_wanted(one, base, evidence))


def _asks_base(one: Judged, base: BaseTree, *, open_question: bool) -> bool:
    """Whether the base tree changes what is said of this file, or of the whole where that is open."""
    if base.known:
        return False
    shown = one.impact.proof
    lacking = [tried for tried in one.tried if _lacks_base(tried)]
    ordinary = any(not tried.proof.low for tried in lacking)
    return shown.rule == BASE_RULE or ordinary or any(open_question or tried.proof == shown for tried in lacking)


def _lacks_base(tried: Tried) -> bool:
    return tried.proof.status is ProofStatus.UNKNOWN and tried.prover.needs_base()


def _has_facts(prover: Prover, base: BaseTree) -> bool:
    """Whether a prover by history has anything to go by; without it is as if it were not there."""
    speaks = BY_HISTORY.get(prover.name)
    return speaks is None or (base.earlier is not None and speaks(base.earlier))


def _applies(prover: Prover, file: ChangedFile) -> bool:
    try:
        return prover.applies(file)
    except Exception:  # noqa: BLE001 - a prover that cannot say so reads nothing, which proves nothing
        return False


def _wants(
    prover: Prover, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree
) -> tuple[EvidenceRequest, ...]:
    try:
        return prover.wants(file, step, base)
    except Exception:  # noqa: BLE001 - no request, no evidence, no proof
        return ()


def _tried(
    prover: Prover, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
) -> Proof:
    try:
        found = prover.prove(file, step, base, evidence)
    except Exception as error:  # noqa: BLE001 - a crash must cost this file its verdict and nothing else
        why = f"the prover failed ({type(error).__name__}), which proves nothing"
        return Proof(rule=prover.name, status=ProofStatus.UNKNOWN, change_class=prover.change_class, why=why)
    if found.status is ProofStatus.PROVEN and (not found.witness or found.change_class is not prover.change_class):
        why = "the prover gave no witness for its claim"
        return Proof(rule=prover.name, status=ProofStatus.UNKNOWN, change_class=prover.change_class, why=why)
    if found.status is ProofStatus.PROVEN and found.low and not base.known:
        why = f"{prover.name} holds for the bytes, yet only the repository says what pins or reads this file"
        return Proof(rule=BASE_RULE, status=ProofStatus.UNKNOWN, change_class=prover.change_class, why=why)
    return found


def _impact(file: ChangedFile, kind: ChangeClass, proof: Proof, tried: Sequence[Tried] = ()) -> FileImpact:
    return FileImpact(path=file.path, change_class=kind, proof=proof, tried=tuple(one.proof for one in tried))
