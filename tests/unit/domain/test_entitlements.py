"""The document of entitlements: read whole or refused, and two of them equal exactly when they give away the same."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.domain.entitlements import (
    COLUMN_RIGHTS,
    MAX_BYTES,
    MAX_ENTITLEMENTS,
    PUBLIC,
    RIGHTS,
    Entitlement,
    ObjectKind,
    entitlements_of,
    quoted,
    text_of,
)
from magistrate.errors import Refused

PLAIN = settings(max_examples=300, deadline=None, derandomize=True)
NAMES = st.sampled_from(
    ['a"b', "Ünï", "x; drop table t; --", "PUBLIC", "a,b", "a.b", "(x)", " ", "TO bob", "$", "a$1", "select", "--", '"']
) | st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=8).filter(str.isprintable)
HOLDERS = st.just(PUBLIC) | NAMES.filter(
    lambda name: name not in {"public", "none", "current_user", "current_role", "session_user"}
)
TYPES = st.sampled_from(
    ["integer", "text[]", "timestamp with time zone", '"char"', 'shop."Mood (; x)"[]', 'shop."a"",b"']
)


@st.composite
def entitlements(draw):
    kind = draw(st.sampled_from(list(ObjectKind)))
    column = draw(NAMES) if kind is ObjectKind.TABLE and draw(st.booleans()) else ""
    holder = draw(HOLDERS)
    return Entitlement(
        kind=kind, schema=draw(NAMES), name="" if kind is ObjectKind.SCHEMA else draw(NAMES), column=column, holder=holder,
        arguments=", ".join(draw(st.lists(TYPES, max_size=3))) if kind is ObjectKind.FUNCTION else "",
        right=draw(st.sampled_from(sorted(COLUMN_RIGHTS if column else RIGHTS[kind]))),
        grantable=holder != PUBLIC and draw(st.booleans()),
    )  # fmt: skip


SETS = st.lists(entitlements(), max_size=12).map(
    lambda some: frozenset({replace(one, grantable=False): one for one in some}.values())
)


@pytest.mark.slow
@pytest.mark.requirement("R5", "R28")
@PLAIN
@given(some=SETS, other=SETS, seed=st.integers(0, 9))
def test_any_set_is_written_and_read_again_in_any_order(some, other, seed):
    text = text_of(some)
    assert entitlements_of(text) == some
    lines = text.splitlines()
    random.Random(seed).shuffle(lines)
    assert entitlements_of("-- what is given away\r\n\n\t" + " \r\n\t".join(lines) + "\n--") == some
    assert (text == text_of(other)) is (some == other)


@pytest.mark.requirement("R5")
def test_one_statement_gives_each_right_to_each_holder_on_each_column():
    read = entitlements_of(
        'GRANT SELECT, UPDATE ON TABLE shop.price TO clerk, PUBLIC, "PUBLIC";\n'
        "GRANT SELECT (item,cents) ON TABLE shop.price TO auditor WITH GRANT OPTION;\n"
    )
    table = Entitlement(kind=ObjectKind.TABLE, schema="shop", name="price", holder="", right="")
    assert read == {
        *(replace(table, holder=who, right=right) for who in ("clerk", "", "PUBLIC") for right in ("SELECT", "UPDATE")),
        *(replace(table, holder="auditor", right="SELECT", column=one, grantable=True) for one in ("item", "cents")),
    }


GOOD = "GRANT SELECT ON TABLE shop.price TO clerk;"
REFUSED = [
    ("GRANT SELECT, UPDATE (cents) ON TABLE shop.price TO clerk;", "several rights on columns"),
    ("GRANT DELETE (cents) ON TABLE shop.price TO clerk;", "no right on that"),
    ("GRANT EXECUTE ON TABLE shop.price TO clerk;", "no right on that"),
    ("GRANT ALL ON TABLE shop.price TO clerk;", "no right on that"),
    ("GRANT SELECT (a) ON SEQUENCE shop.price TO clerk;", "names columns of what has none"),
    ("GRANT USAGE ON SCHEMA shop.price TO clerk;", "names no schema"),
    ("GRANT SELECT ON TABLE price TO clerk;", "names no table of a schema"),
    ("GRANT EXECUTE ON FUNCTION shop.f TO clerk;", "types of a function's arguments"),
    ("GRANT SELECT ON TABLE shop.price() TO clerk;", "types of a function's arguments"),
    ("GRANT EXECUTE ON FUNCTION shop.f(integer,text) TO clerk;", "types as the server does not"),
    ("GRANT EXECUTE ON FUNCTION shop.f(Integer) TO clerk;", "types as the server does not"),
    ("GRANT EXECUTE ON FUNCTION shop.f('a') TO clerk;", "types as the server does not"),
    ("GRANT SELECT ON TABLE shop.price TO PUBLIC WITH GRANT OPTION;", "everybody hand a right on"),
    *((f"GRANT SELECT ON TABLE shop.price TO {who};", "something else than a role")
      for who in ("public", '"public"', "current_user", '"session_user"', "current_role", "none")),
    *((text, "is no `GRANT") for text in (
        "grant SELECT ON TABLE shop.price TO clerk;", GOOD[:-1], GOOD + GOOD, GOOD + " --", "REVOKE SELECT ON TABLE a.b TO c;",
        "GRANT SELECT ON TABLE shop.price TO clerk CASCADE;", "GRANT SELECT ON TABLE shop.price TO Clerk;",
        "GRANT SELECT ON TABLE shop.price, shop.tea TO clerk;", "GRANT clerk TO auditor;", "GRANT SELECT ON shop.price TO clerk;",
        'GRANT SELECT ON TABLE shop."" TO clerk;', 'GRANT SELECT ON TABLE shop."price TO clerk;', "/* */ " + GOOD,
        "GRANT  SELECT ON TABLE shop.price TO clerk;", "GRANT EXECUTE ON FUNCTION shop.f(a); (b) TO clerk;",
        "GRANT SELECT ON ALL TABLES IN SCHEMA shop TO clerk;", "\\i other.sql", "GRANT SELECT\tON TABLE shop.price TO clerk;",
    )),
]  # fmt: skip


@pytest.mark.requirement("R5", "R28")
@pytest.mark.parametrize(("line", "why"), REFUSED, ids=[line[:70] for line, _ in REFUSED])
def test_a_line_that_is_none_of_these_is_refused_by_its_number(line, why):
    with pytest.raises(Refused) as caught:
        entitlements_of(f"{GOOD}\n\n{line}\n{GOOD}")
    assert caught.value.code == "MAG-E315"
    assert caught.value.message.startswith("line 3 of the entitlements")
    assert why in caught.value.message


@pytest.mark.requirement("R5", "R28")
@pytest.mark.parametrize(
    "hidden", ["\0", "\x1b", "\x7f", "\x85", "\u200b", "\u202e", "\u2028", "\ufeff", "\u00a0", "\r", "\v"]
)
def test_a_character_that_nobody_sees_is_refused_in_names_and_comments(hidden):
    for line in (f'GRANT SELECT ON TABLE shop."pr{hidden}ice" TO clerk;', f"-- comment{hidden}GRANT"):
        with pytest.raises(Refused, match="line 2 of the entitlements holds a character that is not seen"):
            entitlements_of(f"{GOOD}\n{line}")


@pytest.mark.requirement("R5")
def test_with_and_without_grant_option_at_once_is_refused():
    with pytest.raises(Refused, match="with and without GRANT OPTION"):
        entitlements_of(f"{GOOD}\n{GOOD[:-1]} WITH GRANT OPTION;")


@pytest.mark.slow
@pytest.mark.requirement("R28")
def test_what_is_too_much_is_refused_and_not_worked_on():
    names = ", ".join(f"a{number}" for number in range(400))
    too_many = f"GRANT SELECT ({names}) ON TABLE shop.price TO {names};"
    with pytest.raises(Refused, match=f"line 1 of the entitlements gives more than {MAX_ENTITLEMENTS} rights at once"):
        entitlements_of(too_many)
    half = ", ".join(f"a{number}" for number in range(300))
    lines = [f"GRANT SELECT ({half}) ON TABLE shop.t{number} TO {half};" for number in range(2)]
    with pytest.raises(Refused, match=f"more than {MAX_ENTITLEMENTS}"):
        entitlements_of("\n".join(lines))
    with pytest.raises(Refused, match=f"more than {MAX_BYTES} characters"):
        entitlements_of("-" * (MAX_BYTES + 1))
    with pytest.raises(Refused, match="is no `GRANT"):
        entitlements_of('GRANT SELECT ON TABLE shop.price TO "' + '""' * 400_000)
    with pytest.raises(Refused, match="is no `GRANT"):
        entitlements_of("GRANT EXECUTE ON FUNCTION shop.f(" + '""' * 400_000)


def test_a_name_is_plain_where_it_can_be_and_else_in_quotes():
    assert [quoted(name) for name in ("price", "a$1", "Price", 'a"b', "1a")] == [
        "price",
        "a$1",
        '"Price"',
        '"a""b"',
        '"1a"',
    ]
