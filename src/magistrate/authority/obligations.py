"""Several rulings about one change as one: the union of what they ask for.

Rule kept (invariants 4, 5): joining only adds; what was decided covers what is ruled again when it
asks for no less of any role.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from magistrate.domain.impact import STRICTNESS_ORDER, Strictness
from magistrate.wire.decision import Decision, Obligation


def joined(asked: Iterable[Obligation]) -> tuple[Obligation, ...]:
    """One obligation for each role: the largest count, and the first rule that asked for so many."""
    best: dict[str, Obligation] = {}
    for obligation in asked:
        key = obligation.role or ""
        if key not in best or obligation.count > best[key].count:
            best[key] = obligation
    return tuple(best[key] for key in sorted(best))


def covers(decided: Sequence[Obligation], ruled: Sequence[Obligation]) -> bool:
    """Whether the decided obligations ask for no less of any role than those ruled again."""
    counts = {obligation.role or "": obligation.count for obligation in decided}
    return bool(decided) and all(counts.get(one.role or "", 0) >= one.count for one in ruled)


def at_least(level: Strictness, other: Strictness) -> bool:
    """Whether one strictness is no weaker than another."""
    return STRICTNESS_ORDER.index(level) >= STRICTNESS_ORDER.index(other)


def agreed_as_a_whole(decision: Decision) -> frozenset[str]:
    """Which other proposals people agreed to with this one, where it landed; empty where nobody was asked about them.

    Two people must have been asked because of the whole: a change that asks for two by itself settles
    nothing about what went before it.
    """
    chain = decision.chain
    if chain is None or chain.strictness is not Strictness.TWO or decision.strictness is not Strictness.TWO:
        return frozenset()
    return frozenset() if at_least(chain.alone, Strictness.TWO) else frozenset(chain.members)
