"""What control has yet to hear: entries, reports and drill results, in order, until acknowledged.

Rule kept: telling control never stands in the way of acting; a step is durable here first,
and is sent again after a crash. Control recognises what it heard before.
"""

from __future__ import annotations

from magistrate.errors import Refused, Unavailable, Usage
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

    def flush(self) -> bool:
        """Send everything that is unsent; False when control could not be reached or refused.

        Nothing is sent while a credential is held: the executor then talks to the gate only.
        """
        try:
            while unsent := self._book.journal.unsent():
                for sequence, envelope in unsent:
                    self._inbox.send_step(envelope)
                    self._book.journal.mark_sent(sequence)
            for warrant, envelope in self._book.unsent_reports():
                self._inbox.send_report(envelope)
                self._book.report_sent(warrant)
            for sequence, envelope in self._record.unsent():
                self._inbox.send_drill_result(envelope)
                self._record.mark_sent(sequence)
        except Unavailable:
            return False
        except (Refused, Usage) as error:
            self._alarm.raise_alarm(f"control does not accept what the executor wrote: {error.message}")
            return False
        return True
