"""Self-test: before a policy is used, questions with known answers are put to it.

Rule kept (R40): if one vector that must ask for people is answered more leniently, or one
that must be possible is denied, nothing is decided with this policy.
"""

from __future__ import annotations

from typing import Final

from magistrate.domain.execution import Action
from magistrate.domain.impact import STRICTNESS_ORDER, ChangeClass, ProofStatus, Strictness, strictness_of
from magistrate.errors import Refused
from magistrate.policy.bundle import Compiled
from magistrate.policy.evaluate import evaluate
from magistrate.policy.facts import Question
from magistrate.wire.assessment import FileVerdict, ProofSummary, SensitivityVerdict, Verdict
from magistrate.wire.policy_bundle import PolicyBundle
from magistrate.wire.proposal import Provenance

_NOTHING: Final = "sha256:" + "0" * 64
_POSSIBLE: Final = (ChangeClass.FORMATTING, ChangeClass.CODE)


def verify_vectors(compiled: Compiled, body: PolicyBundle) -> None:
    """Put every class and every special case to the policy.

    Raises:
        Refused: MAG-E435 naming the first vector that was answered wrongly.
    """
    for kind in ChangeClass:
        least = max(Strictness.ONE, strictness_of(kind), key=STRICTNESS_ORDER.index)
        _expect(compiled, _vector(body, kind), least, f"a change of the class {kind}")
    _expect(compiled, _vector(body, ChangeClass.CODE, reversible="no"), Strictness.TWO, "an irreversible change")
    _expect(compiled, _vector(body, ChangeClass.CODE, gaps=("x",)), Strictness.TWO, "a change with missing context")
    denied = _vector(body, ChangeClass.CODE, assessed=Strictness.DENY)
    _expect(compiled, denied, Strictness.DENY, "a change that the assessment denies")
    for kind in _POSSIBLE:
        if evaluate(compiled, _vector(body, kind)).strictness is Strictness.DENY:
            raise Refused("MAG-E435", f"the policy denies every change of the class {kind}")


def _expect(compiled: Compiled, question: Question, least: Strictness, what: str) -> None:
    given = evaluate(compiled, question).strictness
    if STRICTNESS_ORDER.index(given) < STRICTNESS_ORDER.index(least):
        raise Refused("MAG-E435", f"the policy asks `{given}` for {what}, at least `{least}` is needed")


def _vector(
    body: PolicyBundle,
    kind: ChangeClass,
    *,
    reversible: str = "yes",
    gaps: tuple[str, ...] = (),
    assessed: Strictness | None = None,
) -> Question:
    level = assessed or strictness_of(kind)
    proof = ProofSummary(rule="self-test/1", status=ProofStatus.PROVEN, why="", witness={})
    sensitive = level is Strictness.TWO and kind is not ChangeClass.UNKNOWN
    verdict = Verdict(
        id="self-test", digest=_NOTHING, assessor=_NOTHING, classes=(kind,),
        auto_eligible=level is Strictness.AUTO, strictness=level,
        files=(FileVerdict(path="a", change_class=kind, proof=proof),),
        sensitivities=(SensitivityVerdict(kind=kind, path="a", line=1, why=""),) if sensitive else (),
        denials=(), privilege=(), blast_radius={"files": 1, "dependents": 0, "complete": True}, reversible=reversible, composition={}, reasons=(),
    )  # fmt: skip
    return Question(
        verdict=verdict, policy=body, action=Action.MERGE, environment="self-test", production=False, solo=False,
        repository="self-test", agent="self-test", provenance=Provenance.CLAIMED, context_gaps=gaps,
    )  # fmt: skip
