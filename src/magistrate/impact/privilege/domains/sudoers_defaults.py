"""`Defaults` of sudoers as rights of whoever may use sudo: what they let through, not what they are called.

Rule kept: a default that protects is a right while it is off; one that is not known is handed back as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.sudoers_text import Sudoers, split
from magistrate.impact.privilege.model import Place, Statement, Where, spans
from magistrate.impact.privilege.patterns import glob, literal

_LINE: Final = rx(
    r"Defaults\s*(?P<scope>[@:>!]\s*(?:\"[^\"]*\"|\\.|[^\s\"\\])+(?:\s*,\s*\S+)*)?\s+(?P<rest>\S.*)", re.DOTALL
)
_PART: Final = rx(r"\s*(?P<off>!*)\s*(?P<name>[a-z_0-9]+)\s*(?:(?P<how>\+=|-=|=)\s*(?P<value>.*?))?\s*", re.DOTALL)
COSMETIC: Final = frozenset(
    {"insults", "lecture", "lecture_file", "lecture_status_dir", "badpass_message", "passprompt", "pwfeedback", "mailto",
     "mailsub", "mailfrom", "authfail_message", "badpass", "passprompt_override", "path_info", "fqdn", "mail_badpass",
     "mail_no_user", "mail_always", "mail_no_host", "mail_no_perms", "mail_all_cmnds", "long_otp_prompt"}
)  # fmt: skip
PROTECTING: Final = {
    "env_reset": ("keep the whole environment", True),
    "authenticate": ("go without a password", True),
    "requiretty": ("go without a terminal", False),
    "use_pty": ("share the terminal with the command", False),
    "noexec": ("start further programs", False),
    "ignore_dot": ("take programs from the working folder", False),
    "always_set_home": ("keep HOME", False),
    "set_home": ("keep HOME for a shell", False),
    "tty_tickets": ("use a ticket of another terminal", True),
    "log_output": ("leave no record of the output", False),
    "log_input": ("leave no record of the input", False),
}
"""Defaults that protect, with what goes while they are off, and whether they are on where nothing is said."""
OPENING: Final = {
    "setenv": "set the environment",
    "visiblepw": "show the password",
    "rootpw": "use the password of root",
    "targetpw": "use the password of the target",
    "runaspw": "use the password of the runas user",
    "env_editor": "choose the editor by the environment",
    "runas_allow_unknown_id": "run as an id that is unknown",
    "sudoedit_follow": "edit through links",
    "shell_noargs": "start a shell by no arguments",
    "fast_glob": "have patterns matched loosely",
    "preserve_groups": "keep own groups",
    "stay_setuid": "keep the real user id",
}
"""Defaults that let something through while they are on; off where nothing is said."""
_KEPT: Final = {"env_keep": "keep", "env_check": "keep if harmless"}


def rights_of_defaults(state: Sudoers, extra: tuple[Where, ...]) -> tuple[list[Statement], list[tuple[str, Place]]]:
    """The rights that the defaults leave, and the lines that are not understood; nothing where no line is there."""
    unread: list[tuple[str, Place]] = []
    settings: dict[str, dict[str, tuple[str, Place]]] = {}
    for line, place in state.defaults:
        found = _LINE.fullmatch(line)
        parts = [] if found is None else [_PART.fullmatch(part) for part in split(found.group("rest"), ",")]
        if found is None or not all(parts):
            unread.append((" ".join(line.split()), place))
            continue
        scope = "".join((found.group("scope") or "").split())
        for part in parts:
            assert part is not None  # noqa: S101 - all of them were found
            if not _set(settings.setdefault(scope, {}), part, place):
                unread.append((" ".join(line.split()), place))
    statements = [one for scope in sorted(settings) for one in _statements(scope, settings[scope], extra)]
    if "" not in settings:
        statements += _statements("", {}, extra)
    return statements, unread


def _set(held: dict[str, tuple[str, Place]], part: re.Match[str], place: Place) -> bool:
    """Take one setting; False where it is not known."""
    name, how, off = part.group("name"), part.group("how"), len(part.group("off")) % 2 == 1
    value = (part.group("value") or "").strip().strip('"')
    if name in COSMETIC:
        return True
    if name in {*_KEPT, "env_delete"}:
        had = held.get(name, ("", place))[0].split()
        words = value.split()
        now = [] if off else {"+=": had + words, "-=": [one for one in had if one not in words]}.get(how or "=", words)
        held[name + (" reset" if how == "=" or off else "")] = ("yes", place)
        held[name] = (" ".join(dict.fromkeys(now)), place)
        return name != "env_delete"
    if name in PROTECTING or name in OPENING:
        held[name] = ("off" if off or value in {"false", "off"} else "on", place)
        return how in {None, "="}
    if name == "secure_path":
        held[name] = ("" if off else value, place)
        return how in {None, "="}
    if name in {"timestamp_timeout", "passwd_tries", "passwd_timeout"} and re.fullmatch(
        r"-?[0-9]{1,6}(\.[0-9]+)?", value
    ):
        held[name] = (value, place)
        return how == "="
    return False


def _statements(scope: str, held: dict[str, tuple[str, Place]], extra: tuple[Where, ...]) -> Iterator[Statement]:
    whose = (Where(dimension="for", among=(literal(scope),)),) if scope else ()

    def right(says: str, place: Place, *more: Where) -> Statement:
        what = Where(dimension="default", among=(literal(says),))
        right = Where(dimension="right", among=(literal("default"),))
        return Statement(where=(right, what, *more, *whose, *extra), place=place, says=f"with sudo: {says}")

    nowhere = Place(path="")
    for name, (says, usual) in PROTECTING.items():
        value, place = held.get(name, ("" if scope else "on" if usual else "off", nowhere))
        if value == "off":
            yield right(says, place)
    for name, says in OPENING.items():
        value, place = held.get(name, ("off", nowhere))
        if value == "on":
            yield right(says, place)
    for name, says in _KEPT.items():
        value, place = held.get(name, ("", nowhere))
        for word in value.split():
            yield right(f"{says} a variable of the caller", place, Where(dimension="variable", among=(glob(word),)))
        if name + " reset" not in held and not scope:
            yield right(f"{says} the variables that sudo was built with", place)
    yield from _paths(scope, held, right)
    yield from _amounts(scope, held, right)


def _paths(scope: str, held: dict[str, tuple[str, Place]], right: object) -> Iterator[Statement]:
    assert callable(right)  # noqa: S101 - a function of this module
    path, place = held.get("secure_path", ("", Place(path="")))
    if not path and (not scope or "secure_path" in held):
        yield right("have programs found by the path of the caller", place)
    for folder in path.split(":") if path else ():
        yield right("have programs found in a folder", place, Where(dimension="folder", among=(literal(folder),)))


def _amounts(scope: str, held: dict[str, tuple[str, Place]], right: object) -> Iterator[Statement]:
    assert callable(right)  # noqa: S101 - a function of this module
    for name, usual, says in (
        ("timestamp_timeout", "15", "go on without a password for seconds"),
        ("passwd_tries", "3", "try passwords so often"),
        ("passwd_timeout", "5", "take seconds for a password"),
    ):
        if scope and name not in held:
            continue
        value, place = held.get(name, (usual, Place(path="")))
        number = float(value)
        most = round(number * 60) if number >= 0 else 1 << 40
        yield right(says, place, spans("amount", (0, most)))
