"""What a change comes to together with what the same hands changed in other repositories that are linked to it (R34).

Each linked repository is judged by itself, on its own tree and under its own paths, and what acts across a link is said
in words: both ends of a reference changed, or what a privileged or production consumer uses.

Rule kept (invariant 4): this only adds. A link is found in what stands now and in every side of every change that
counts; what cannot be read or is too much to look at is a link, and asks for two people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from magistrate.authority.across import LinkedVerdict
from magistrate.domain.case import Companion
from magistrate.domain.impact import LOW, FileChange
from magistrate.domain.links import LINKING, Ends, Link, LinkKind, Reference, acts, links_between
from magistrate.errors import Unavailable
from magistrate.ports import GitReader
from magistrate.usecases.assess import Assessor, case_of
from magistrate.usecases.base_texts import REGULAR, context_of
from magistrate.usecases.composition import (
    WHOLE,
    Doubt,
    Part,
    contents_of,
    doubted,
    net_of,
    verdict_of,
    within_bounds,
    woken_here,
)
from magistrate.usecases.settled import WAKES
from magistrate.wire.assessment import Verdict
from magistrate.wire.effect import GitEffect
from magistrate.wire.policy_bundle import RepositoryPolicy

MAX_FILE: Final = 1_000_000
MAX_TEXT: Final = 16_000_000
MAX_SIDES: Final = 20
TOO_MANY_SIDES: Final = "the same hands change {} other repositories, too many to be looked at"
UNREAD: Final = "what `{}` is linked with cannot be read: {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One repository and ref: the tree that stands there now, and what the same hands did, landed parts first.

    `settled` names those whose parts two people agreed to as a whole, `members` the others.
    """

    repository: str
    ref: str
    git: GitReader
    tree: str
    parts: tuple[Part, ...]
    members: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    settled: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """Every file of every part."""
        return tuple(change for part in self.parts for change in part.changes)

    @property
    def fresh(self) -> Side:
        """The side without what two people agreed to as a whole."""
        return replace(self, parts=tuple(part for part in self.parts if not part.settled), settled=())

    @property
    def agreed(self) -> Side:
        """The side with nothing else."""
        return replace(self, parts=tuple(part for part in self.parts if part.settled), members=(), doubts=())


@dataclass(kw_only=True)
class _Whole:
    """What one side comes to: its verdicts, and which of its files no proof shows to be harmless."""

    verdicts: list[Verdict] = field(default_factory=list)

    def touched(self) -> frozenset[str]:
        """Files that count as changed."""
        return frozenset(one.path for verdict in self.verdicts for one in verdict.files if one.change_class not in LOW)


def judged_across(
    assessor: Assessor,
    mine: Side,
    others: Sequence[Side],
    own: Sequence[Verdict],
    places: Mapping[str, RepositoryPolicy],
) -> tuple[LinkedVerdict, ...]:
    """The verdicts on every side that is linked with mine, over any number of sides between; empty where none is.

    `own` are the verdicts on my side. Of more than MAX_SIDES the rest is one doubt; of those where all is settled the rest
    is not looked at.

    Raises:
        Unavailable: the assessor cannot judge.
    """
    fresh = [side for side in others if side.fresh.parts or side.doubts]
    found = _fresh_across(assessor, mine.fresh, [side.fresh for side in fresh], own, places)
    if not any(side.agreed.parts for side in (mine, *others)):
        return found
    every = [*fresh, *(side for side in others if side not in fresh)]
    return (*found, *_woken_across(assessor, mine, every[:MAX_SIDES], own, places))


def _fresh_across(
    assessor: Assessor,
    mine: Side,
    others: Sequence[Side],
    own: Sequence[Verdict],
    places: Mapping[str, RepositoryPolicy],
) -> tuple[LinkedVerdict, ...]:
    """The same without what is settled."""
    sides, dropped = list(others[:MAX_SIDES]), others[MAX_SIDES:]
    ends = {_key(side): _ends(assessor, side) for side in (mine, *sides)}
    links = _all_links((mine, *sides), ends, places)
    reached = _reached(mine, links)
    linked = [side for side in sides if _key(side) in reached]
    wholes = {_key(side): _judged(assessor, side) for side in linked} | {_key(mine): _Whole(verdicts=list(own))}
    found: list[LinkedVerdict] = []
    for side in linked:
        crossing = _crossing(side, links, (wholes, wholes), ends, places)
        found += _results(side, wholes[_key(side)], crossing, links, own)
    if dropped:
        unseen = [Doubt(path=WHOLE, why=TOO_MANY_SIDES.format(len(others)))]
        members = tuple(name for side in dropped for name in side.members)
        verdict = doubted(own[-1], unseen)
        found.append(
            LinkedVerdict(repository=mine.repository, members=members, verdict=verdict, why="more than can be read")
        )
    return tuple(found)


def _woken_across(
    assessor: Assessor,
    mine: Side,
    others: Sequence[Side],
    own: Sequence[Verdict],
    places: Mapping[str, RepositoryPolicy],
) -> Iterable[LinkedVerdict]:
    """What is settled, where it counts again: what is not lies at the other end of a link, or wakes it at its own."""
    ends = {_key(side): _ends(assessor, side) for side in (mine, *others)}
    links = _all_links((mine, *others), ends, places)
    reached = _reached(mine, links)
    linked = [side for side in others if _key(side) in reached]
    fresh = {_key(side): _judged(assessor, side.fresh) for side in linked} | {_key(mine): _Whole(verdicts=list(own))}
    stands = {
        _key(side): _Whole(verdicts=[*fresh[_key(side)].verdicts, *_judged(assessor, side.agreed).verdicts])
        for side in (mine, *linked)
    }
    for side in linked:
        known = _crossing(side, links, (fresh, fresh), ends, places)
        crossing = [one for one in _crossing(side, links, (fresh, stands), ends, places) if one not in known]
        woken = list(woken_here(assessor, side.git, side.tree, (), side.parts))
        if crossing:
            said = [replace(one, why=f"{WAKES}{one.why}"[:900]) for one in crossing]
            woken.append(doubted((stands[_key(side)].verdicts or list(own))[-1], said))
        members = *side.members, *side.settled
        made = _results(side, _Whole(verdicts=woken), (), links, own) if woken else ()
        yield from (replace(one, members=members) for one in made)


def by_place(companions: Sequence[Companion]) -> list[tuple[Companion, ...]]:
    """Companions of one repository and ref together, in their order."""
    found: dict[tuple[str, str], list[Companion]] = {}
    for one in companions:
        found.setdefault((one.repository, one.ref), []).append(one)
    return [tuple(group) for group in found.values()]


def place_of(
    places: Iterable[RepositoryPolicy], own: RepositoryPolicy, effect: GitEffect, repository: str = ""
) -> dict[str, object]:
    """What the judge's `decide` mode is told of the place: `own` of the change itself, or of a repository linked with it.

    A linked repository that policy does not name is production.
    """
    found = {one.repository: one for one in places}
    if not repository or repository == effect.repository:
        return {"repository": effect.repository, "environment": effect.environment, "production": own.production}
    place = found.get(repository)
    return {
        "repository": repository,
        "environment": effect.environment if place is None else place.environment,
        "production": place is None or place.production,
    }


def _key(side: Side) -> tuple[str, str]:
    return side.repository, side.ref


def _ends(assessor: Assessor, side: Side) -> Ends:
    """What stands now and what every side of every change says, together; read behind the walls."""
    try:
        texts = [_texts(side.git, side.tree)]
    except ValueError as error:
        return Ends(unclear=UNREAD.format(side.repository, error)[:900])
    for change in side.changes:
        if _read_for_links(change.path):
            texts += [
                {change.path: held.decode("utf-8", "replace")}
                for held in (change.before, change.after)
                if held is not None
            ]
    said = assessor.ask({"v": 1, "mode": "links", "texts": texts})
    try:
        answer = msgspec.convert(said, _Ends, strict=True)
    except msgspec.ValidationError as error:
        raise Unavailable("MAG-E253", f"what is linked came in another shape: {error}") from error
    return Ends(
        references=frozenset(Reference(kind=kind, name=name, path=path) for kind, name, path in answer.references),
        declared=frozenset(answer.declared),
        privileged=frozenset(answer.privileged),
        unclear=UNREAD.format(side.repository, answer.unclear)[:900] if answer.unclear else "",
    )


class _Ends(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The judge's answer in mode `links`."""

    references: tuple[tuple[LinkKind, str, str], ...]
    declared: tuple[tuple[str, LinkKind, str], ...]
    privileged: tuple[str, ...]
    unclear: str


def _texts(git: GitReader, tree: str) -> dict[str, str]:
    entries = [one for one in git.list_tree(tree) if one.mode in REGULAR and _read_for_links(one.path)]
    if any(not 0 <= one.size <= MAX_FILE for one in entries) or sum(one.size for one in entries) > MAX_TEXT:
        raise ValueError("the files that may name others are too large")
    blobs = git.read_blobs([one.object_id for one in entries])
    return {one.path: blobs[one.object_id].decode("utf-8", "replace") for one in entries}


def _read_for_links(path: str) -> bool:
    return LINKING.search(path) is not None


def _links(
    one: Side, other: Side, ends: Mapping[tuple[str, str], Ends], places: Mapping[str, RepositoryPolicy]
) -> Iterable[Link]:
    """Every link between two sides; two refs of one repository, and the same content for two environments, are links."""
    names = one.repository, other.repository
    if names[0] == names[1]:
        refs = f"{one.ref}, {other.ref}"[:150]
        yield Link(kind=LinkKind.ENVIRONMENT, name=refs, user=names[0], source=names[1])
        return
    yield from links_between(names[0], ends[_key(one)], names[1], ends[_key(other)])
    if _environment(one, places) != _environment(other, places):
        for path, _ in sorted(_written(one) & _written(other)):
            yield Link(kind=LinkKind.ENVIRONMENT, name=f"the same {path}", user=names[0], source=names[1])


def _all_links(
    sides: Sequence[Side], ends: Mapping[tuple[str, str], Ends], places: Mapping[str, RepositoryPolicy]
) -> list[tuple[Side, Side, Link]]:
    return [
        (one, other, link)
        for at, one in enumerate(sides)
        for other in sides[at + 1 :]
        for link in _links(one, other, ends, places)
    ]


def _environment(side: Side, places: Mapping[str, RepositoryPolicy]) -> tuple[str, bool]:
    place = places.get(side.repository)
    return (f"of {side.repository}", True) if place is None else (place.environment, place.production)


def _written(side: Side) -> frozenset[tuple[str, bytes]]:
    return frozenset((one.path, one.after) for one in side.changes if one.after)


def _reached(mine: Side, links: Sequence[tuple[Side, Side, Link]]) -> set[tuple[str, str]]:
    reached = {_key(mine)}
    while True:
        more = {_key(s) for one, other, _ in links for s in (one, other) if {_key(one), _key(other)} & reached}
        if more <= reached:
            return reached
        reached |= more


def _judged(assessor: Assessor, side: Side) -> _Whole:
    """What is in flight on a side, and all of it, each as one change; doubts are in the verdict."""
    parts, dropped = within_bounds(side.parts)
    doubts = list(side.doubts) + ([Doubt(path=WHOLE, why=f"{dropped} changes are too much")] if dropped else [])
    current = contents_of(side.git, side.tree, {change.path for part in parts for change in part.changes})
    made = _Whole()
    asked: list[tuple[FileChange, ...]] = []
    for chosen in ([part for part in parts if not part.landed], list(parts)):
        net, torn = net_of((), chosen, lambda path: current.get(path, (None, None)))
        unclear = [
            *doubts,
            *(Doubt(path=path, why=f"`{side.repository}`: nobody can say what both come to") for path in torn),
        ]
        if not net and unclear:
            net = tuple(chosen[-1].changes) if chosen else ()
        if not net or net in asked:
            continue
        asked.append(net)
        case = {**case_of(net, "chain"), "context": context_of(side.git, side.tree)}
        made.verdicts.append(doubted(verdict_of(assessor.of_case(case).verdict), unclear))
    return made


def _crossing(
    side: Side,
    links: Sequence[tuple[Side, Side, Link]],
    wholes: tuple[Mapping[tuple[str, str], _Whole], Mapping[tuple[str, str], _Whole]],
    ends: Mapping[tuple[str, str], Ends],
    places: Mapping[str, RepositoryPolicy],
) -> list[Doubt]:
    """What acts across the links of a side, in words; a change that proofs show to be harmless acts on nobody.

    `wholes` are what the sides come to, one for either end of a link; which is for which end is tried both ways.
    """
    found: list[Doubt] = []
    for one, other, link in links:
        if side not in (one, other):
            continue
        user, source = (one, other) if one.repository == link.user else (other, one)
        both, production = (ends[_key(user)], ends[_key(source)]), _environment(user, places)[1]
        for at_source, at_user in (wholes, wholes[::-1]):
            used, using = at_source[_key(source)].touched(), at_user[_key(user)].touched()
            why = acts(link, used, using, both, production=production)
            if why:
                found.append(Doubt(path=WHOLE, why=f"{link.words}: {why}"[:900]))
    return list(dict.fromkeys(found))[:MAX_SIDES]


def _results(
    side: Side,
    whole: _Whole,
    crossing: Sequence[Doubt],
    links: Sequence[tuple[Side, Side, Link]],
    own: Sequence[Verdict],
) -> list[LinkedVerdict]:
    """A side whose changes come to nothing is ruled as mine is, with what is in doubt about it."""
    through = "; ".join(dict.fromkeys(link.words for one, other, link in links if side in (one, other)))
    made = whole.verdicts or [doubted(own[-1], side.doubts)]
    return [
        LinkedVerdict(
            repository=side.repository, members=side.members, verdict=doubted(one, crossing), why=through[:900]
        )
        for one in made
    ]
