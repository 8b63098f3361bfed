"""A Terraform or OpenTofu plan as `terraform show -json` prints it: what it destroys, and what binds an approval to it.

Rule kept (R30, R44; AS-03): an approval names the digest of one plan and the lineage and serial of the state it was
made from. A plan that cannot be read destroys everything; one whose digest, lineage or serial differs is not approved.
Format: https://developer.hashicorp.com/terraform/internals/json-format (major version 1).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from magistrate.errors import Refused
from magistrate.impact.returning.model import Found, Operation, Side

MAX_SHOWN: Final = 40
_KNOWN: Final = frozenset({"no-op", "create", "read", "update", "delete", "forget"})


class UnreadablePlanError(ValueError):
    """A text that is no plan of a known format; the message says what is missing, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReading:
    """What a plan does, by address of resource in order, and the digest of its canonical JSON."""

    digest: str
    creates: tuple[str, ...]
    updates: tuple[str, ...]
    destroys: tuple[str, ...]
    replaces: tuple[str, ...]
    forgets: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Numbers for people: creates, updates, destroys, replaces, forgets."""
        names = ("creates", "updates", "destroys", "replaces", "forgets")
        return {name: len(getattr(self, name)) for name in names}

    @property
    def way_back(self) -> bool:
        """Whether nothing is destroyed, replaced or dropped from the state."""
        return not (self.destroys or self.replaces or self.forgets)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateReading:
    """Which state a plan was made from: lineage and serial of a state file (version 4)."""

    lineage: str
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBinding:
    """What an approval of a plan names."""

    plan_digest: str
    lineage: str
    state_serial: int


def read_plan(text: str) -> PlanReading:
    """Read a plan.

    Raises:
        UnreadablePlanError: it is no JSON, of another major version, errored, incomplete, or has an unknown action.
    """
    whole = _object(text)
    version = whole.get("format_version")
    if not isinstance(version, str) or version.split(".")[0] != "1":
        raise UnreadablePlanError("its `format_version` is not 1.x")
    if whole.get("errored") is True:
        raise UnreadablePlanError("the plan ended with an error")
    rows = whole.get("resource_changes", [])
    if not isinstance(rows, list) or ("resource_changes" not in whole and "planned_values" not in whole):
        raise UnreadablePlanError("it has no `resource_changes`")
    found: dict[str, list[str]] = {name: [] for name in ("create", "update", "delete", "replace", "forget")}
    for row in rows:
        address, kind = _change(row)
        if kind in found:
            found[kind].append(address)
    digest = "sha256:" + hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    return PlanReading(
        digest=digest,
        creates=tuple(sorted(found["create"])),
        updates=tuple(sorted(found["update"])),
        destroys=tuple(sorted(found["delete"])),
        replaces=tuple(sorted(found["replace"])),
        forgets=tuple(sorted(found["forget"])),
    )


def _change(row: object) -> tuple[str, str]:
    """Address and kind of one change; a list of actions with `delete` and `create` in any order is a replace."""
    change = row.get("change") if isinstance(row, dict) else None
    actions = change.get("actions") if isinstance(change, dict) else None
    if not isinstance(row, dict) or not isinstance(row.get("address"), str) or not isinstance(actions, list):
        raise UnreadablePlanError("a resource change has no address or no actions")
    if not actions or any(not isinstance(one, str) or one not in _KNOWN for one in actions):
        raise UnreadablePlanError(f"`{row['address'][:80]}` has an action that is not known")
    if len(actions) > 1:
        taken = "forget" if "forget" in actions else "replace"
        return row["address"], taken
    return row["address"], actions[0]


def read_state(text: str) -> StateReading:
    """Lineage and serial of a state file.

    Raises:
        UnreadablePlanError: it is no state of version 4.
    """
    whole = _object(text)
    lineage, serial = whole.get("lineage"), whole.get("serial")
    if whole.get("version") != 4 or isinstance(whole.get("version"), bool):  # noqa: PLR2004 - the version of the format
        raise UnreadablePlanError("it is no state of version 4")
    if not isinstance(lineage, str) or not lineage:
        raise UnreadablePlanError("the state has no lineage")
    if not isinstance(serial, int) or isinstance(serial, bool) or serial < 0:
        raise UnreadablePlanError("the state has no serial")
    return StateReading(lineage=lineage, serial=serial)


def binding_of(plan: PlanReading, state: StateReading) -> PlanBinding:
    """What to approve."""
    return PlanBinding(plan_digest=plan.digest, lineage=state.lineage, state_serial=state.serial)


def verify_still_bound(approved: PlanBinding, plan: PlanReading, state: StateReading) -> None:
    """The plan and the state at hand are those that were approved.

    Raises:
        Refused: MAG-E255 naming what differs, with the counts of the plan at hand.
    """
    differs = [
        what
        for what, one, other in (
            ("the digest of the plan", approved.plan_digest, plan.digest),
            ("the lineage of the state", approved.lineage, state.lineage),
            ("the serial of the state", approved.state_serial, state.serial),
        )
        if one != other
    ]
    if differs:
        now = ", ".join(f"{number} {name}" for name, number in plan.counts.items() if number)
        raise Refused(
            "MAG-E255",
            f"the approval is void: {' and '.join(differs)} changed (the plan now has {now or 'no change'})",
            hint="make the plan anew and have it approved",
        )


def read(side: Side) -> Iterable[Found]:
    """Destroys and replaces of a plan that stands in the change."""
    if not side.name.endswith(".json") or '"resource_changes"' not in side.text:
        return ()
    try:
        plan = read_plan(side.text)
    except UnreadablePlanError as error:
        return (Operation(name="cannot be read", text=side.text, line=0, why=f"this plan cannot be read: {error}"),)
    number = f"{len(plan.destroys)} destroyed and {len(plan.replaces)} replaced by this plan"
    found = [
        Operation(name=name, text=f"{name} {address}", line=0, why=f"`{address[:100]}`: {why}; {number}")
        for name, rows, why in (
            ("destroy", plan.destroys, "the resource and what it holds are gone"),
            ("replace", plan.replaces, "the resource is destroyed and made anew, empty"),
            ("forget", plan.forgets, "the state no longer knows it"),
        )
        for address in rows[:MAX_SHOWN]
    ]
    return tuple(found)


def _object(text: str) -> Mapping[str, Any]:
    try:
        whole = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UnreadablePlanError(f"it is no JSON that can be read ({str(error)[:80]})") from error
    if not isinstance(whole, dict):
        raise UnreadablePlanError("it is no object")
    return whole


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadablePlanError("a key stands twice")
    return found
