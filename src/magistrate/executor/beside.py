"""What an action changes beside its ref: the Protocol that the saga drives, and which one belongs to which effect.

Rule kept (R5, R57, R58, invariant 7): the saga alone decides how an execution ends; what is behind this knows how to compare, to
change under leases of its own, and to say in words what is not as approved. A merge, a release and a deployment change nothing
but their ref.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from magistrate.authority.admission import Admitted
from magistrate.executor.ports import Seen
from magistrate.executor.work import Work
from magistrate.wire.effect import Effect


class Beside(Protocol):
    """Each method raises Unavailable for what may come right: it is tried again."""

    def verify_before(self, admitted: Admitted) -> None:
        """Check that what is to be changed is as it was approved (raises Refused)."""

    def bring(self, work: Work, still: Callable[[], None] | None) -> str:
        """Change it as approved; why not, or empty where it is done.

        `still` raises Refused when somebody said stop; None after a crash, when nothing is changed that is not changed yet.
        """

    def bring_back(self, work: Work) -> str:
        """Have it as it was before; why not, or empty where it is so."""

    def seen(self, work: Work) -> Seen | None:
        """What an independent look at it sees; None where there is nothing to look at."""


class ByEffect:
    """The one that belongs to the effect of a warrant; nothing is beside the others."""

    def __init__(self, each: Mapping[type[Effect], Beside]) -> None:
        self._each = each

    def verify_before(self, admitted: Admitted) -> None:
        """As `Beside.verify_before`."""
        found = self._each.get(type(admitted.effect))
        if found is not None:
            found.verify_before(admitted)

    def bring(self, work: Work, still: Callable[[], None] | None) -> str:
        """As `Beside.bring`."""
        found = self._of(work)
        return "" if found is None else found.bring(work, still)

    def bring_back(self, work: Work) -> str:
        """As `Beside.bring_back`."""
        found = self._of(work)
        return "" if found is None else found.bring_back(work)

    def seen(self, work: Work) -> Seen | None:
        """As `Beside.seen`."""
        found = self._of(work)
        return None if found is None else found.seen(work)

    def _of(self, work: Work) -> Beside | None:
        return self._each.get(type(work.warrant.body.effect))
