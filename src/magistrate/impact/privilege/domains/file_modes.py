"""Who may do what with files of a machine: modes and owners in Ansible tasks, tmpfiles.d, shell scripts, lists of modes.

A request is a `path`, an `act` (read, write, execute, run as owner, ...) and, in a script, whether it
holds `when` the script has ended or only in between. Rights of the group go to its members where
the files list them, else to the group. Membership in groups that amount to root is a right itself.

Rule kept: a mode that is not literal is unknown; a task that says no mode has the usual one, never none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ansible_tasks import Task, tasks_of
from magistrate.impact.privilege.domains.members import NAMES, groups_of
from magistrate.impact.privilege.domains.modes import FILE, FOLDER, Mode, UnreadableModeError, octal, scalar_mode
from magistrate.impact.privilege.domains.shell_modes import changes_of
from magistrate.impact.privilege.domains.trees import UnreadableTreeError, documents
from magistrate.impact.privilege.model import (
    Edge,
    Grants,
    Holder,
    Layer,
    Place,
    Reader,
    Statement,
    Unknown,
    Where,
    literals,
)
from magistrate.impact.privilege.patterns import Glob, literal

DOMAIN: Final = "filemode"
OTHERS: Final = "os:others"
LISTED: Final = "os:listed groups"
"""Stands for a list of groups being there: a group that is listed with nobody in it is not one that lives elsewhere."""
AS_ROOT: Final = frozenset(
    [
        "docker",
        "sudo",
        "wheel",
        "root",
        "admin",
        "disk",
        "shadow",
        "lxd",
        "libvirt",
        "kvm",
        "adm",
        "systemd-journal",
        "incus",
        "podman",
    ]
)
"""Groups whose members are root in effect, or read what only root reads."""
_TASKS: Final = rx(
    r"(?:.*/)?(?:(?:tasks|handlers|playbooks?|roles|ansible)/.*|(?:tasks|handlers|site|main|local|playbook[\w-]*|[\w-]*playbook))\.ya?ml"
)
_TMPFILES: Final = rx(r"(?:.*/)?tmpfiles\.d/[^/]+\.conf")
_SHELL: Final = rx(r".*\.(?:sh|bash|ksh|zsh)")
_GIT: Final = rx(r"\s*\{\s*\"mode\"\s*:\s*\"100(\d{3})\"\s*\}\s*")


class FileModes:
    """The reader of modes and owners."""

    @property
    def domain(self) -> str:
        """Name of the domain."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """Ansible tasks, tmpfiles.d, shell scripts, `modes.yml` and `groups.yml`."""
        name = path.rsplit("/", 1)[-1]
        named = name in {*NAMES, "modes.yml", "modes.yaml"}
        return named or any(one.fullmatch(path) is not None for one in (_TASKS, _TMPFILES, _SHELL))

    def grants(self, files: Mapping[str, str]) -> Grants:
        """The rights of one state."""
        found = _Reading(groups=groups_of(files))
        for path in sorted(files):
            try:
                found.read(path, files[path])
            except UnreadableTreeError as error:
                found.open(str(error), " ".join(files[path].split()), Place(path=path))
        for group, members in found.groups.items():
            found.edges += [Edge(actor=f"os:user/{member}", holder=f"os:group/{group}") for member in sorted(members)]
            found.live |= {f"os:user/{member}" for member in members}
        for edge in found.edges:
            if edge.holder.removeprefix("os:group/") in AS_ROOT:
                where = literals("path", "«what the group gives»"), literals("group", edge.holder)
                found.give(edge.actor, f"act as a member of {edge.holder}", edge.place, *where)
        return Grants(
            holders=tuple(
                Holder(name=name, domain=DOMAIN, layers=(Layer(statements=tuple(dict.fromkeys(found.held[name]))),))
                for name in sorted(found.held)
            ),
            edges=tuple(dict.fromkeys(found.edges)),
            live=frozenset(found.live),
            unknown=tuple(found.unknown),
        )


READER: Final[Reader] = FileModes()


@dataclass(slots=True)
class _Reading:
    groups: dict[str, frozenset[str]]
    held: dict[str, list[Statement]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    live: set[str] = field(default_factory=lambda: {OTHERS})
    unknown: list[Unknown] = field(default_factory=list)

    def give(self, holder: str, says: str, place: Place, *where: Where) -> None:
        """One right."""
        self.held.setdefault(holder, []).append(Statement(where=where, place=place, says=says))
        self.live.add(holder)

    def open(self, why: str, text: str, place: Place) -> None:
        """Something that cannot be resolved."""
        self.unknown.append(Unknown(domain=DOMAIN, why=why, text=text, place=place))

    def read(self, path: str, text: str) -> None:
        """One file by its name and shape."""
        name = path.rsplit("/", 1)[-1]
        git = _GIT.fullmatch(text)
        if name in NAMES:
            self.live.add(LISTED)
            return
        if git is not None:
            self.modes(path, octal(git.group(1)), Place(path=path), kind="git")
        elif name in {"modes.yml", "modes.yaml"}:
            self.listed(path, text)
        elif _TMPFILES.fullmatch(path):
            self.tmpfiles(path, text)
        elif _SHELL.fullmatch(path):
            self.script(path, text)
        else:
            for task in tasks_of(text, path):
                self.task(task)

    def modes(  # noqa: PLR0913 - a file with its owners
        self, path: str, mode: Mode, place: Place, *, kind: str, owner: str = "", group: str = "",
        below: bool = False, when: tuple[Where, ...] = (),
    ) -> None:  # fmt: skip
        """The rights that one mode gives."""
        among: tuple[Glob, ...] = (literal(path),)
        among = (*among, Glob((*path.rstrip("/"), "/", "run"))) if below else among
        where = (Where(dimension="path", among=among), literals("by", kind), *when)
        for class_, act in mode.rights():
            for holder in self.holders(class_, path, owner, group):
                self.give(holder, f"{act} {path}", place, *where, literals("act", act))
        if owner and owner != "root":
            self.give(f"os:user/{owner}", f"own {path}", place, *where)

    def holders(self, class_: str, path: str, owner: str, group: str) -> list[str]:
        """Who is meant by a class; root is not asked for rights."""
        if class_ == "others":
            return [OTHERS]
        if class_ == "owner":
            return [] if owner in {"root", "0"} else [f"os:user/{owner}"] if owner else [f"os:owner of {path}"]
        if group in self.groups:
            return [f"os:user/{member}" for member in sorted(self.groups[group])]
        return [f"os:group/{group}"] if group else [f"os:group of {path}"]

    def listed(self, path: str, text: str) -> None:
        """`modes.yml`: path -> owner, group, mode."""
        for root in documents(text):
            if not isinstance(root, dict):
                raise UnreadableTreeError("this is no list of modes")
            for name, value in root.items():
                place = Place(path=path, line=getattr(value, "line", 0))
                held = value if isinstance(value, dict) and not set(value) - {"owner", "group", "mode"} else {}
                try:
                    owner, group = (str(held.get(key) or "") for key in ("owner", "group"))
                    self.modes(name, scalar_mode(held.get("mode")), place, kind="list", owner=owner, group=group)
                except UnreadableModeError:
                    self.open("a mode is not understood", f"{name}: {json.dumps(value, sort_keys=True)}", place)

    def tmpfiles(self, path: str, text: str) -> None:
        """tmpfiles.d(5): type, path, mode, user, group."""
        for number, line in enumerate(text.splitlines(), 1):
            parts = line.split()
            if not parts or parts[0].startswith("#"):
                continue
            place, kind = Place(path=path, line=number), parts[0].rstrip("+!-=~^$")
            fields = [*parts[1:5], "-", "-", "-", "-"][:4]
            if kind in {"a", "A", "t", "T", "h", "H"}:
                self.open("access lists and attributes are not followed", " ".join(parts), place)
            if kind not in {"f", "F", "d", "D", "e", "v", "q", "Q", "C", "z", "Z", "m", "p", "c", "b"}:
                continue
            usual = FOLDER if kind in {"d", "D", "e", "v", "q", "Q"} else FILE
            try:
                mode = Mode(usual) if fields[1] == "-" else octal(fields[1].lstrip("~:"))
            except UnreadableModeError:
                self.open("a mode is not understood", " ".join(parts), place)
                continue
            owner, group = ("root" if one == "-" else one.lstrip(":") for one in fields[2:4])
            self.modes(fields[0], mode, place, kind="tmpfiles", owner=owner, group=group, below=kind == "Z")

    def script(self, path: str, text: str) -> None:
        """Chmod and install in a script; each holds in between, the last one of a path at the end."""
        found = list(changes_of(text))
        last = {one.path: at for at, one in enumerate(found)}
        for at, one in enumerate(found):
            place = Place(path=path, line=one.line)
            if one.mode is None:
                self.open("a mode is not literal, or it takes away from one that is not known", one.text, place)
                continue
            when = () if last[one.path] == at else (literals("when", "in between"),)
            where = (literals("script", path), *when)
            self.modes(
                one.path, one.mode, place, kind="script", owner=one.owner, group=one.group, below=one.below, when=where
            )

    def task(self, task: Task) -> None:
        """One Ansible task."""
        if task.user:
            holders = [f"os:group/{group}" for group in task.groups]
            self.edges += [Edge(actor=f"os:user/{task.user}", holder=holder, place=task.place) for holder in holders]
            self.live.add(f"os:user/{task.user}")
            return
        if task.script:
            self.script(task.place.path, task.script)
            return
        try:
            mode = Mode(FOLDER if task.folder else FILE) if task.mode is None else scalar_mode(task.mode)
        except UnreadableModeError:
            self.open("a mode is not literal", task.text, task.place)
            return
        if "{{" in task.owner + task.group:
            self.open("an owner is a variable", task.text, task.place)
            return
        self.modes(task.path, mode, task.place, kind="ansible", owner=task.owner, group=task.group, below=task.below)
