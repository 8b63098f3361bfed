"""One scripted attempt of a captured control plane, and how it is tried at both doors.

An attempt is an honest case with one thing changed. It is refused for exactly that: by its code and words, with
an alarm, the ref where it was and no lease that would push. Then the honest case goes through the same world.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from world.captured import CapturedWorld, Scene, told

from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Obligation

TWO = (
    Obligation(role=None, count=2, rule="policy/two"),
    Obligation(role=Role.SECURITY, count=1, rule="policy/security"),
)
SENSITIVE: Mapping[str, Any] = {
    "change_class": ChangeClass.CI_CD, "strictness": Strictness.TWO, "approvers": ("ben", "carla"),
    "obligations": TWO, "decision_strictness": Strictness.TWO,
}  # fmt: skip
"""An honest change to a pipeline, which two people agreed to."""
EXECUTOR, GATE = "executor", "gate"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """`hope` says what the attacker wants of it; `code` and `says` name the premise that stops it.

    `gate` holds code and words where the gate stops it for a reason of its own; `doors` are those that verify it.
    `outcome` is what the executor reports. `unreported`: the paper is no document at all, so there is an alarm and nothing to report on. `ignored`: it is
    for somebody else, and the executor does not look at it.
    """

    hope: str
    code: str
    says: str
    forge: Callable[[Scene], CaseBundle]
    honest: Mapping[str, Any] = field(default_factory=dict)
    doors: tuple[str, ...] = (EXECUTOR, GATE)
    gate: tuple[str, str] | None = None
    outcome: str = "refused"
    unreported: bool = False
    ignored: bool = False


def attempted(world: CapturedWorld, attempt: Attempt) -> None:
    """Try it at each door, see it refused for its own premise, and see the honest case succeed in the same world."""
    scene = world.scene(**attempt.honest)
    try:
        forged, before = attempt.forge(scene), world.town.tip()
        if GATE in attempt.doors:
            code, words = told(scene.ask_gate(forged))
            want, says = attempt.gate or (attempt.code, attempt.says)
            assert re.fullmatch(want, code), (code, words)
            assert re.search(says, words), words
        if EXECUTOR in attempt.doors:
            offered = scene.offer(forged)
            seen = (offered.why, *offered.alarms)
        if EXECUTOR in attempt.doors and attempt.ignored:
            assert (offered.outcome, offered.alarms) == ("nothing", []), seen
        elif EXECUTOR in attempt.doors:
            assert offered.outcome == ("nothing" if attempt.unreported else attempt.outcome), seen
            assert any(re.search(attempt.code, one) and re.search(attempt.says, one) for one in offered.alarms), seen
            assert attempt.unreported or re.match(attempt.code, offered.why), seen
        assert world.town.tip() == before == world.town.old
        assert not world.usable()
        world.put_back()
        scene.drill_again()
        offered = scene.offer(scene.variant())
        assert offered.outcome == "succeeded", (offered.why, *offered.alarms)
        assert world.town.tree(world.town.tip()) == scene.effect(scene.honest).result_tree
        assert not world.usable()
    finally:
        world.put_back()
