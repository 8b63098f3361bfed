"""Times in documents: RFC 3339 UTC with whole seconds, `2026-11-25T03:26:10Z`.

Fixed width, so that they compare as text. Conversion is arithmetic only; the clock is
passed in by the caller as Unix seconds.
"""

from __future__ import annotations

import re
from calendar import timegm
from typing import Final

from magistrate.errors import Usage

_SHAPE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z\Z", re.ASCII)
_DAY: Final = 86_400
_FIRST_YEAR, _MONTHS, _MARCH = 1970, 12, 3  # the civil year counts from March


def rfc3339(seconds: int) -> str:
    """Write Unix seconds as RFC 3339 UTC (years 1970 to 9999)."""
    days, rest = divmod(seconds, _DAY)
    year, month, day = _civil(days)
    return f"{year:04}-{month:02}-{day:02}T{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}Z"


def unix_seconds(text: str) -> int:
    """Read an RFC 3339 time as Unix seconds.

    Raises:
        Usage: MAG-E108 when it has another form or names no real moment.
    """
    match = _SHAPE.match(text)
    if match is not None:
        year, month, day, hour, minute, second = (int(part) for part in match.groups())
        if year >= _FIRST_YEAR and 1 <= month <= _MONTHS and day >= 1:
            seconds = timegm((year, month, 1, hour, minute, second)) + (day - 1) * _DAY
            if rfc3339(seconds) == text:
                return seconds
    raise Usage("MAG-E108", f"`{text[:40]}` is not a time", hint="write it as 2026-11-25T03:26:10Z")


def _civil(days: int) -> tuple[int, int, int]:
    """Days since 1970-01-01 to year, month, day (Hinnant's algorithm)."""
    shifted = days + 719_468
    era, day_of_era = divmod(shifted, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = (shifted_month + _MARCH - 1) % _MONTHS + 1
    return year_of_era + era * 400 + (1 if month < _MARCH else 0), month, day
