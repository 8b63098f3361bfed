"""Entitlements of real PostgreSQL servers: read as they are, changed from exactly one set to exactly another, or not at all."""

from __future__ import annotations

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paths import ROOT
from world.postgres import USER, program_folders
from world.postgres_grants import HOLDERS, HOSTILE, ODD, OWNER, SCHEMAS, Store, word
from world.postgres_leases import DATABASE, GROUP, ISSUER, Executor, Shop

from magistrate.domain.entitlements import (
    COLUMN_RIGHTS,
    PUBLIC,
    RIGHTS,
    Entitlement,
    ObjectKind,
    entitlements_of,
    text_of,
)
from magistrate.errors import Refused, Unavailable
from magistrate.executor.credentials import postgres_entitlements, postgres_place
from magistrate.executor.credentials.postgres_catalog import given as given_by_catalog
from magistrate.executor.credentials.postgres_catalog import things

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres-role")]
VERSIONS: list[Path | None] = [*program_folders()] or [None]
TABLE, SEQUENCE, FUNCTION, SCHEMA = ObjectKind.TABLE, ObjectKind.SEQUENCE, ObjectKind.FUNCTION, ObjectKind.SCHEMA


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda folder: str(folder)[-24:].replace("/", "-"))
def shop(request):
    made = Shop(request.param)
    yield made
    made.server.remove()


@pytest.fixture(scope="module")
def ground(shop):
    return Store(shop)


@pytest.fixture
def store(ground):
    yield ground.open()
    ground.close()


@pytest.fixture
def executor(shop, tmp_path):
    opened = Executor(shop, tmp_path / "executor").open()
    yield opened
    opened.close()
    shop.drop_leases()


@pytest.fixture
def system(store, executor):
    return store.entitlements(executor)


def on(name="price", *, right="SELECT", holder="clerk", kind=TABLE, schema="store", **more):
    return Entitlement(kind=kind, schema=schema, name=name, right=right, holder=holder, **more)


def changed(system, executor, before, after):
    """One lease, one change, as the hands do it."""
    with executor.hands.lease(executor.act()) as credential:
        system.change(credential, frozenset(before), frozenset(after))


def refused(system, executor, before, after):
    """The change is refused, and the server has what it had."""
    there = system.read()
    with pytest.raises(Refused) as caught:
        changed(system, executor, before, after)
    assert caught.value.code == "MAG-E403"
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 1500
    assert system.read() == there
    return caught.value.message


def in_the_schema(store, role, statement):
    store.run(f"grant usage on schema store to {role}")
    store.run(statement, role=role)
    store.run(f"revoke usage on schema store from {role}")


def everything(store, version):
    """Each right that there is on each object of the store, and on a column, for one holder."""
    rights = {kind: {one for one in some if one != "MAINTAIN" or version >= 170000} for kind, some in RIGHTS.items()}
    with store.shop.connected() as link:
        named = things(link, SCHEMAS)
    whole = [
        Entitlement(kind=kind, schema=schema, name=name, arguments=arguments, holder="clerk", right=right)
        for kind, schema, name, arguments in named for right in rights[kind]
    ]  # fmt: skip
    columns = [on(column=column, right=right) for column in ("cents", 'The "Owner"', "ctid") for right in COLUMN_RIGHTS]
    return [*whole, *columns, on(ODD, schema=ODD, column=ODD)]


# what is there


@pytest.mark.requirement("R5")
def test_every_right_on_every_kind_of_object_is_given_read_written_down_and_taken(store, executor, system):
    every = everything(store, store.shop.version)
    assert len(every) > 60
    assert {one.kind for one in every} == set(ObjectKind)
    for grantable, holders in ((False, ("clerk", HOSTILE, PUBLIC)), (True, ("Night Shift",))):
        wanted = {replace(one, holder=holder, grantable=grantable) for one in every for holder in holders}
        changed(system, executor, set(), wanted)
        found = system.read()
        assert found == wanted
        assert entitlements_of(text_of(found)) == found
        changed(system, executor, found, set())
        assert system.read() == frozenset()
    assert store.shop.roles() == []


@pytest.mark.requirement("R5")
def test_what_the_server_gives_by_default_counts_and_the_owner_the_group_and_leases_do_not(store, executor, system):
    lease = "lease_abc_" + "a" * 26
    store.run(
        "create function store.fresh() returns int language sql as 'select 1'", f"create role {lease}",
        f"create role lease_office; grant select on store.price to {lease}, lease_office, {GROUP}, {OWNER}",
        f"alter function store.fresh() owner to {OWNER}", "create table store.new(a int); grant select on store.new to clerk",
        "create table elsewhere(a int); grant select on elsewhere to clerk",
    )  # fmt: skip
    try:
        assert system.read() == {
            on("fresh", kind=FUNCTION, right="EXECUTE", holder=PUBLIC), on(holder="lease_office"), on("new"),
        }  # fmt: skip
    finally:
        store.run(f"drop owned by {lease}, lease_office; drop role {lease}, lease_office; drop table elsewhere")


@pytest.mark.requirement("R5")
def test_one_moment_is_read_also_while_others_grant(store, executor, system):
    """Every grant is of two rights in one transaction, so that a read that saw one of them only would be of two moments."""
    ended: list[bool] = []

    def grant_and_revoke():
        with store.shop.connected() as link:
            while not ended:
                with link.transaction():
                    link.execute("grant select on store.price to clerk")
                    link.execute("grant usage on store.counted to clerk")
                with link.transaction():
                    link.execute("revoke select on store.price from clerk")
                    link.execute("revoke usage on store.counted from clerk")

    both = {on(), on("counted", kind=SEQUENCE, right="USAGE")}
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(grant_and_revoke)
        seen = [system.read() for _ in range(120)]
        ended.append(True)
        work.result(20)
    assert {frozenset(both), frozenset()} == set(seen)


@pytest.mark.requirement("R5")
@pytest.mark.parametrize("name", ["two\nlines", "\u202egnp.x", "a\u200bb"])
def test_a_name_that_no_document_can_say_is_told_and_not_left_out(store, system, name):
    store.run(f"create table store.{word(name)}(a int)", f"grant select on store.{word(name)} to clerk")
    with pytest.raises(Refused, match="no document can say this") as caught:
        system.read()
    assert caught.value.message.isprintable()


@pytest.mark.requirement("R5")
def test_a_schema_that_is_gone_is_not_one_that_gives_nothing_away(store, executor, system):
    store.run("drop schema store cascade")
    with pytest.raises(Refused, match="there is no schema `store`") as caught:
        system.read()
    assert caught.value.code == "MAG-E403"


# a change


@pytest.mark.requirement("R5")
def test_a_repeated_change_is_nothing_to_do(store, executor, system):
    changed(system, executor, set(), {on()})
    [[stamp]] = store.shop.sql("select xmin::text from pg_class where oid = 'store.price'::regclass")
    changed(system, executor, set(), {on()})
    changed(system, executor, {on()}, {on()})
    assert system.read() == {on()}
    assert store.shop.sql("select xmin::text from pg_class where oid = 'store.price'::regclass") == [(stamp,)]


@pytest.mark.requirement("R5")
def test_what_drifted_is_refused_in_words_and_nothing_is_changed(store, executor, system):
    store.run("grant select, delete on store.price to auditor")
    told = refused(system, executor, {on()}, {on(right="UPDATE")})
    assert "not as it was when this was approved" in told
    assert "there is GRANT DELETE ON TABLE store.price TO auditor; (given by `keeper`)" in told
    assert "there is no GRANT SELECT ON TABLE store.price TO clerk;" in told
    store.run("grant insert, update, truncate on store.price to auditor")
    assert "; and 3 more" in refused(system, executor, {on()}, set())


@pytest.mark.requirement("R5")
def test_a_right_to_hand_on_is_given_and_taken_by_itself(store, executor, system):
    plain, handed = on(), on(grantable=True)
    column = on(column="cents", right="UPDATE")
    for before, after in (
        (set(), {plain}), ({plain}, {handed}), ({handed}, {plain}), ({plain}, {handed, column}),
        ({handed, column}, {plain, replace(column, grantable=True)}),
        ({plain, replace(column, grantable=True)}, {column}), ({column}, set()),
    ):  # fmt: skip
        changed(system, executor, before, after)
        assert system.read() == after
    told = refused(system, executor, set(), {on(holder=PUBLIC, grantable=True)})
    assert "everybody cannot be given the right to hand on" in told


@pytest.mark.requirement("R5")
def test_a_right_on_a_table_goes_and_those_on_its_columns_stay(store, executor, system):
    """REVOKE on a table takes the same right on its columns along; they are given again in the same transaction."""
    columns = {on(column="cents"), on(column="item", grantable=True)}
    changed(system, executor, set(), {on(), *columns})
    changed(system, executor, {on(), *columns}, columns)
    assert system.read() == columns


@pytest.mark.requirement("R5")
def test_what_another_one_gave_cannot_be_taken_so_nothing_is(store, executor, system):
    store.run("grant select on store.price to clerk", role=OWNER)
    told = refused(system, executor, {on()}, {on("cheap")})
    assert "would not lead to what was approved" in told
    assert "there is GRANT SELECT ON TABLE store.price TO clerk; (given by `keeper`)" in told
    store.run("grant select on store.price to clerk", role=GROUP)
    assert "(given by `keeper`)" in refused(system, executor, {on()}, set())
    store.run("revoke select on store.price from clerk", role=OWNER)
    changed(system, executor, {on()}, set())


@pytest.mark.requirement("R5")
def test_what_its_holder_handed_on_is_not_taken_along(store, executor, system):
    handed = on(grantable=True)
    changed(system, executor, set(), {handed})
    in_the_schema(store, "clerk", "grant select on store.price to auditor")
    both = {handed, on(holder="auditor")}
    assert system.read() == both
    for after in ({on(holder="auditor")}, {on(), on(holder="auditor")}, set()):
        assert "dependent privileges exist" in refused(system, executor, both, after)
    in_the_schema(store, "clerk", "revoke select on store.price from auditor")
    changed(system, executor, {handed}, set())


@pytest.mark.requirement("R5")
def test_the_group_needs_the_right_to_hand_on(store, executor, system):
    store.run(
        f"revoke grant option for delete on store.price from {GROUP}", f"revoke all on store.counted from {GROUP}"
    )
    told = refused(system, executor, set(), {on(), on(right="DELETE")})
    assert "there is no GRANT DELETE ON TABLE store.price TO clerk;" in told
    told = refused(system, executor, set(), {on(), on("counted", kind=SEQUENCE, right="USAGE")})
    assert "the server forbids a step (permission denied for sequence counted)" in told


@pytest.mark.requirement("R5")
@pytest.mark.parametrize("after", [
    on("nothing"), on(kind=SEQUENCE, right="USAGE"), on("counted"), on(holder="nobody_here"), on(column="colour"),
    on(schema="public"), on(schema="pg_catalog", name="pg_authid"), on("worth", kind=FUNCTION, right="EXECUTE", arguments="int"),
    on("worth", kind=FUNCTION, right="EXECUTE"), on("", kind=SCHEMA, schema="sto", right="USAGE"),
    on(right="SELECT, DELETE"), on(right="ALL"), on(column="item", right="DELETE"), on(right="select on store.price to public; --"),
    on("", kind=SCHEMA, right="SELECT"), on("price\0"), on(holder="clerk\udcff"), on("PRICE"), on("x" * 5000),
    on(holder='clerk"; drop role auditor; --'), on('price"; drop table store.price; --'),
    on("worth", kind=FUNCTION, right="EXECUTE", arguments="integer) to public; drop table store.price; --"),
], ids=lambda one: text_of({one})[:90].encode("ascii", "replace").decode().replace("\0", "0").strip())  # fmt: skip
def test_a_name_or_a_right_that_the_server_does_not_know_is_refused_before_anything_is_changed(
    store, executor, system, after
):
    mark = len(store.shop.log())
    told = refused(system, executor, set(), {on("cheap"), after})
    assert "would not lead" not in told
    assert "forbids a step" not in told
    assert "grant SELECT" not in store.shop.log()[mark:], "nothing was tried"


@pytest.mark.requirement("R5", "R50")
@pytest.mark.parametrize(("holder", "why"), [
    (GROUP, "rights of leases"), (ISSUER, "performs no effect"), (OWNER, "owns it"),
    ("lease_abc_" + "a" * 26, "rights of leases"),
])  # fmt: skip
def test_nothing_is_given_to_who_must_not_have_it(store, executor, system, holder, why):
    made = holder.startswith("lease")
    store.run(*([f"create role {holder}"] if made else []))
    try:
        assert why in refused(system, executor, set(), {on(holder=holder)})
    finally:
        store.run(*([f"drop role {holder}"] if made else []))


@pytest.mark.requirement("R5")
def test_a_hostile_document_gives_what_it_names_and_does_nothing_else(store, executor, system):
    text = (
        f"GRANT SELECT ON TABLE {word(ODD)}.{word(ODD)} TO {word(HOSTILE)};\n"
        f"GRANT UPDATE ({word(ODD)}) ON TABLE {word(ODD)}.{word(ODD)} TO {word(HOSTILE)}, PUBLIC;\n"
        f"GRANT EXECUTE ON FUNCTION {word(ODD)}.{word(ODD)}() TO {word(HOSTILE)} WITH GRANT OPTION;\n"
    )
    tables = store.shop.sql("select count(*) from pg_class")
    wanted = entitlements_of(text)
    assert len(wanted) == 4
    changed(system, executor, set(), wanted)
    assert system.read() == wanted
    assert store.shop.sql("select count(*) from pg_class") == tables
    assert store.shop.sql("select count(*) from pg_roles where rolname = any(%s)", DATABASE, list(HOLDERS)) == [(4,)]


# others, and the end of the world


@pytest.fixture(params=["read committed", "serializable"])
def isolation(shop, request):
    shop.sql(f"alter database {DATABASE} set default_transaction_isolation = '{request.param}'")
    yield request.param
    shop.sql(f"alter database {DATABASE} reset default_transaction_isolation")


@pytest.mark.requirement("R5", "R62")
def test_an_error_in_the_middle_changes_nothing(store, executor, system):
    store.run(
        "create function public.no() returns event_trigger language plpgsql as $$ declare n text; begin"
        " if exists (select 1 from pg_class where oid = 'store.price'::regclass and relacl::text like '%clerk%')"
        " then raise exception 'enough'; end if; end $$",
        "create event trigger no on ddl_command_end when tag in ('GRANT') execute function public.no()",
    )
    try:
        wanted = {on("cheap"), on("kept"), on(), on("sold")}
        assert "the server forbids a step (enough)" in refused(system, executor, set(), wanted)
    finally:
        store.run("drop event trigger no", "drop function public.no()")
    changed(system, executor, set(), wanted)
    assert system.read() == wanted


@pytest.mark.requirement("R5", "R62")
def test_two_changes_at_once_from_the_same_state_are_one(store, executor, system, isolation):
    ways = [frozenset({on(right="UPDATE")}), frozenset({on(right="DELETE")})]

    def work(way):
        after, credential = way
        try:
            system.change(credential, frozenset(), after)
        except Refused as error:
            return error.code
        return "done"

    for _ in range(5):
        credentials = [executor.mint(), executor.mint()]
        with ThreadPoolExecutor(2) as pool:
            told = list(pool.map(work, zip(ways, credentials, strict=True)))
        for credential in credentials:
            executor.roles.revoke(credential.lease)
        assert sorted(told) == ["MAG-E403", "done"]
        assert system.read() == ways[told.index("done")]
        changed(system, executor, system.read(), set())


@pytest.mark.requirement("R5")
def test_a_turn_that_another_one_keeps_is_waited_for_and_then_given_up(store, executor, system, monkeypatch):
    monkeypatch.setattr(postgres_place, "_STATEMENT_MS", 300)
    with store.shop.connected() as link:
        with link.transaction():
            link.execute("select pg_advisory_xact_lock(hashtextextended('magistrate entitlements', 0))")
            with pytest.raises(Unavailable) as caught:
                changed(system, executor, set(), {on()})
        assert caught.value.code == "MAG-E413"
    assert system.read() == frozenset()


@pytest.mark.requirement("R5")
def test_what_another_one_changes_meanwhile_is_seen_by_the_look_afterwards(
    store, executor, system, monkeypatch, isolation
):
    looks: list[str] = []

    def looked(link, schemas, group):
        if len(looks) == 2:
            store.run("grant truncate on store.kept to auditor")
        looks.append(group)
        return given_by_catalog(link, schemas, group)

    monkeypatch.setattr("magistrate.executor.credentials.postgres_entitlements.given", looked)
    with pytest.raises(Refused, match="would not lead") as caught:
        changed(system, executor, set(), {on()})
    assert "there is GRANT TRUNCATE ON TABLE store.kept TO auditor;" in caught.value.message
    assert system.read() == {on("kept", right="TRUNCATE", holder="auditor")}


@pytest.mark.requirement("R53")
def test_a_credential_that_is_dead_changes_nothing_and_its_password_is_never_said(store, executor, system):
    credential = executor.mint()
    executor.roles.revoke(credential.lease)
    with pytest.raises(Unavailable) as caught:
        system.change(credential, frozenset(), frozenset({on()}))
    assert credential.token not in caught.value.diagnostics()
    assert system.read() == frozenset()


@pytest.mark.requirement("R5", "R53")
def test_killed_anywhere_in_a_change_it_is_whole_or_not_there_and_the_next_call_ends_it(store, executor, system):
    names = ("price", "cheap", "kept", "sold", "far")
    wanted = frozenset(
        on(name, right=right, holder=who) for name in names for right in ("SELECT", "DELETE") for who in HOLDERS
    )
    sides = [frozenset[Entitlement](), wanted]
    seen: set[bool] = set()
    pause = 0.0
    for round_ in range(300):
        if round_ >= 30 and seen == {True, False}:
            break
        before, after = sides[round_ % 2], sides[(round_ + 1) % 2]
        credential = executor.mint()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, b"x")
                system.change(credential, before, after)
                os.write(writer, b"y")
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as told:
            assert told.read(1) == b"x"
            time.sleep(pause)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pause = 0.0 if told.read() == b"y" else pause + 0.003
        executor.roles.revoke(credential.lease)
        now = system.read()
        assert now in sides, "half a change"
        seen.add(now == after)
        changed(system, executor, before, after)
        assert system.read() == after
    assert seen == {True, False}, "the kills came too late or too early"


# the page


@pytest.mark.requirement("R5", "R82")
def test_what_the_page_has_a_superuser_do_makes_a_database_whose_entitlements_can_all_be_changed(
    shop, ground, executor
):
    page = (ROOT / "docs" / "entitlements.md").read_text()
    roles, *blocks = re.findall(r"^```sql\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert f"create role {GROUP}" in roles, "the shop has these already"
    assert len(blocks) == 3
    made = (
        "create schema shop authorization keeper", "set role keeper", 'create table shop.price(item text, "The ""Cents""" int)',
        "create sequence shop.counted", "create function shop.worth(int, text) returns int language sql as 'select 1'",
        "create procedure shop.done() language sql as 'select 1'", "grant usage on schema shop to public",
        'grant select, update ("The ""Cents"""), select (item) on shop.price to clerk, "Night Shift"',
        f"grant insert on shop.price to {word(HOSTILE)} with grant option", "grant all on shop.counted to auditor", "reset role",
    )  # fmt: skip
    try:
        ground.run(*made)
        system = postgres_entitlements.PostgresEntitlements(shop.place(), ("shop",), executor.roles)
        before = system.read()
        assert len(before) == 13
        for block in blocks:
            shop.sql(block)
        ground.run(
            "create table shop.later(a int)",
            "create function shop.later() returns int language sql as 'select 1'",
            role=OWNER,
        )
        assert system.read() == before, "what was given stays given, and what is made later gives nothing"
        assert {
            who for some in postgres_entitlements.read_entitlements(shop.place(), ("shop",)).values() for who in some
        } == {GROUP}
        later = {on("later", schema="shop"), on("later", schema="shop", kind=FUNCTION, right="EXECUTE", holder=PUBLIC)}
        changed(system, executor, before, later)
        assert system.read() == later
        changed(system, executor, later, before)
        assert system.read() == before
    finally:
        shop.sql("drop schema if exists shop cascade")
        shop.sql(f"alter default privileges for role {OWNER} grant execute on routines to public")


# any change


def tags(kind, name, rights, column=""):
    return [on(name, kind=kind, right=right, column=column) for right in rights]


POOL = [
    replace(one, holder=holder, grantable=grantable)
    for one in (
        *tags(TABLE, "price", ("SELECT", "UPDATE", "TRUNCATE")), *tags(TABLE, "price", ("SELECT", "UPDATE"), "cents"),
        *tags(TABLE, "price", ("SELECT",), "item"), *tags(TABLE, "cheap", ("SELECT",)), *tags(SEQUENCE, "counted", ("USAGE",)),
        *tags(SCHEMA, "", ("USAGE",)), on(ODD, schema=ODD, kind=FUNCTION, right="EXECUTE"),
    )
    for holder in ("clerk", HOSTILE, PUBLIC)
    for grantable in (False, True) if holder or not grantable
]  # fmt: skip


@st.composite
def sets(draw):
    some = draw(st.lists(st.sampled_from([one for one in POOL if one.holder or not one.grantable]), max_size=14))
    return frozenset({replace(one, grantable=False): one for one in some}.values())


@pytest.mark.requirement("R5")
def test_between_any_two_sets_the_server_ends_with_exactly_the_second(store, executor, system):
    now: frozenset[Entitlement] = frozenset()

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(after=sets())
    def run(after):
        nonlocal now
        credential = executor.mint()
        try:
            system.change(credential, now, after)
        finally:
            executor.roles.revoke(credential.lease)
        now = after
        assert system.read() == after

    run()
    assert now


@pytest.mark.requirement("R50")
def test_the_issuing_role_reads_the_entitlements_and_changes_none(store, executor, system):
    assert system.read() == frozenset()
    with store.shop.connected() as link:
        link.execute(f"set role {ISSUER}")
        for statement in ("grant select on store.price to clerk", "select * from store.price"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                link.execute(statement)
    assert USER not in {one.holder for one in system.read()}
