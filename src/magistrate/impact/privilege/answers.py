"""What was found for one actor, asked again for the next: most actors of a change reach the same changed holder.

Two things carry over, and both are exact. *No request* of a statement goes past some holders of the other side:
then none goes past these and more. *A request* that was found is one of the next actor too where the independent
evaluator shows it against everything that actor reaches; where it does not, the question is searched as any other.

Proof of the first: the question is "allowed by `mine`, refused by each of `others`", a conjunction; another refusal
asked for can only take requests away. It holds over the same requests only, so the dimensions of the question
that had an answer must have the same kinds of values (several, none, numbers beside texts) in the new one.
Its neighbours are refuted: fewer others may let one through, and so may other others, and other kinds of values.

Rule kept: nothing is remembered of a question that was given up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from magistrate.impact.privilege import replay
from magistrate.impact.privilege.dimensions import Shown
from magistrate.impact.privilege.model import Span, Statement, Where
from magistrate.impact.privilege.narrowing import Held, Shape
from magistrate.impact.privilege.work import Work

Request = Mapping[str, Shown]
Asked = tuple[object, Statement | None]
"""The holder that allows, without the order of its statements, and one statement of it; None for any of them."""


@dataclass(frozen=True, slots=True)
class _None:
    """Nothing goes past these holders, over values of this shape."""

    others: frozenset[object]
    shape: Shape


@dataclass(slots=True)
class Answers:
    """What one comparison of two states has found so far."""

    nothing: dict[Asked, list[_None]] = field(default_factory=dict)
    requests: dict[Asked, list[Request]] = field(default_factory=dict)

    def is_none(self, asked: Asked, others: frozenset[object], shape: Shape) -> bool:
        """Whether it is certain from before that no request does it."""
        return any(one.others <= others and _alike(one.shape, shape) for one in self.nothing.get(asked, ()))

    def again(self, asked: Asked, mine: Held, before: Sequence[Held], work: Work) -> Request | None:
        """A request from before that does it here too; None where the question has to be searched."""
        for found in self.requests.get(asked, ()):
            every = [one for layers in (mine, *before) for layer in layers for one in layer.statements]
            work.spend(len(every))
            request = _whole(found, every)
            if replay.shows([mine], before, request) is not None:
                return request
        return None

    def learn(self, asked: Asked, others: frozenset[object], shape: Shape, request: Request | None) -> None:
        """What a search that came to its end has found."""
        if request is None:
            self.nothing.setdefault(asked, []).append(_None(others, shape))
        elif request not in self.requests.setdefault(asked, []):
            self.requests[asked].append(request)


def _alike(had: Shape, now: Shape) -> bool:
    """Whether every dimension of the earlier question has the same kinds of values in the later one."""
    return (
        had.many == now.many & had.named
        and had.optional == now.optional & had.named
        and had.mixed == now.mixed & had.named
    )


def _whole(request: Request, every: Sequence[Statement]) -> Request:
    """The request with a value, no matter which, for each dimension of which every request has one and that it does not name."""
    missing: dict[str, Where] = {}
    for one in every:
        for where in one.where:
            if where.dimension not in request:
                missing.setdefault(where.dimension, where)
    lacking = {
        name: Shown(0 if where.among and all(isinstance(atom, Span) for atom in where.among) else "x")
        for name, where in missing.items()
        if where.absent is None and where.each is None
    }
    return {**request, **lacking} if lacking else request
