"""Rules of sudo and doas in other files than sudoers: a playbook writes them, an image copies them, a template makes them.

sudoers(5): `WHO HOST = (RUNAS) TAG: COMMAND`. A line counts where it has such a shape, whatever the file is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.sudoers import READER as SUDOERS
from magistrate.impact.privilege.domains.texts import Statements, whole
from magistrate.impact.privilege.model import Reader
from magistrate.impact.screening import places

DOMAIN: Final = "sudoers-text"
KEPT: Final = 4_096
_S: Final = r"[ \t]{0,9}"
_TAG: Final = rf"(?:(?:NO)?(?:PASSWD|SETENV|EXEC|FOLLOW|LOG_INPUT|LOG_OUTPUT|MAIL|INTERCEPT){_S}:{_S})"
_COMMAND: Final = r"(?:ALL\b|!?/[\w.{*]|[A-Z][A-Z_]{2,40}\b|sudoedit\b|\{\{)"
_RUNAS: Final = r"\([\w:%#,{}. *+-]{1,120}\)"
_DEFAULTS: Final = r"(?:authenticate|env_reset|use_pty|requiretty|noexec|targetpw|rootpw|secure_path|env_keep|env_delete|timestamp_timeout)"
RULE: Final = rx(
    rf"(?:\b(?:ALL|[\w.-]{{1,60}})|\}}\}}){_S}={_S}(?:{_RUNAS}{_S}{_TAG}{{0,4}}|{_TAG}{{1,4}}){_COMMAND}"
    rf"|\bALL{_S}={_S}(?:ALL\b|!?/[\w.{{*])"
    r"|\b(?:User|Runas|Host|Cmnd|Cmd)_Alias[ \t]{1,9}[A-Z]"
    rf"|\bDefaults(?:[:@!>]\S{{1,60}})?[ \t]{{1,9}}!?{_DEFAULTS}\b"
    rf"|^[ \t]{{0,40}}(?:permit|deny)[ \t]{{1,9}}(?:nopass|persist|keepenv|setenv|nolog|[:\w.-]{{1,60}}{_S}(?:as|cmd)\b)"
    r"|polkit\.Result\.\w{1,40}",
    re.MULTILINE,
)
_MARKS: Final = ("ALL", "PASSWD", "SETENV", "NOEXEC", "_Alias", "Defaults", "permit", "polkit", "= (", "=(")


@lru_cache(maxsize=KEPT)
def rules_in(text: str) -> tuple[tuple[str, int], ...]:
    """Each line with such a rule and its number, with the lines that continue it."""
    if not any(mark in text for mark in _MARKS):
        return ()
    return tuple(_found(text))


def _found(text: str) -> Iterator[tuple[str, int]]:
    end, line, counted = -1, 1, 0
    for one in places(RULE, text):
        if one.start() < end:
            continue
        start = text.rfind("\n", max(0, end), one.start() + 1) + 1
        end = _line_end(text, one.end())
        line, counted = line + text.count("\n", counted, one.start()), one.start()
        yield whole(text[max(start, 0) : end]), line


def _line_end(text: str, at: int) -> int:
    """Where the line ends, and all that a backslash at its end continues."""
    while (stop := text.find("\n", at)) >= 0:
        if not text[max(0, stop - 2) : stop].rstrip("\r").endswith("\\"):
            return stop
        at = stop + 1
    return len(text)


READER: Final[Reader] = Statements(
    domain=DOMAIN,
    why="a rule of sudo, doas or polkit that may be written to a machine",
    find=rules_in,
    elsewhere=SUDOERS,
)
