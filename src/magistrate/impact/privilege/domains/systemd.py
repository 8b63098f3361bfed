"""systemd units: as whom a service runs and what is left to it (systemd.exec(5), systemd.service(5), systemd.socket(5)).

A request is of one `right`. A protection is a right while it is off: `ProtectClock` unset is the right
to set the clock. Lists that allow and lists that deny (`~`) are boxes over their names. What a unit
runs as root, or with full privileges (`+`), is code that runs with power.

Rule kept: a setting of the service that is not known, and a value out of a template, are unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.systemd_known import (
    HARMLESS,
    IMPLIED_BY_DYNAMIC_USER,
    LISTS,
    NAMED,
    SWITCHES,
    is_off,
    is_on,
)
from magistrate.impact.privilege.domains.systemd_text import DROP_IN, UNIT, Unit, units_of
from magistrate.impact.privilege.model import Grants, Holder, Layer, Place, Reader, Statement, Unknown, Where, literals
from magistrate.impact.privilege.patterns import Glob, literal

DOMAIN: Final = "systemd"
_TEMPLATE: Final = rx(r"\{\{|\{%|<%|\$\{|@[A-Z_]+@")
_EXEC: Final = rx(r"Exec(?:Start|Stop|Reload|Condition)(?:Pre|Post)?")
_PREFIX: Final = rx(r"[-@:+!|]*")


class Units:
    """The reader of systemd units."""

    @property
    def domain(self) -> str:
        """Name of the domain."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """Services and sockets, and their drop-ins."""
        return UNIT.fullmatch(path) is not None or DROP_IN.fullmatch(path) is not None

    def grants(self, files: Mapping[str, str]) -> Grants:
        """One holder for each unit, and one for the code that it runs with power."""
        holders: list[Holder] = []
        unknown: list[Unknown] = []
        for unit in units_of(files):
            found = _Service(unit=unit)
            found.read()
            unknown += found.unknown
            name = f"systemd:{unit.name}"
            layer = Layer(statements=tuple(dict.fromkeys(found.statements)))
            holders.append(Holder(name=name, domain=DOMAIN, layers=(layer,)))
            if found.code:
                layer = Layer(statements=tuple(dict.fromkeys(found.code)))
                holders.append(Holder(name=f"code:{name}", domain="code", layers=(layer,)))
        return Grants(holders=tuple(holders), live=frozenset(holder.name for holder in holders), unknown=tuple(unknown))


READER: Final[Reader] = Units()


@dataclass(slots=True)
class _Service:
    unit: Unit
    statements: list[Statement] = field(default_factory=list)
    code: list[Statement] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    def add(self, right: str, says: str, setting: str, *where: Where) -> None:
        """One right of the unit."""
        place = self.unit.place(setting)
        self.statements.append(Statement(where=(literals("right", right), *where), place=place, says=says))

    def open(self, text: str, place: Place) -> None:
        """Something that cannot be resolved."""
        why = "a setting of the unit is not understood"
        self.unknown.append(Unknown(domain=DOMAIN, why=why, text=f"{self.unit.name}: {text}", place=place))

    def read(self) -> None:
        """Read all settings; those that are not understood are unknown, the others count."""
        settings = self.unit.settings
        open_ended: list[tuple[str, tuple[str, Place]]] = []
        for text, place in self.unit.unread:
            self.open(text, place)
        for name in sorted(settings):
            for value, place in settings[name]:
                known = name in HARMLESS or name in _KNOWN or _EXEC.fullmatch(name)
                literal_only = name not in HARMLESS and not _EXEC.fullmatch(name)
                if not known or (literal_only and _TEMPLATE.search(value)):
                    self.open(f"{name}={value}", place)
                    open_ended.append((name, (value, place)))
        for name, found in open_ended:
            settings[name].remove(found)
        if self.unit.name.endswith(".socket"):
            self.listens()
            return
        for part in (
            self.user,
            self.capabilities,
            self.switches,
            self.lists,
            self.paths,
            self.named,
            self.umask,
            self.runs,
        ):
            part()

    @property
    def dynamic(self) -> bool:
        """Whether the user is made for the run."""
        return is_on(self.unit.last("DynamicUser"))

    @property
    def root(self) -> bool:
        """Whether it runs as root."""
        return self.unit.last("User") in {"root", "0"} or (not self.unit.last("User") and not self.dynamic)

    def user(self) -> None:
        """As whom: root may be anyone."""
        name = self.unit.last("User")
        if self.root:
            self.add("user", "run as root", "User")
        else:
            self.add(
                "user", f"run as {name or 'a user made for it'}", "User", literals("user", name or "«made for it»")
            )
        for setting in ("Group", "SupplementaryGroups"):
            for group in self.unit.words(setting):
                self.add("group", f"be in {group}", setting, literals("group", group))
        if self.root and not self.unit.words("Group"):
            self.add("group", "be in root", "User", literals("group", "root"))

    def capabilities(self) -> None:
        """The bounding set (all where nothing is said) and the ambient one (none)."""
        self.listed("CapabilityBoundingSet", "capability", absent=True)
        self.listed("AmbientCapabilities", "ambient capability", absent=False)

    def listed(self, setting: str, right: str, *, absent: bool) -> None:
        """A list of names that are let through; `~` before it lets all others through.

        Emptied (systemd.exec(5)), a list of `LISTS` restricts nothing, and the bounding set of capabilities is empty.
        """
        values = self.unit.settings.get(setting)
        if not values:
            if absent and (values is None or setting in LISTS):
                self.add(right, f"any {right}", setting)
            return
        taken: set[str] = set()
        shut: set[str] = set()
        but: set[str] | None = None
        for value, _ in values:
            names = set(value.removeprefix("~").split())
            if value.startswith("~"):
                but = (but or set()) | names if not taken else but
                shut |= {one for one in names if taken and one.startswith("@")} - taken
                taken -= names
            else:
                taken |= names - {"none"}
                but = but - names if but is not None else None
                shut -= names
        if but is not None:
            self.add(
                right,
                f"any {right} but {', '.join(sorted(but))}",
                setting,
                *([literals("name", *sorted(but), negated=True)] if but else []),
            )
        for name in sorted(taken):
            without = [literals(f"in {one}", "no") for one in sorted(shut)]
            self.add(right, f"{right} {name}", setting, literals("name", name), *without)

    def switches(self) -> None:
        """Protections that are not on."""
        for setting, right in SWITCHES.items():
            value = self.unit.last(setting)
            if not value and self.dynamic and setting in IMPLIED_BY_DYNAMIC_USER:
                continue
            if is_off(value):
                self.add("unprotected", right, setting, literals("against", right))
            elif not is_on(value):
                self.add(
                    "protected in part",
                    f"{setting}={value}",
                    setting,
                    literals("against", right),
                    literals("part", value),
                )

    def lists(self) -> None:
        """Lists that restrict where they are given."""
        for setting, right in LISTS.items():
            self.listed(setting, right, absent=True)
        deny, allow = self.unit.words("IPAddressDeny"), self.unit.words("IPAddressAllow")
        among = [literals("address", *sorted(set(deny)), negated=True)] if deny and "any" not in deny else []
        if "any" not in deny:
            self.add("address", "any address" if not deny else "most addresses", "IPAddressDeny", *among)
        for address in sorted(set(allow)):
            self.add("address", f"address {address}", "IPAddressAllow", literals("address", address))

    def paths(self) -> None:
        """What may be read and written."""
        system = self.unit.last("ProtectSystem").lower() or ("strict" if self.dynamic else "no")
        home = self.unit.last("ProtectHome").lower() or ("read-only" if self.dynamic else "no")
        shut = {"strict": None, "full": ("/usr", "/boot", "/efi", "/etc")}.get(
            system, () if is_off(system) else ("/usr", "/boot", "/efi")
        )
        homes = () if is_off(home) else ("/home", "/root", "/run/user")
        hidden = homes if homes and home != "read-only" else ()
        inside = tuple(self.bare("InaccessiblePaths"))
        kept = tuple(self.bare("ReadOnlyPaths"))
        self.add("read", "read files", "ProtectHome", *_not_below((*hidden, *inside)))
        if shut is not None:
            self.add("write", "write files", "ProtectSystem", *_not_below((*shut, *homes, *inside, *kept)))
        for path in self.bare("ReadWritePaths"):
            self.add("write", f"write {path}", "ReadWritePaths", _below(path), *_not_below(inside))
        for setting in ("BindPaths", "BindReadOnlyPaths"):
            for path in self.bare(setting):
                origin = path.split(":")[0]
                right = "bind" if setting == "BindPaths" else "bind to read"
                self.add(right, f"{right} {path}", setting, literals("bound", path), _below(origin))

    def bare(self, setting: str) -> Iterator[str]:
        """Paths without the signs before them."""
        for path in self.unit.words(setting):
            yield path.lstrip("-+").rstrip("/") or "/"

    def named(self) -> None:
        """Settings that give what they name."""
        for setting, right in NAMED.items():
            for value, _ in self.unit.settings.get(setting, []):
                if not is_off(value):
                    self.add(right, f"{right}: {value}", setting, literals("what", f"{setting}={value}"))
        for value, _ in self.unit.settings.get("Environment", []):
            if re.search(r"\b(?:LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT|BASH_ENV|PYTHONSTARTUP|NODE_OPTIONS)=", value):
                self.add("environment", value, "Environment", literals("what", value))
        if not self.unit.last("RootDirectory") and not self.unit.last("RootImage"):
            self.add("whole file system", "see the whole file system", "RootDirectory")
        if self.unit.last("DevicePolicy") not in {"closed", "strict"} and not self.unit.words("DeviceAllow"):
            self.add("device", "any device", "DevicePolicy")
        for value, _ in self.unit.settings.get("DeviceAllow", []):
            self.add("device", f"device {value}", "DeviceAllow", literals("device", value))

    def umask(self) -> None:
        """Bits of new files that the mask leaves."""
        for setting, usual in (("UMask", "0022"),):
            text = self.unit.last(setting) or usual
            if not re.fullmatch(r"[0-7]{1,4}", text):
                self.open(f"{setting}={text}", self.unit.place(setting))
                continue
            mask = int(text, 8)
            for bit in range(9):
                if not mask >> bit & 1:
                    who, what = ("others", "group", "owner")[bit // 3], ("execute", "write", "read")[bit % 3]
                    self.add("new files", f"new files: {what} by {who}", setting, literals("bit", f"{what} by {who}"))

    def runs(self) -> None:
        """Commands: those with full privileges, and what runs as root."""
        for setting in sorted(self.unit.settings):
            if not _EXEC.fullmatch(setting):
                continue
            for value, place in self.unit.settings[setting]:
                prefix = _PREFIX.match(value)
                signs = prefix.group() if prefix is not None else ""
                command = value[len(signs) :]
                if "+" in signs or "!" in signs:
                    self.add(
                        "full privileges", f"run {command} with full privileges", setting, literals("what", command)
                    )
                if self.root or "+" in signs or "!" in signs or self.unit.words("AmbientCapabilities"):
                    where = (literals("code", command),)
                    self.code.append(Statement(where=where, place=place, says=f"run {command}"))

    def listens(self) -> None:
        """Sockets: addresses, and who may connect to a local one."""
        for setting in ("ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO", "ListenNetlink"):
            for value, _ in self.unit.settings.get(setting, []):
                self.add("listen", f"{setting} {value}", setting, literals("what", f"{setting}={value}"))
        mode = self.unit.last("SocketMode") or "0666"
        if not re.fullmatch(r"[0-7]{3,4}", mode):
            self.open(f"SocketMode={mode}", self.unit.place("SocketMode"))
            return
        for shift, who in (
            (6, self.unit.last("SocketUser") or "root"),
            (3, self.unit.last("SocketGroup") or "root"),
            (0, "«others»"),
        ):
            if int(mode, 8) >> shift & 2:
                kind = {6: "user", 3: "group", 0: "others"}[shift]
                self.add("connect", f"{kind} {who} may connect", "SocketMode", literals("by", f"{kind} {who}"))


_KNOWN: Final = frozenset(
    {*SWITCHES, *LISTS, *NAMED, "User", "Group", "DynamicUser", "SupplementaryGroups", "CapabilityBoundingSet",
     "AmbientCapabilities", "IPAddressDeny", "IPAddressAllow", "ProtectSystem", "ProtectHome", "ReadWritePaths",
     "ReadOnlyPaths", "InaccessiblePaths", "BindPaths", "BindReadOnlyPaths", "Environment", "RootDirectory", "RootImage",
     "DevicePolicy", "DeviceAllow", "UMask", "ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO",
     "ListenNetlink", "SocketMode", "SocketUser", "SocketGroup"}
)  # fmt: skip


def _below(path: str) -> Where:
    whole = path.rstrip("/")
    return Where(dimension="path", among=(literal(path), Glob((*whole, "/", "run"))))


def _not_below(paths: tuple[str, ...]) -> tuple[Where, ...]:
    among = tuple(atom for path in sorted(set(paths)) for atom in _below(path).among)
    return (Where(dimension="path", among=among, negated=True),) if among else ()
