"""What asks for less after a change than before it, door by door, in sentences.

Rule kept: whatever is not shown to ask for at least as much is told; a door that asks for more is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.guards.doors import Door, Guard, Side
from magistrate.impact.guards.formula import LOGIN, Formula, atoms, both, either, implied, readable, shown
from magistrate.impact.guards.steps import strong

HOOKS: Final = rx(
    r"(?:dispatch|setup|initial|prepare|before_\w+|check_\w+|get_permission\w*|test_func|has_\w*permission\w*|permission_required|canActivate|is_accessible|authorize\w*)(?:#\d+)?\Z"
)
"""Methods that a framework asks where they are there: without one its own answer counts, which may be yes."""
WHOLE: Final = ("<", "setting ", "application", "APP_GUARD", "middleware", "default export")
HEAD: Final = rx(r"guard (\w+)")
MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Weaker:
    """One thing that asks for less; `roles`: it is about what somebody may do, not only about who comes in."""

    line: int
    why: str
    roles: bool


def weaker(before: Side, after: Side, *, gone: bool) -> list[Weaker]:
    """Everything that asks for less; `gone`: the file is no more, so its doors are shut."""
    if gone:
        return []
    found: list[Weaker] = []
    renamed = _renamed(before, after)
    told: set[Formula] = set()
    pairs = list(_pairs(before, after))
    for old, new in sorted(pairs, key=lambda pair: not pair[0].holder):
        if old.holder and _moved_inside(old, after, new, renamed):
            continue
        found += _compared(before, old, after, new, renamed, told)
    matched = {new.key for _, new in pairs if new is not None}
    found += _new_doors(before, after, matched, {old.key for old, new in pairs if new is not None})
    return list(dict.fromkeys(found))[:MOST]


def _pairs(before: Side, after: Side) -> Iterator[tuple[Door, Door | None]]:
    """Each old door and what it is now: by its route, else by its key; None where a default of the whole is gone."""
    by_route = {route: door for door in after.doors.values() for route in door.routes}
    for key, old in before.doors.items():
        new = next((by_route[route] for route in old.routes if route in by_route), after.doors.get(key))
        hook = HOOKS.fullmatch(key.rpartition(".")[2]) and any(one in after.doors for one in old.within)
        if new is not None or key.startswith(WHOLE) or hook:
            yield old, new


def _renamed(before: Side, after: Side) -> dict[str, str]:
    """New names of local guards whose body is the same, with the name they had."""
    old = {body: name for name, body in before.bodies.items() if name not in after.bodies}
    return {name: old[body] for name, body in after.bodies.items() if body in old and name not in before.bodies}


def _named_as_before(of: Formula, renamed: dict[str, str]) -> Formula:
    if not renamed:
        return of
    if isinstance(of, str):
        found = HEAD.match(of)
        return of.replace(found[1], renamed[found[1]], 1) if found and found[1] in renamed else of
    if isinstance(of, tuple):
        return (of[0], *(_named_as_before(one, renamed) for one in of[1:]))  # type: ignore[arg-type]
    return of


def _by(after: Side, new: Door | None, renamed: dict[str, str], old: Door | None = None) -> list[Formula]:
    guards: Sequence[Guard]
    if new is None:
        near = [after.doors[one] for one in (() if old is None else old.within) if one in after.doors]
        whole = [door for door in after.doors.values() if door.key.startswith(WHOLE)]
        guards = [guard for door in near or whole for guard in after.effective(door)]
    else:
        guards = after.effective(new)
    return [_named_as_before(guard.formula, renamed) for guard in guards]


def _moved_inside(old: Door, after: Side, new: Door | None, renamed: dict[str, str]) -> bool:
    """Whether what a class or router asked for is now asked by each thing in it."""
    inside = [one for one in after.doors.values() if new is not None and new.key in one.within and not _private(one)]
    if not inside or not old.guards:
        return False
    return all(implied(guard.formula, _by(after, one, renamed)) for guard in old.guards for one in inside) and not (
        new is not None and set(new.openers) - set(old.openers)
    )


def _private(door: Door) -> bool:
    return door.key.rpartition(".")[2].startswith("_")


def _compared(  # noqa: PLR0913, PLR0917
    before: Side, old: Door, after: Side, new: Door | None, renamed: dict[str, str], told: set[Formula]
) -> Iterator[Weaker]:
    asked, by = before.effective(old), _by(after, new, renamed, old)
    lost = [guard for guard in asked if not implied(guard.formula, by)]
    line = lost[0].line if new is None and lost else old.line if new is None else new.line
    opened = [] if new is None else sorted(set(new.openers) - set(old.openers), key=lambda one: new.openers[one])
    own = [guard for guard in lost if guard in old.guards or guard.formula not in told]
    fresh = {guard.formula: guard for guard in own}
    told |= set(fresh)
    name = old.named if old.named.startswith(("`", "the ")) else f"`{old.named}`"
    was, now = shown(both(guard.formula for guard in asked)), shown(both(by))
    if opened and new is not None:
        line = new.openers[opened[0]]
        now = ", ".join(opened)
    for formula in fresh:
        roles = any("(" in one or one != LOGIN for one in atoms(formula))
        if by and not opened:
            why = f"{name} asks for less than `{shown(formula)}`, or for something else: before `{was}`, after `{now}`"
        else:
            why = f"{name} no longer asks for `{shown(formula)}`: before `{was}`, after `{now}`"
        yield Weaker(line=line, why=why, roles=roles)
    if opened and not fresh and new is not None:
        yield Weaker(line=line, why=f"{name} is opened by `{now}`: before `{was}`", roles=False)
    if new is not None:
        yield from _wider(name, old, new)
        yield from _acts(name, old, new, by)


def _wider(name: str, old: Door, new: Door) -> Iterator[Weaker]:
    """Lists of who is let in that have more in them."""
    if new.allowed is None or (old.allowed is not None and "*" in old.allowed):
        return
    more = sorted(new.allowed - (old.allowed or frozenset()))
    if old.allowed is not None and more:
        added = ", ".join(f"`{one}`" for one in more[:3])
        was = shown(both(sorted(old.allowed)))
        yield Weaker(line=new.line, why=f"{name} lets {added} in as well: before `{was}`", roles=True)


def _acts(name: str, old: Door, new: Door, by: Sequence[Formula]) -> Iterator[Weaker]:
    """Things that were done only for somebody and are now done for more."""
    if not any(strong(act.when) for act in old.acts):
        return
    when_new: dict[str, list[Formula]] = {}
    lines: dict[str, int] = {}
    for act in new.acts:
        when_new.setdefault(act.what, []).append(act.when)
        lines.setdefault(act.what, act.line)
    when_old: dict[str, list[Formula]] = {}
    for act in old.acts:
        when_old.setdefault(act.what, []).append(act.when)
    for what, conditions in when_old.items():
        was = either(conditions)
        if what not in when_new or not strong(was):
            continue
        now = either(when_new[what])
        if not implied(was, [now, *by]):
            short = readable(what, 60)
            why = f"{name} does `{short}` for more than before: before `{shown(was)}`, after `{shown(now)}`"
            yield Weaker(line=lines[what], why=why, roles=True)


def _new_doors(before: Side, after: Side, matched: set[str], kept: set[str]) -> Iterator[Weaker]:
    """New doors: those that say themselves that anybody may pass, and those without what their neighbours ask for."""
    gone = [door for key, door in before.doors.items() if key not in kept and door.routes and before.effective(door)]
    routed = [door for door in after.doors.values() if door.routes]
    asking = {door.key: _asked(after, door) for door in routed}
    for key, door in after.doors.items():
        if key in matched:
            continue
        name = door.named if door.named.startswith(("`", "the ")) else f"`{door.named}`"
        for opener, line in door.openers.items():
            yield Weaker(line=line, why=f"{name} is opened by `{opener}`", roles=False)
        if key == "CORS" and door.allowed:
            said = ", ".join(sorted(door.allowed)[:3])
            yield Weaker(line=door.line, why=f"CORS lets `{said}` in, where nothing was said before", roles=False)
        if not door.routes or asking[key]:
            continue
        others = [asking[other.key] for other in routed if other.key != key]
        guards = [one for one in others if one]
        if guards and len(guards) * 2 >= len(others):
            said = shown(both(guards[0]))
            yield Weaker(
                line=door.line,
                why=f"{name} is new and asks for nothing, where others here ask for `{said}`",
                roles=False,
            )
        elif gone:
            said = shown(both(guard.formula for guard in before.effective(gone[0])))
            why = f"{name} asks for nothing and stands where `{gone[0].named.strip('`')}` asked for `{said}`"
            yield Weaker(line=door.line, why=why, roles=False)


def _asked(side: Side, door: Door) -> list[Formula]:
    """What a door asks for; for a class without guards of its own, what all its doors ask for."""
    own = [guard.formula for guard in side.effective(door)]
    inside = [one for one in side.doors.values() if door.key in one.within and not _private(one)]
    if own or not inside:
        return own
    each = [[guard.formula for guard in side.effective(one)] for one in inside]
    return each[0] if all(each) else []
