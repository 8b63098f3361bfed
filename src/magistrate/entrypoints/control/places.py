"""How ready each place is: the branch of every repository, then its stages."""

from __future__ import annotations

from typing import Any

from magistrate.authority.estate import weak_places, weak_stages
from magistrate.ports import Unit
from magistrate.usecases.drills import demoted_because, readiness
from magistrate.wire.policy_bundle import PolicyBundle

_UNNAMED = ("policy does not name it",)


def ready_rows(unit: Unit, policy: PolicyBundle, now: int) -> list[dict[str, Any]]:
    """One row for each place, with its drills, its alarm, and why nothing may execute there."""
    weak, staged = weak_places(policy), weak_stages(policy)
    rows = []
    for row in unit.repositories():
        rows.append(_row(unit, row.repository, row.environment, "", row.alarm, weak.get(row.repository, _UNNAMED), now))
        for stage in policy.stages:
            if stage.repository == row.repository:
                why = staged[stage.repository, stage.stage]
                rows.append(_row(unit, row.repository, stage.environment, stage.stage, row.alarm, why, now))
    declared = "not declared" if policy.estate is None else "declared"
    return [{**row, "estate": declared} for row in rows]


def _row(  # noqa: PLR0913, PLR0917  what a place is
    unit: Unit, repository: str, environment: str, stage: str, alarm: str, weak: tuple[str, ...], now: int
) -> dict[str, Any]:
    return {
        "repository": repository, "stage": stage, "environment": environment,
        "alarm": alarm or demoted_because(unit, repository, environment, now),
        "drills": readiness(unit, repository, environment, now), "weak": weak,
    }  # fmt: skip
