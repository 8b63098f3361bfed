"""A catalogue as boxes held by roles: privileges, ownership, row security, functions that run as their owner, attributes.

A request is an `object` with a `privilege`, a `column`, a `row` (see `sql_conditions`), whether it is
`passed on`, `via` which function. A view and a definer function are compared with what they do.

Rule kept: a role that the files do not create holds what nobody sees; whoever becomes it gains that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.sql_catalogue import (
    BEFORE_15,
    ELSEWHERE,
    MIGRATION,
    PUBLIC,
    Catalogue,
    Policy,
    Role,
    Thing,
)
from magistrate.impact.privilege.domains.sql_conditions import Ways, all_of, ways
from magistrate.impact.privilege.model import Edge, Grants, Holder, Layer, Place, Statement, Where, literals
from magistrate.impact.privilege.patterns import glob

DOMAIN: Final = "sql"
EVERYBODY: Final = "sql:public"
_ROWS: Final = frozenset({"select", "insert", "update", "delete"})
_TRUSTED: Final = frozenset({"sql", "plpgsql", "pltcl", "plperl", "plv8", "internal"})
_TOUCHED: Final = rx(r"\b(from|join|into|update)\s+(?:only\s+)?([a-z_][\w$]*(?: \. [a-z_][\w$]*)?)")


def grants_of(catalogue: Catalogue, database: str) -> Grants:
    """All rights that stand in a catalogue; `database` tells the folder of its migrations."""
    spoken = _touched(catalogue, database)
    catalogue.thing("schema", ("", "public"))
    found = _Rights(catalogue=catalogue, base=(literals("database", database or "."),))
    for name in sorted(catalogue.roles):
        found.role(name, catalogue.roles[name])
    for thing in catalogue.things.values():
        found.thing(thing)
    for thing in catalogue.wild.values():
        found.entries(thing, ())
    for (creator, schema, kind), thing in catalogue.defaults.items():
        found.default(creator, schema, kind, thing)
    for role, server in sorted(catalogue.mappings):
        found.add(
            _holder(role), f"use the user mapping for {server}", Place(path=""), literals("object", f"mapping {server}")
        )
    edges = [
        Edge(actor=_holder(member), holder=_holder(role))
        for (role, member), options in sorted(catalogue.members.items())
        if options.inherit or options.set
    ]
    edges += [Edge(actor=_holder(name), holder=EVERYBODY) for name in sorted(catalogue.roles)]
    return Grants(
        holders=tuple(
            Holder(name=name, domain=DOMAIN, layers=(Layer(statements=tuple(dict.fromkeys(found.held[name]))),))
            for name in sorted(found.held)
        ),
        edges=(*edges, *found.edges),
        live=frozenset({EVERYBODY, *found.live, *spoken}),
    )


def usual(folders: Iterable[str]) -> Holder:
    """What PUBLIC holds in the schema public of any database that these folders do not make."""
    other = literals("database", *(folder or "." for folder in sorted(folders)), negated=True)
    catalogue = Catalogue()
    catalogue.thing("schema", ("", "public"))
    made = grants_of(catalogue, "")
    statements = tuple(
        Statement(where=(other, *one.where[1:]), says=one.says) for one in made.holders[0].layers[0].statements
    )
    return Holder(name=EVERYBODY, domain=DOMAIN, layers=(Layer(statements=statements),))


def _touched(catalogue: Catalogue, database: str) -> tuple[str, ...]:
    """A name that tells that these files speak of rights at all, also where they leave none: `DISABLE ROW LEVEL SECURITY`."""
    spoken = catalogue.roles or catalogue.things or catalogue.wild or catalogue.members or catalogue.defaults
    return (f"sql:database/{database}",) if spoken else ()


def _holder(role: str) -> str:
    return EVERYBODY if role == PUBLIC else f"sql:role/{role}"


@dataclass(slots=True)
class _Rights:
    catalogue: Catalogue
    base: tuple[Where, ...]
    held: dict[str, list[Statement]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    live: set[str] = field(default_factory=set)

    def add(self, holder: str, says: str, place: Place, *where: Where) -> None:
        """One right."""
        statement = Statement(where=(*self.base, *where), place=place, says=says)
        self.held.setdefault(holder, []).append(statement)

    def role(self, name: str, role: Role) -> None:
        """Attributes, the login, and admin options."""
        holder = _holder(name)
        if "superuser" in role.powers:
            self.add(holder, "superuser", role.place)
        for power in sorted(role.powers - {"superuser"}):
            self.add(holder, power, role.place, literals("object", f"attribute {power}"))
        if not role.here:
            text = f"what the role {name} may do elsewhere"
            self.add(holder, text, role.place, literals("object", text))
        if role.login:
            actor = holder if not role.here else f"sql:login/{name}"
            self.live.add(actor)
            if role.here:
                self.edges.append(Edge(actor=actor, holder=holder, place=role.place))
                until = (literals("until", role.until),) if role.until else ()
                self.add(actor, "log in", role.place, literals("object", f"login {name}"), *until)
                if role.password:
                    text = f"login {name} by a password that stands in the files"
                    self.add(actor, text, role.place, literals("object", text), *until)
        for (of, member), options in self.catalogue.members.items():
            if member == name and options.admin:
                self.add(holder, f"admit others to {of}", role.place, literals("object", f"admission to {of}"))

    def thing(self, thing: Thing) -> None:
        """Ownership and the access list of one object."""
        if thing.owner not in {MIGRATION, ELSEWHERE}:
            self.add(
                _holder(thing.owner), f"own {_title(thing)}", thing.place, *_object(thing), *self.definition(thing)
            )
        if thing.kind == "function":
            self.function(thing)
            return
        self.entries(thing, self.definition(thing))

    def definition(self, thing: Thing) -> tuple[Where, ...]:
        """What a view shows, as far as a right on it is a right on that."""
        if "view" not in thing.traits:
            return ()
        return (
            literals("shows", thing.traits.get("definition", "")),
            *((literals("reads as", "the caller"),) if "invoker" in thing.traits else ()),
            *((literals("behind a barrier", "yes"),) if "barrier" in thing.traits else ()),
        )

    def entries(self, thing: Thing, more: tuple[Where, ...]) -> None:
        """Each entry of the access list; rows as row security leaves them."""
        known = () if thing.name[1] != "*" else self.known(thing)
        for (grantee, privilege, column), held in thing.acl.items():
            if grantee == thing.owner:
                continue
            where = self.entry(thing, privilege, column, option=any(held.values()))
            if thing.kind == "schema" and set(held) == {BEFORE_15}:
                where = (*where, literals("server", "PostgreSQL before 15"))
            says = f"{privilege} on {_title(thing)}" + (f" ({column})" if column else "")
            place = thing.places.get((grantee, privilege), Place(path=""))
            if not thing.secured or privilege not in _ROWS:
                self.add(_holder(grantee), says, place, *where, *known, *more)
                continue
            for role in (PUBLIC, *sorted(self.catalogue.roles)):
                if grantee == PUBLIC or (role and grantee in self.catalogue.reaches(role)):
                    for way in self.rows(role, thing, privilege):
                        self.add(_holder(role), says, place, *where, *more, *way)

    def known(self, thing: Thing) -> tuple[Where, ...]:
        """All objects of a schema but those that are known one by one."""
        names = [
            one
            for (kind, (schema, _)), one in self.catalogue.things.items()
            if (kind, schema) == (thing.kind, thing.name[0])
        ]
        among = sorted({_name(one) for one in names if not one.here})
        return (literals("object", *among, negated=True),) if among else ()

    def entry(self, thing: Thing, privilege: str, column: str, *, option: bool) -> tuple[Where, ...]:
        """One entry as conditions."""
        return (
            *_object(thing),
            literals("privilege", privilege),
            *((literals("column", column),) if column else ()),
            *(() if option else (literals("passed on", "no"),)),
        )

    def rows(self, role: str, table: Thing, privilege: str) -> Ways:
        """The rows that policies leave to a role."""
        if role and ("bypassrls" in self.catalogue.roles[role].powers or table.owner in self.catalogue.reaches(role)):
            return [()]
        whose = {*self.catalogue.reaches(role), PUBLIC} if role else {PUBLIC}
        held = [
            policy for _, policy in sorted(table.policies.items())
            if policy.command in {"all", privilege} and (not policy.roles or whose & set(policy.roles))
        ]  # fmt: skip
        shut = all_of([self.policy(policy, privilege) for policy in held if not policy.permissive])
        opened = [way for policy in held if policy.permissive for way in self.policy(policy, privilege)]
        return [(*way, *more) for way in opened for more in shut]

    def policy(self, policy: Policy, privilege: str) -> Ways:
        """The ways in which one policy is met; without a check the test of the old row is that of the new one."""
        parts: list[Ways] = []
        if privilege != "insert" and policy.using is not None:
            parts.append(ways(policy.using, "the row"))
        check = policy.check if policy.check is not None else policy.using
        if privilege in {"insert", "update"} and check is not None:
            parts.append(ways(check, "the new row"))
        return all_of(parts)

    def function(self, thing: Thing) -> None:
        """Functions that give more than their caller has: definers, untrusted languages, those not made here."""
        language = thing.traits.get("language", "")
        if thing.here and "definer" not in thing.traits and language in _TRUSTED:
            return
        runs = (
            literals(
                "runs as", thing.owner if "definer" in thing.traits else "the server" if thing.here else ELSEWHERE
            ),
            literals("does", thing.traits.get("body", "")),
            *((literals("names found by", thing.traits["path"]),) if "path" in thing.traits else ()),
        )
        self.entries(thing, runs)
        for grantee, privilege, _ in thing.acl:
            if privilege == "execute" and grantee != thing.owner and "definer" in thing.traits:
                for object_, what in self.touched(thing):
                    via = (object_, literals("privilege", what), literals("via", _name(thing)))
                    self.add(_holder(grantee), f"{what} by {_title(thing)}", thing.place, *via)
        if "triggered" in thing.traits:
            self.add(
                EVERYBODY,
                f"set off {_title(thing)}",
                thing.place,
                literals("object", f"trigger to {_name(thing)}"),
                *runs,
            )

    def touched(self, function: Thing) -> Iterator[tuple[Where, str]]:
        """Tables that the body of a function reads or changes, as far as it is read."""
        body = function.traits.get("body", "")
        for word, name in sorted(set(_TOUCHED.findall(body))):
            what = {"into": "insert", "update": "update"}.get(word, "select")
            what = "delete" if re.search(rf"\bdelete from (?:only )?{re.escape(name)}(?![\w$])", body) else what
            schema, _, own = name.rpartition(" . ")
            full = self.catalogue.resolved("table", (schema, own))
            if ("table", full) in self.catalogue.things:
                yield literals("object", _name(self.catalogue.things["table", full])), what

    def default(self, creator: str, schema: str, kind: str, thing: Thing) -> None:
        """What will be granted on objects to come, as far as it is more than PostgreSQL gives."""
        usual = Thing(kind=kind, name=thing.name, owner=creator, here=True)
        usual.public_at_first()
        whose = "" if creator == MIGRATION else f" of {creator}"
        what = f"{kind} to come{whose} in {schema or 'any schema'}"
        for (grantee, privilege, _), held in thing.acl.items():
            if (grantee, privilege, "") in usual.acl and not any(held.values()):
                continue
            more = () if any(held.values()) else (literals("passed on", "no"),)
            place = thing.places.get((grantee, privilege), Place(path=""))
            says = f"{privilege} on every {what}"
            self.add(_holder(grantee), says, place, literals("object", what), literals("privilege", privilege), *more)


def _name(thing: Thing) -> str:
    schema = f"{thing.name[0]}." if thing.name[0] else ""
    return f"{'' if thing.here else 'existing '}{thing.kind} {schema}{thing.name[1]}"


def _title(thing: Thing) -> str:
    kind = thing.traits.get("view", thing.kind)
    return f"{kind} {thing.name[0] + '.' if thing.name[0] else ''}{thing.name[1]}"


def _object(thing: Thing) -> tuple[Where, ...]:
    if thing.name[1] == "*":
        return (Where(dimension="object", among=(glob(_name(thing)),)),)
    return (literals("object", _name(thing)),)
