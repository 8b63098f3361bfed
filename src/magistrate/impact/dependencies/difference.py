"""What comes, goes and moves between two lists of pins, in plain words, each at its line.

Rule kept: a finding is `hard` where no single reader should wave it through: then the file gets no
class and asks for two people. What is not in the bytes (age, provenance, who maintains) is never
called fine; it is an open question of every proof, unless facts of the registry came with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.impact.dependencies.lookalikes import lookalike
from magistrate.impact.dependencies.pins import REGISTRY, Listing, Pinned
from magistrate.impact.dependencies.versions import odd_step, open_range, order, range_moves

MAX_NEW: Final = 100
MAX_PAIRS: Final = 500_000
MAX_VERSIONS: Final = 500
"""New packages, pairs of names and places of one package that are judged one by one."""
OPEN_QUESTIONS: Final = "release age, provenance and maintainers were not looked at: they are not in the bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a pin says, on the new side unless it is gone."""

    pin: Pinned
    why: str
    hard: bool = False
    gone: bool = False


def compare(old: Listing, new: Listing) -> tuple[Finding, ...]:
    """Every difference of the pins, by the order of the new side; what is gone comes last."""
    before, after = _by_name(old), _by_name(new)
    fresh = [pins for key, pins in after.items() if key not in before]
    crowd = max(map(len, (*before.values(), *after.values())), default=0)
    if len(fresh) > MAX_NEW or len(fresh) * len(after) > MAX_PAIRS or crowd > MAX_VERSIONS:
        why = f"{len(fresh)} new packages, or {crowd} places of one: more than can be judged one by one"
        return (Finding(pin=next(iter(new.pins or old.pins)), why=why, hard=True),)
    found: list[Finding] = []
    for key, pins in after.items():
        known = before.get(key)
        found += _moved(known, pins, lock=new.lock) if known else _added(pins, old, new)
    for key, pins in before.items():
        if key not in after:
            found += [Finding(pin=pin, why=f"{pin.name} {_at(pin)}is removed{_where(pin)}", gone=True) for pin in pins]
    found += [*_other_name(old, new), *_two_checksums(new), *_unasked(old, new)]
    return tuple({(one.why, one.hard): one for one in reversed(found)}.values())[::-1]


def _by_name(side: Listing) -> dict[tuple[str, str, str], list[Pinned]]:
    """Manifests by section and name, so that a move between sections is seen; locks by name."""
    found: dict[tuple[str, str, str], list[Pinned]] = {}
    for pin in side.pins:
        found.setdefault((pin.ecosystem, "" if side.lock else pin.place, pin.name), []).append(pin)
    return found


def _at(pin: Pinned) -> str:
    return f"{pin.version} " if pin.version else ""


def _where(pin: Pinned) -> str:
    """Where it comes from and how it is held, as a reader wants to know it."""
    source = pin.origin.removeprefix(REGISTRY).strip()
    said = f", from {source}" if source else ""
    said += ", hash given" if pin.hashes else ", no hash"
    said += ", for development" if pin.dev else ""
    return said + (", asked for by another package" if pin.direct is False else "")


def _added(pins: Sequence[Pinned], old: Listing, new: Listing) -> Iterator[Finding]:
    for pin in pins:
        kind = "new transitive package" if pin.direct is False else "new package"
        yield Finding(pin=pin, why=f"{kind} {pin.name} {_at(pin)}{_where(pin).removeprefix(', ')}")
        if new.in_place:
            yield Finding(pin=pin, why=f"{pin.name} takes the place of something else", hard=True)
        if pin.scripts:
            why = f"{pin.name} is new and {pin.scripts}: a new install script"
            yield Finding(pin=pin, why=why, hard=True)
        if not _usual(pin, old.pins):
            why = f"{pin.name} comes from {pin.origin}, from where nothing in this file came before"
            yield Finding(pin=pin, why=why, hard=True)
        if new.several_indexes:
            why = f"{pin.name} is new and the file names more than one index: any of them may answer for the name"
            yield Finding(pin=pin, why=why, hard=True)
        other = lookalike(pin.name, _others(pin, (*old.pins, *new.pins)), pin.ecosystem)
        if other is not None:
            yield Finding(pin=pin, why=f"{pin.name} is easily taken for {other}", hard=True)
        yield from _loose(pin)
        yield from _hashless(pin, old.pins)


def _others(pin: Pinned, pins: Iterable[Pinned]) -> set[str]:
    return {one.name for one in pins if one.ecosystem == pin.ecosystem}


def _usual(pin: Pinned, before: Sequence[Pinned]) -> bool:
    """Whether a source is the usual one, or one that the file already took packages of a registry from."""
    if not pin.origin.startswith(REGISTRY):
        return False
    known = {one.origin for one in before if one.ecosystem == pin.ecosystem}
    return pin.origin in known or (not known and pin.origin in {REGISTRY, *USUAL})


SAME_BYTES: Final = "go.mod"
"""A go.mod file may well be the same in two versions of a module."""
USUAL: Final = frozenset({"registry pypi.org", "registry registry.npmjs.org", "registry crates.io"})


def _loose(pin: Pinned) -> Iterator[Finding]:
    if pin.movable:
        yield Finding(pin=pin, why=f"{pin.name} {_at(pin)}{pin.movable}", hard=pin.ecosystem == "actions")
    if not pin.exact and not pin.hashes and pin.ecosystem not in {"actions", "docker"} and open_range(pin.version):
        why = f"{pin.name} is not pinned: `{pin.version[:60]}` lets in any version, or cannot be read as a range"
        yield Finding(pin=pin, why=why, hard=True)


def _hashless(pin: Pinned, before: Sequence[Pinned]) -> Iterator[Finding]:
    others = [one for one in before if one.ecosystem == pin.ecosystem and one.exact == pin.exact]
    if not pin.hashes and any(one.hashes for one in others):
        yield Finding(pin=pin, why=f"{pin.name} has no hash, and other packages here have one", hard=True)


def _moved(old: Sequence[Pinned], new: Sequence[Pinned], *, lock: bool) -> Iterator[Finding]:
    """The same name on both sides: what stays has to stay whole, what goes is paired with what comes."""
    stays = {pin.version for pin in old} & {pin.version for pin in new}
    for version in sorted(stays):
        yield from _stayed([p for p in old if p.version == version], [p for p in new if p.version == version])
    gone = sorted({p.version: p for p in old if p.version not in stays}.values(), key=_ordering)
    come = sorted({p.version: p for p in new if p.version not in stays}.values(), key=_ordering)
    for number, pin in enumerate(come):
        other = gone[number] if number < len(gone) else None
        yield from _beside(pin, old) if other is None else _changed(other, pin, lock=lock)
    for pin in gone[len(come) :]:
        yield Finding(pin=pin, why=f"{pin.name} {pin.version}, one of its versions here, is removed", gone=True)
    if lock:
        yield from _lower(old, new)


def _ordering(pin: Pinned) -> tuple[tuple[int, ...], str]:
    numbers = "".join(char if char.isdigit() else " " for char in pin.version).split()
    return tuple(int(one[:18]) for one in numbers), pin.version


def _stayed(old: Sequence[Pinned], new: Sequence[Pinned]) -> Iterator[Finding]:
    a, b = old[0], new[0]
    if {p.hashes for p in old} != {p.hashes for p in new}:
        why = f"the hash of {b.name} {_at(b)}changes and its version does not: other bytes under the same name"
        yield Finding(pin=b, why=why, hard=True)
    if {p.origin for p in old} != {p.origin for p in new}:
        yield Finding(pin=b, why=f"{b.name} {_at(b)}now comes from {b.origin}, before from {a.origin}", hard=True)
    if {p.terms for p in old} != {p.terms for p in new}:
        why = f"what is said of {b.name} {_at(b)}changes and its version does not"
        yield Finding(pin=b, why=why, hard=True)
    if {p.scripts for p in old} != {p.scripts for p in new}:
        yield Finding(pin=b, why=f"{b.name} {_at(b)}{b.scripts or 'runs nothing'}: this was said otherwise", hard=True)
    if {p.movable for p in old} != {p.movable for p in new}:
        yield Finding(pin=b, why=f"{b.name} {_at(b)}{b.movable or 'is no longer movable'}", hard=True)
    places = {(p.place, p.dev, p.direct) for p in old}, {(p.place, p.dev, p.direct) for p in new}
    if places[0] != places[1]:
        yield Finding(pin=b, why=f"{b.name} {_at(b)}stands at another place or serves another purpose than before")
    if {p.needs for p in old} != {p.needs for p in new}:
        yield from _other_needs(a, b)


def _other_needs(old: Pinned, new: Pinned) -> Iterator[Finding]:
    """What a package of the same version asks for may only move upwards."""
    yield Finding(pin=new, why=f"{new.name} {_at(new)}asks for other packages here than before")
    before: dict[str, list[str]] = {}
    for one in old.needs:
        name, _, version = one.partition(" ")
        before.setdefault(name, []).extend([version] if version else [])
    for one in new.needs:
        name, _, version = one.partition(" ")
        had = before.get(name, [])
        if version and version not in had and any(order(was, version) in {-1, None} for was in had):
            why = f"{new.name} {_at(new)}asks for {name} {version}, before {', '.join(had)}"
            yield Finding(pin=new, why=why, hard=True)


def _changed(old: Pinned, new: Pinned, *, lock: bool) -> Iterator[Finding]:
    way, how = (order(old.version, new.version), "") if old.exact and new.exact else _range(old, new)
    words = f"{new.name} {old.version} -> {new.version}{_where(new)}"
    if way is None or way < 0:
        verb = "a downgrade" if way == -1 and not how else how or "nobody can say which is later"
        yield Finding(pin=new, why=f"{words}: {verb}", hard=True)
    else:
        yield Finding(pin=new, why=words + (f", {how}" if how else "") + (f"; it {new.scripts}" if new.scripts else ""))
    if old.hashes and set(old.hashes) & set(new.hashes) and not _may_be_same(new):
        why = f"the version of {new.name} changes and a hash of it does not: the bytes of the old version stay allowed"
        yield Finding(pin=new, why=why, hard=True)
    if not _kinds(old) <= _kinds(new):
        yield Finding(pin=new, why=f"{new.name} loses its hash, or the strongest of them", hard=True)
    if old.origin != new.origin:
        yield Finding(pin=new, why=f"{new.name} now comes from {new.origin}, before from {old.origin}", hard=True)
    if new.scripts and not old.scripts:
        yield Finding(
            pin=new, why=f"{new.name} {new.scripts}, which it did not before: a new install script", hard=True
        )
    if not lock and old.terms != new.terms:
        yield Finding(pin=new, why=f"{new.name} is asked for on other terms than before", hard=True)
    odd = odd_step(old.version, new.version, new.ecosystem)
    if odd is not None:
        yield Finding(pin=new, why=f"{new.name} {new.version} {odd}", hard=True)
    yield from _loose(new)


def _may_be_same(pin: Pinned) -> bool:
    return pin.ecosystem == "go" and pin.place == SAME_BYTES


def _kinds(pin: Pinned) -> set[str]:
    """Kinds of hashes, by the word before them, or by their length."""
    return {re.split(r"[-:]", one)[0] if re.match(r"\w+[-:]", one) else str(len(one)) for one in pin.hashes}


def _range(old: Pinned, new: Pinned) -> tuple[int | None, str]:
    if old.exact and not new.exact:
        return -1, "the exact version becomes a range"
    way, how = range_moves(old.version, f"=={new.version}" if new.exact else new.version)
    return (way, "") if how == "the range goes up" else (way, how)


def _beside(pin: Pinned, old: Sequence[Pinned]) -> Iterator[Finding]:
    """A further version of a package that is already there."""
    yield Finding(pin=pin, why=f"another version of {pin.name} comes in: {pin.version}{_where(pin)}")
    if all(order(one.version, pin.version) in {-1, None} for one in old):
        why = f"{pin.name} {pin.version} is earlier than every version that was here"
        yield Finding(pin=pin, why=why, hard=True)
    if pin.scripts and not all(one.scripts for one in old):
        yield Finding(
            pin=pin, why=f"{pin.name} {pin.scripts}, which it did not before: a new install script", hard=True
        )
    if pin.origin not in {one.origin for one in old}:
        yield Finding(pin=pin, why=f"{pin.name} now comes from {pin.origin} too", hard=True)
    yield from _hashless(pin, old)


def _lower(old: Sequence[Pinned], new: Sequence[Pinned]) -> Iterator[Finding]:
    """A place, or all places together, whose version falls although no pair of versions does."""
    places = {pin.place: pin for pin in old}
    highest = max(old, key=_ordering)
    had = {one.version for one in old}
    for pin in new:
        was = places.get(pin.place)
        if was is None and pin.place and pin.version in had and pin.version != highest.version:
            why = f"{pin.name} {pin.version} is taken at a further place, and there is a later one"
            yield Finding(pin=pin, why=why, hard=True)
        if len(places) == len(old) and was is not None and order(was.version, pin.version) in {-1, None}:
            why = f"{pin.name} {was.version} -> {pin.version} at its place: a downgrade"
            yield Finding(pin=pin, why=why, hard=True)
    if all(order(highest.version, pin.version) in {-1, None} for pin in new):
        why = f"{new[0].name} falls: {highest.version} goes and nothing as late stays"
        yield Finding(pin=new[0], why=why, hard=True)


def _other_name(old: Listing, new: Listing) -> Iterator[Finding]:
    """The bytes of one package under the name of another; two versions of go.mod files may well be the same."""
    owners = {one: pin.name for pin in old.pins for one in pin.hashes}
    for pin in new.pins:
        other = next((owners[one] for one in pin.hashes if owners.get(one, pin.name) != pin.name), None)
        if other is not None and not _may_be_same(pin) and pin.ecosystem not in {"docker", "actions"}:
            yield Finding(pin=pin, why=f"{pin.name} {_at(pin)}has the hash that {other} had", hard=True)


def _two_checksums(side: Listing) -> Iterator[Finding]:
    seen: dict[tuple[str, str, str, str], Pinned] = {}
    for pin in side.pins:
        if pin.exact and pin.hashes and pin.ecosystem not in {"docker", "actions"}:
            other = seen.setdefault((pin.ecosystem, "" if side.lock else pin.place, pin.name, pin.version), pin)
            if other.hashes != pin.hashes:
                yield Finding(pin=pin, why=f"{pin.name} {pin.version} has two different hashes in one file", hard=True)


def _unasked(old: Listing, new: Listing) -> Iterator[Finding]:
    """What comes into a lock has to be asked for by something in it."""
    if new.asked is None:
        return
    had = {(pin.ecosystem, pin.name) for pin in old.pins}
    wanted = {name.split(" ")[0] for pin in new.pins for name in pin.needs} | set(new.asked)
    for pin in new.pins:
        if pin.exact and (pin.ecosystem, pin.name) not in had and pin.name not in wanted:
            yield Finding(pin=pin, why=f"nothing in this lock asks for {pin.name}", hard=True)
