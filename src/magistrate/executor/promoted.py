"""What this executor knows against a promotion, from its own journal.

Rule kept (R73, invariant 10): trust is lost at once and nobody has to say so. A case that was taken back or
halted in a repository, or another verdict by the same assessor, ends every promotion there that was signed
before it; what landed before by the same hands must be proven low together with the change.
"""

from __future__ import annotations

from collections.abc import Iterable

from magistrate.authority.floor import classes_of
from magistrate.authority.promotion import GivenPromotion, not_low_because
from magistrate.errors import Refused
from magistrate.executor.casebook import Casebook
from magistrate.executor.drill_record import DrillRecord
from magistrate.wire.assessment import Verdict
from magistrate.wire.times import rfc3339


def verify_no_setback(
    promotions: Iterable[GivenPromotion], repository: str, book: Casebook, record: DrillRecord
) -> None:
    """Check that nothing went wrong in the repository since the promotions were signed.

    Raises:
        Refused: MAG-E129 naming what did, and when.
    """
    for promotion in promotions:
        setbacks = book.setbacks(repository)
        lost = max((record.demoted_at(repository), *setbacks))
        if lost >= promotion.issued:
            what = "a case there was taken back or halted" if lost in setbacks else "readiness was lost there"
            raise Refused(
                "MAG-E129", f"`{promotion.change_class}` was promoted before {what} at {rfc3339(lost)}",
                hint="find out why, then promote it again: two persons sign",
            )  # fmt: skip


def verify_low_together(promotions: Iterable[GivenPromotion], verdicts: Iterable[Verdict]) -> None:
    """Check that what all of it comes to is proven low as well, and of promoted classes (R32).

    Raises:
        Refused: MAG-E129 otherwise.
    """
    covered = {one.change_class for one in promotions}
    for verdict in verdicts:
        why = next(not_low_because(verdict), "")
        beyond = sorted(classes_of(verdict) - covered)
        if why or beyond:
            raise Refused("MAG-E129", f"together with what landed before: {why or f'`{beyond[0]}` is not promoted'}")
