"""What control has yet to hear: entries, reports and drill results, in order, until acknowledged.

Rule kept: telling control never stands in the way of acting; a step is durable here first,
and is sent again after a crash. Control recognises what it heard before.
"""

from __future__ import annotations

from collections.abc import Callable

from magistrate.errors import MagistrateError, Unavailable
from magistrate.executor.casebook import Casebook
from magistrate.executor.drill_record import DrillRecord
from magistrate.executor.ports import Alarm, ControlInbox


class Outbox:
    """Sends what was written."""

    def __init__(self, *, book: Casebook, record: DrillRecord, inbox: ControlInbox, alarm: Alarm) -> None:
        self._book = book
        self._record = record
        self._inbox = inbox
        self._alarm = alarm
        self._refused_to = 0

    def flush(self) -> bool:
        """Send everything that is unsent; False when control could not be reached.

        What control refuses is said loudly and tried again after a restart (reports: each time);
        it never holds up what comes after it. Nothing is sent while a credential is held: the
        executor then talks to the gate only.
        """
        try:
            self._send_entries()
            for warrant, envelope in self._book.unsent_reports():
                if self._accepted(lambda e=envelope: self._inbox.send_report(e)):  # type: ignore[misc]
                    self._book.report_sent(warrant)
            for sequence, envelope in self._record.unsent():
                if self._accepted(lambda e=envelope: self._inbox.send_drill_result(e)):  # type: ignore[misc]
                    self._record.mark_sent(sequence)
        except Unavailable:
            return False
        return True

    def _send_entries(self) -> None:
        after = self._refused_to
        while unsent := self._book.journal.unsent(after):
            for sequence, envelope in unsent:
                after = sequence
                if self._accepted(lambda e=envelope: self._inbox.send_step(e)):  # type: ignore[misc]
                    self._book.journal.mark_sent(sequence)
                else:
                    self._refused_to = sequence

    def _accepted(self, send: Callable[[], None]) -> bool:
        try:
            send()
        except Unavailable:
            raise
        except MagistrateError as error:
            self._alarm.raise_alarm(f"control does not accept what the executor wrote: {error.message}")
            return False
        return True
