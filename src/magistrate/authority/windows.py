"""Freeze windows: times in which policy lets nothing be executed, in cron form with a time zone.

Five fields as in crontab(5): minute, hour, day of the month, month, day of the week (0 and 7 are Sunday); each `*`, a
number, a range, a list of these, with a step; names of months and days by their first three letters. Where both days are
restricted, either one opens the window, as cron has it. A window lasts for its minutes from each such time on.

Rule kept (R59): to deny wins. A change is stopped by any window that covers it. Where a change of clocks makes a local time
come twice, or skips it, both readings of PEP 495 open the window. What cannot be read is refused with the policy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from magistrate.authority.stops import Reach
from magistrate.errors import Refused
from magistrate.wire.policy_bundle import FreezeWindow

MAX_MINUTES: Final = 31 * 24 * 60
MAX_WINDOWS: Final = 200
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")
_PART: Final = re.compile(r"(\*|[0-9a-z]{1,3})(?:-([0-9a-z]{1,3}))?(?:/([0-9]{1,2}))?")
_MONTHS: Final = ("", *["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final = (
    ("minute", 0, 59, ()), ("hour", 0, 23, ()), ("day of the month", 1, 31, ()), ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a window opens, by the clock of its zone, and for how long (seconds)."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    zone: ZoneInfo
    lasts: int

    def open_until(self, now: int) -> int | None:
        """When the window that is open at `now` closes, in Unix seconds; None where none is open."""
        day = datetime.fromtimestamp(now, UTC).astimezone(self.zone).date() + timedelta(days=1)
        newest, more = 0, self.lasts // 86_400 + 4
        while more and day > date.min + timedelta(days=2):
            if self._falls_on(day):
                found = max((start for start in self._starts(day) if start <= now), default=0)
                if found > newest:
                    newest, more = found, min(more, 2)
            day, more = day - timedelta(days=1), more - 1
        return newest + self.lasts if newest and now < newest + self.lasts else None

    def _falls_on(self, day: date) -> bool:
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and ((by_month or by_week) if self.either_day else (by_month and by_week))

    def _starts(self, day: date) -> set[int]:
        return {
            int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone, fold=fold).timestamp())
            for hour in self.hours
            for minute in self.minutes
            for fold in (0, 1)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A window that covers a change now, and until when (Unix seconds)."""

    window: FreezeWindow
    until: int


@lru_cache(maxsize=1024)
def read_window(window: FreezeWindow) -> Schedule:
    """Understand a window.

    Raises:
        Refused: MAG-E108 naming the field that cannot be understood, or a zone that is not known here.
    """
    fields = window.cron.lower().split()
    if len(fields) != len(_FIELDS):
        raise Refused("MAG-E108", f"the window `{window.window}`: `{window.cron[:60]}` has not five fields")
    if not 1 <= window.minutes <= MAX_MINUTES:
        raise Refused(
            "MAG-E108", f"the window `{window.window}` lasts {window.minutes} minutes, not 1 to {MAX_MINUTES}"
        )
    values = [_field(window.window, text, *field) for text, field in zip(fields, _FIELDS, strict=True)]
    return Schedule(
        minutes=values[0], hours=values[1], days=values[2], months=values[3],
        weekdays=frozenset(day % 7 for day in values[4]),
        either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
        zone=_zone(window), lasts=window.minutes * 60,
    )  # fmt: skip


def verify_windows(windows: Sequence[FreezeWindow]) -> None:
    """Check that each can be understood and has a name of its own (raises Refused MAG-E108)."""
    names = [window.window for window in windows]
    if len(set(names)) != len(names):
        raise Refused("MAG-E108", "policy names a freeze window twice")
    if len(names) > MAX_WINDOWS:
        raise Refused("MAG-E108", f"policy has {len(names)} freeze windows, more than {MAX_WINDOWS}")
    for window in windows:
        read_window(window)


def open_windows(windows: Sequence[FreezeWindow], now: int) -> tuple[Closed, ...]:
    """The windows that are open at `now` (Unix seconds), whatever they stop, the one that lasts longest first.

    Raises:
        Refused: MAG-E108 for a window that cannot be understood.
    """
    ends = ((window, read_window(window).open_until(now)) for window in windows)
    found = [Closed(window=window, until=until) for window, until in ends if until is not None]
    return tuple(sorted(found, key=lambda one: (-one.until, one.window.window)))


def closed_by(
    windows: Sequence[FreezeWindow], *, repository: str, environment: str, classes: frozenset[str], now: int
) -> tuple[Closed, ...]:
    """Those of the open windows that stop a change (raises as `open_windows`)."""

    def covers(window: FreezeWindow) -> bool:
        pairs = ((window.repositories, {repository}), (window.environments, {environment}), (window.classes, classes))
        return all(not wanted or set(wanted) & actual for wanted, actual in pairs)

    return tuple(one for one in open_windows(windows, now) if covers(one.window))


def verify_no_window(windows: Sequence[FreezeWindow], reach: Reach, now: int) -> None:
    """Check that no window covers this execution now.

    Raises:
        Refused: MAG-E388 naming the window and when it closes.
    """
    closed = closed_by(
        windows, repository=reach.repository, environment=reach.environment,
        classes=frozenset(str(kind) for kind in reach.classes), now=now,
    )  # fmt: skip
    if closed:
        raise Refused("MAG-E388", in_words(closed[0]))


def in_words(closed: Closed) -> str:
    """`the freeze window NAME is open until ...: REASON`, in the time of its zone."""
    until = datetime.fromtimestamp(closed.until, UTC).astimezone(_zone(closed.window))
    window = closed.window
    return (
        f"the freeze window `{window.window}` lasts until {until:%Y-%m-%d %H:%M} {window.zone}: {window.reason[:200]}"
    )


def _zone(window: FreezeWindow) -> ZoneInfo:
    if _ZONE.fullmatch(window.zone) is None:
        raise Refused("MAG-E108", f"the window `{window.window}`: `{window.zone[:60]}` is no time zone")
    try:
        return ZoneInfo(window.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused(
            "MAG-E108", f"the window `{window.window}`: the time zone `{window.zone[:60]}` is not known here",
            hint="give one of the IANA database, such as Europe/Berlin or UTC",
        ) from error  # fmt: skip


def _field(name: str, text: str, what: str, low: int, high: int, words: tuple[str, ...]) -> frozenset[int]:  # noqa: PLR0913, PLR0917  one field of five
    found: set[int] = set()
    for part in text.split(","):
        read = _PART.fullmatch(part)
        if read is None or (read[1] == "*" and read[2]):
            raise _wrong(name, text, what)
        first, last, step = read.groups()
        begin = low if first == "*" else _number(name, first, what, words)
        end = (
            high if first == "*" or (step and not last) else begin if last is None else _number(name, last, what, words)
        )
        end = 7 if words is _DAYS and last == "sun" and begin else end
        stride = int(step or 1)
        if not low <= begin <= end <= high or stride == 0:
            raise _wrong(name, text, what)
        found.update(range(begin, end + 1, stride))
    return frozenset(found)


def _number(name: str, text: str, what: str, words: tuple[str, ...]) -> int:
    if text.isdecimal():
        return int(text)
    if text and text in words:
        return words.index(text)
    raise _wrong(name, text, what)


def _wrong(name: str, text: str, what: str) -> Refused:
    return Refused("MAG-E108", f"the window `{name}`: `{text[:60]}` is no {what} of a cron line")
