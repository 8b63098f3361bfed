"""The rights of a PostgreSQL database as they stand after statements were replayed (PostgreSQL 16, chapter 5.7).

An access list tells for each grantee, privilege and column who granted it and whether it may be passed
on. What the files do not create exists elsewhere: such roles and objects come to be known when
they are first named, with what was granted on all objects of their schema by then.

Rule kept: what PostgreSQL refuses changes nothing here either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.privilege.domains.sql_text import Tokens
from magistrate.impact.privilege.model import Place

NOWHERE: Final = Place(path="")
PUBLIC: Final = ""
"""The grantee that is every role."""
MIGRATION: Final = "«whoever applies the migrations»"
"""Owner of what is created without a role being set: taken for a superuser."""
ELSEWHERE: Final = "«elsewhere»"
PRIVILEGES: Final = {
    "table": ("select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain"),
    "sequence": ("usage", "select", "update"),
    "function": ("execute",),
    "schema": ("usage", "create"),
    "database": ("connect", "create", "temporary"),
    "type": ("usage",),
    "language": ("usage",),
    "tablespace": ("create",),
    "foreign server": ("usage",),
    "foreign data wrapper": ("usage",),
    "large object": ("select", "update"),
    "parameter": ("set", "alter system"),
}
OPEN: Final = {
    "function": ("execute",),
    "type": ("usage",),
    "language": ("usage",),
    "database": ("connect", "temporary"),
}
"""What PUBLIC holds on a new object of a kind."""

Entry = tuple[str, str, str]
"""Grantee, privilege, column (empty: the object as a whole)."""
Name = tuple[str, str]
"""Schema (empty where the kind has none) and name."""


@dataclass(slots=True, kw_only=True)
class Policy:
    """A policy of row security."""

    permissive: bool
    command: str
    roles: tuple[str, ...]
    using: Tokens | None
    check: Tokens | None


@dataclass(slots=True, kw_only=True)
class Thing:
    """An object with its owner and its access list: entry -> grantor -> whether it may be passed on."""

    kind: str
    name: Name
    owner: str
    here: bool
    place: Place = NOWHERE
    acl: dict[Entry, dict[str, bool]] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    secured: bool = False
    policies: dict[str, Policy] = field(default_factory=dict)
    traits: dict[str, str] = field(default_factory=dict)
    """What matters of a view or function: `definition`, `definer`, `language`, `invoker`, ..."""

    def public_at_first(self) -> None:
        """The access list of a new object."""
        for privilege in PRIVILEGES[self.kind]:
            self.acl[self.owner, privilege, ""] = {self.owner: False}
        for privilege in OPEN.get(self.kind, ()):
            self.acl[PUBLIC, privilege, ""] = {self.owner: False}

    def give(self, entry: Entry, grantor: str, *, option: bool, place: Place) -> None:
        """Add one grant."""
        if entry not in self.acl:
            self.places[entry[:2]] = place
        held = self.acl.setdefault(entry, {})
        held[grantor] = held.get(grantor, False) or (option and entry[0] != PUBLIC)

    def take(self, entry: Entry, grantor: str, *, option_only: bool, cascade: bool) -> bool:
        """Remove what one grantor gave; False where others rest on it and may not be taken along."""
        held = self.acl.get(entry, {})
        if grantor not in held:
            return True
        if option_only:
            held[grantor] = False
        else:
            del held[grantor]
            if not held:
                del self.acl[entry]
        return self._loosen(entry, cascade=cascade)

    def _loosen(self, entry: Entry, *, cascade: bool) -> bool:
        grantee, privilege, column = entry
        if grantee == self.owner or any(self.acl.get(entry, {}).values()):
            return True
        resting = [other for other, held in self.acl.items() if other[1:] == (privilege, column) and grantee in held]
        if resting and not cascade:
            return False
        return all(self.take(other, grantee, option_only=False, cascade=True) for other in resting)

    def pass_to(self, owner: str) -> None:
        """Another owner: it takes the place of the old one in the whole list."""
        made: dict[Entry, dict[str, bool]] = {}
        for (grantee, privilege, column), held in self.acl.items():
            into = made.setdefault((owner if grantee == self.owner else grantee, privilege, column), {})
            for grantor, option in held.items():
                name = owner if grantor == self.owner else grantor
                into[name] = into.get(name, False) or option
        self.owner, self.acl = owner, made


@dataclass(slots=True, kw_only=True)
class Role:
    """A role; `here` where the files create it."""

    here: bool
    login: bool = False
    inherit: bool = True
    powers: set[str] = field(default_factory=set)
    password: bool = False
    until: str = ""
    place: Place = NOWHERE


@dataclass(slots=True, kw_only=True)
class Membership:
    """Options of one membership."""

    admin: bool = False
    inherit: bool = True
    set: bool = True


@dataclass(slots=True)
class Catalogue:
    """All of it, with the role and the schemas that statements run under."""

    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[tuple[str, str], Membership] = field(default_factory=dict)
    """(role, member) -> options."""
    things: dict[tuple[str, Name], Thing] = field(default_factory=dict)
    wild: dict[tuple[str, str], Thing] = field(default_factory=dict)
    """What was granted on all objects of a kind in a schema, for those that no file creates."""
    defaults: dict[tuple[str, str, str], Thing] = field(default_factory=dict)
    """(creating role, schema or "", kind) -> a thing that stands for those to come."""
    mappings: set[tuple[str, str]] = field(default_factory=set)
    user: str = MIGRATION
    place: Place = NOWHERE
    path: tuple[str, ...] = ("public",)

    def role(self, name: str) -> Role:
        """A role, known from now on; one that is not created here may log in, for all that is known."""
        return self.roles.setdefault(name, Role(here=False, login=True))

    def all_powerful(self, name: str) -> bool:
        """Whether a role is not asked for rights."""
        return name == MIGRATION or (name in self.roles and "superuser" in self.roles[name].powers)

    def reaches(self, member: str, *, how: str = "inherit") -> set[str]:
        """The roles whose rights it has (`inherit`), or that it may become (`set`), itself among them."""
        seen, line = {member}, [member]
        for now in line:
            for (role, of), options in self.members.items():
                if of == now and role not in seen and getattr(options, how):
                    seen.add(role)
                    line.append(role)
        return seen

    def holds(self, role: str, thing: Thing, privilege: str, column: str = "") -> bool:
        """Whether a role has a privilege, as the `has_..._privilege` functions of PostgreSQL tell."""
        if self.all_powerful(role):
            return True
        whose = {*self.reaches(role), PUBLIC}
        return any(
            grantee in whose and of == privilege and at in {"", column} for (grantee, of, at), _ in thing.acl.items()
        )

    def grantor(self, thing: Thing) -> str | None:
        """In whose name the present user grants: the owner's where it may; None where it may not at all."""
        if self.all_powerful(self.user) or thing.owner in self.reaches(self.user):
            return thing.owner
        for role in sorted(self.reaches(self.user)):
            if any(entry[0] == role and any(held.values()) for entry, held in thing.acl.items()):
                return role
        return None

    def resolved(self, kind: str, name: Name) -> Name:
        """A name with its schema: the first on the path that has it, or the first of all."""
        if name[0] or kind not in {"table", "sequence", "function", "type"}:
            return name
        for schema in self.path:
            if (kind, (schema, name[1])) in self.things:
                return schema, name[1]
        return (self.path[0] if self.path else "public"), name[1]

    def thing(self, kind: str, name: Name) -> Thing:
        """An object; one that no file creates is known from now on."""
        full = self.resolved(kind, name)
        if kind == "table" and ("sequence", full) in self.things:
            kind = "sequence"
        found = self.things.get((kind, full))
        if found is None:
            wild = self.wild.get((kind, full[0]))
            acl = {} if wild is None else {entry: dict(held) for entry, held in wild.acl.items()}
            if full == ("", "public") and kind == "schema":
                acl[PUBLIC, "usage", ""] = {ELSEWHERE: False}
                acl[PUBLIC, "create", ""] = {BEFORE_15: False}
            found = self.things[kind, full] = Thing(kind=kind, name=full, owner=ELSEWHERE, here=False, acl=acl)
        return found

    def create(self, kind: str, name: Name, owner: str = "") -> Thing:
        """A new object with the access list that defaults give it; the one there stays where there is one."""
        full = name if name[0] or kind not in {"table", "sequence", "function", "type"} else self._first(name)
        held = self.things.get((kind, full))
        if held is not None:
            return held
        made = Thing(kind=kind, name=full, owner=owner or self.user, here=True, place=self.place)
        everywhere = self.defaults.get((made.owner, "", kind))
        if everywhere is None:
            made.public_at_first()
        for default in (everywhere, self.defaults.get((made.owner, full[0], kind)) if full[0] else None):
            for entry, grants in (default.acl if default is not None else {}).items():
                for grantor, option in grants.items():
                    made.give(entry, grantor, option=option, place=self.place)
        self.things[kind, full] = made
        return made

    def _first(self, name: Name) -> Name:
        return (self.path[0] if self.path else "public"), name[1]

    def default(self, role: str, schema: str, kind: str) -> Thing:
        """What is granted on objects to come; in no schema of its own it begins with what PostgreSQL gives."""
        found = self.defaults.get((role, schema, kind))
        if found is None:
            found = Thing(kind=kind, name=(schema, "*"), owner=role, here=True)
            if not schema:
                found.public_at_first()
            self.defaults[role, schema, kind] = found
        return found

    def every(self, kind: str, schema: str) -> Iterator[Thing]:
        """All objects of a kind in a schema: those known, and one that stands for the others."""
        yield from [one for (of, (at, _)), one in self.things.items() if of == kind and at == schema]
        key = (kind, schema)
        if key not in self.wild:
            self.wild[key] = Thing(kind=kind, name=(schema, "*"), owner=ELSEWHERE, here=False)
        yield self.wild[key]

    def everything(self) -> Iterable[Thing]:
        """All objects, and those that stand for others."""
        return [*self.things.values(), *self.wild.values(), *self.defaults.values()]

    def join(self, role: str, member: str, options: dict[str, bool]) -> bool:
        """Make a role a member; False where that would close a circle."""
        if role == member or member in self._above(role):
            return False
        self.role(role)
        inherit = self.role(member).inherit
        held = self.members.setdefault((role, member), Membership(inherit=inherit))
        for option, value in options.items():
            setattr(held, option, value)
        return True

    def _above(self, role: str) -> set[str]:
        seen, line = {role}, [role]
        for now in line:
            for over, of in self.members:
                if of == now and over not in seen:
                    seen.add(over)
                    line.append(over)
        return seen

    def forget(self, role: str) -> None:
        """A role is dropped."""
        self.roles.pop(role, None)
        self.members = {key: held for key, held in self.members.items() if role not in key}

    def rename(self, role: str, name: str) -> None:
        """A role gets another name."""
        if role not in self.roles:
            self.role(role)
        self.roles[name] = self.roles.pop(role)
        self.members = {
            (name if over == role else over, name if of == role else of): held
            for (over, of), held in self.members.items()
        }
        for thing in self.everything():
            thing.acl = {
                (name if grantee == role else grantee, privilege, column): {
                    name if by == role else by: option for by, option in held.items()
                }
                for (grantee, privilege, column), held in thing.acl.items()
            }
            thing.owner = name if thing.owner == role else thing.owner
            for policy in thing.policies.values():
                policy.roles = tuple(name if one == role else one for one in policy.roles)
        self.defaults = {(name if by == role else by, at, kind): one for (by, at, kind), one in self.defaults.items()}
        self.mappings = {(name if of == role else of, server) for of, server in self.mappings}


BEFORE_15: Final = "«PostgreSQL before 15»"
"""Grantor of what PUBLIC may do in the schema public on older servers only."""
