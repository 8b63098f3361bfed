"""Freeze windows against a reading of cron by hand, minute for minute, over changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from world.admissible import Admissible

from magistrate.authority.floor import classes_of
from magistrate.authority.stops import Reach
from magistrate.authority.windows import (
    MAX_MINUTES,
    closed_by,
    in_words,
    open_windows,
    read_window,
    verify_no_window,
    verify_windows,
)
from magistrate.domain.impact import ChangeClass
from magistrate.errors import Refused
from magistrate.wire.policy_bundle import FreezeWindow

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")
AROUND = tuple(
    int(datetime(*day, tzinfo=UTC).timestamp())
    for day in (
        (2026, 3, 29),
        (2026, 10, 25),
        (2026, 3, 8),
        (2026, 11, 1),
        (2026, 4, 5),
        (2026, 10, 4),
        (2011, 12, 30),
        (2026, 7, 1),
    )
)
"""Days on which clocks change in one of the zones; on one of them Apia had no such day at all."""


def window(cron: str = "0 18 * * fri", zone: str = "UTC", minutes: int = 60, **more: object) -> FreezeWindow:
    return FreezeWindow(window="w", cron=cron, zone=zone, minutes=minutes, reason="nobody looks", **more)  # type: ignore[arg-type]


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


@pytest.mark.requirement("R59")
@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(AROUND),
    st.integers(-36 * 60, 36 * 60),
    st.sets(st.integers(0, 59), min_size=1, max_size=3),
    st.sets(st.integers(0, 23), min_size=1, max_size=4),
    st.sets(st.integers(0, 6), min_size=1, max_size=7),
    st.integers(1, 600),
)
@example("Europe/Berlin", AROUND[1], 60, {30}, {2}, {0}, 20)
@example("America/New_York", AROUND[2], 7 * 60, {30}, {2}, {0}, 45)
def test_a_window_is_open_whenever_a_named_minute_was_not_long_ago(zone, day, offset, minutes, hours, weekdays, lasts):  # noqa: PLR0917  what hypothesis draws
    """Every minute that a clock in the zone really showed opens it; what is open besides was skipped by a change of clocks."""
    now = day + offset * 60
    cron = f"{','.join(map(str, sorted(minutes)))} {','.join(map(str, sorted(hours)))} * * {','.join(map(str, sorted(weekdays)))}"
    schedule = read_window(window(cron, zone, lasts))
    until = schedule.open_until(now)
    shown = [
        start
        for start in range(now - now % 60 - lasts * 60, now + 1, 60)
        if (local := datetime.fromtimestamp(start, UTC).astimezone(ZoneInfo(zone))).minute in minutes
        and local.hour in hours
        and local.isoweekday() % 7 in weekdays
        and start <= now < start + lasts * 60
    ]
    if shown:
        assert until is not None
        assert until >= max(shown) + lasts * 60
    elif until is not None:
        start = until - lasts * 60
        assert clocks_change(zone, start)


def clocks_change(zone: str, near: int) -> bool:
    """Whether the zone's offset is another one within a day and a half of this time."""
    offsets = {
        datetime.fromtimestamp(near + hours * 3600, UTC).astimezone(ZoneInfo(zone)).utcoffset()
        for hours in range(-36, 37)
    }
    return len(offsets) > 1


@pytest.mark.requirement("R59")
@pytest.mark.parametrize(
    ("cron", "zone", "minutes", "when", "until"),
    [
        ("0 18 * * fri", "Europe/Berlin", 3660, "2026-11-27T17:59", None),
        ("0 18 * * fri", "Europe/Berlin", 3660, "2026-11-27T18:00", "2026-11-30T07:00"),
        ("0 18 * * 5", "Europe/Berlin", 3660, "2026-11-30T06:59", "2026-11-30T07:00"),
        ("0 18 * * fri", "Europe/Berlin", 3660, "2026-11-30T07:00", None),
        ("*/15 9-17 * * mon-fri", "UTC", 5, "2026-11-27T09:19", "2026-11-27T09:20"),
        ("*/15 9-17 * * mon-fri", "UTC", 5, "2026-11-27T09:20", None),
        ("0 0 24-26 dec *", "UTC", 1440, "2026-12-26T23:59", "2026-12-27T00:00"),
        ("0 0 1 * mon", "UTC", 60, "2026-11-30T00:30", "2026-11-30T01:00"),
        ("0 0 1 * mon", "UTC", 60, "2026-12-01T00:30", "2026-12-01T01:00"),
        ("0 0 1 * mon", "UTC", 60, "2026-12-02T00:30", None),
        ("0 0 * * fri-sun", "UTC", 60, "2026-11-29T00:30", "2026-11-29T01:00"),
        ("5/20 * * * *", "UTC", 1, "2026-11-29T00:45", "2026-11-29T00:46"),
        ("0 0 29 feb *", "UTC", 1, "2028-02-29T00:00", "2028-02-29T00:01"),
        ("0 0 1 jan *", "UTC", MAX_MINUTES, "2026-01-31T23:59", "2026-02-01T00:00"),
    ],
)
def test_a_window_opens_and_closes_when_it_says(cron, zone, minutes, when, until):
    found = read_window(window(cron, zone, minutes)).open_until(at(when, zone))
    assert found == (None if until is None else at(until, zone))


@pytest.mark.requirement("R59")
def test_a_time_that_comes_twice_or_is_skipped_closes_in_either_reading():
    twice = read_window(window("30 2 * * *", "Europe/Berlin", 10))
    first, second = at("2026-10-25T00:30"), at("2026-10-25T01:30")
    assert [twice.open_until(now) for now in (first, second)] == [first + 600, second + 600]
    assert twice.open_until(first - 60) is None
    assert twice.open_until(first + 600) is None
    skipped = read_window(window("30 2 * * *", "Europe/Berlin", 10))
    before, after = at("2026-03-29T00:30"), at("2026-03-29T01:30")
    assert skipped.open_until(before) == before + 600
    assert skipped.open_until(after) == after + 600


@pytest.mark.requirement("R39", "R59")
@pytest.mark.parametrize(
    "wrong",
    [
        {"cron": "0 18 * *"},
        {"cron": "0 18 * * * *"},
        {"cron": "60 18 * * *"},
        {"cron": "0 24 * * *"},
        {"cron": "0 0 0 * *"},
        {"cron": "0 0 * 13 *"},
        {"cron": "0 0 * * 8"},
        {"cron": "0 0 * * fry"},
        {"cron": "5-1 0 * * *"},
        {"cron": "*/0 0 * * *"},
        {"cron": "*-5 0 * * *"},
        {"cron": "0,, 0 * * *"},
        {"cron": "@daily"},
        {"cron": "0 0 * * \u0661"},
        {"cron": ""},
        {"zone": "Berlin"},
        {"zone": "../../etc/passwd"},
        {"zone": "/etc/localtime"},
        {"zone": ""},
        {"zone": "Europe/Berlin\n"},
        {"minutes": 0},
        {"minutes": -5},
        {"minutes": MAX_MINUTES + 1},
    ],
    ids=repr,
)
def test_what_cannot_be_understood_is_refused_with_the_policy(wrong):
    with pytest.raises(Refused) as refused:
        verify_windows([window(**wrong)])
    assert refused.value.code == "MAG-E108"
    assert "`w`" in refused.value.message


@pytest.mark.requirement("R59")
def test_two_windows_of_one_name_and_far_too_many_are_refused():
    for many in (
        [window(), window()],
        [FreezeWindow(window=f"w{n}", cron="* * * * *", zone="UTC", minutes=1, reason="r") for n in range(201)],
    ):
        with pytest.raises(Refused):
            verify_windows(many)


@pytest.mark.requirement("R25")
@given(st.text(alphabet="0123456789*-/,abcdefnrstuwy ", max_size=40))
@settings(max_examples=400, deadline=None)
def test_any_cron_line_is_read_or_refused(text):
    try:
        schedule = read_window(window(text))
    except Refused as refused:
        if refused.code != "MAG-E108":
            raise
        return
    assert all((schedule.minutes, schedule.hours, schedule.days, schedule.months, schedule.weekdays))


EVERY = "* * * * *"
SCOPES = st.fixed_dictionaries(
    {
        "repositories": st.sampled_from([(), ("shop",), ("other",), ("other", "shop")]),
        "environments": st.sampled_from([(), ("staging",), ("live",)]),
        "classes": st.sampled_from(
            [(), (ChangeClass.CODE,), (ChangeClass.LINT, ChangeClass.CODE), (ChangeClass.GATE,)]
        ),
    }
)


@pytest.mark.slow
@pytest.mark.requirement("R59")
@given(st.lists(SCOPES, max_size=4), SCOPES)
@settings(max_examples=100, deadline=None)
def test_one_more_window_never_lets_through_what_was_stopped(scopes, more):
    change: dict[str, Any] = {
        "repository": "shop",
        "environment": "staging",
        "classes": frozenset({"code"}),
        "now": 1_790_000_000,
    }
    some = [
        FreezeWindow(window=f"w{n}", cron=EVERY, zone="UTC", minutes=1, reason="r", **scope)
        for n, scope in enumerate(scopes)
    ]
    one = FreezeWindow(window="more", cron=EVERY, zone="UTC", minutes=1, reason="r", **more)
    assert {c.window for c in closed_by(some, **change)} <= {c.window for c in closed_by([*some, one], **change)}
    covered = (
        more["repositories"] in {(), ("shop",), ("other", "shop")} and more["environments"] in {(), ("staging",)}
        and (not more["classes"] or ChangeClass.CODE in more["classes"])
    )  # fmt: skip
    assert ("more" in {c.window.window for c in closed_by([one], **change)}) is covered
    assert len(open_windows([one], change["now"])) == 1


@pytest.mark.requirement("R59")
def test_an_execution_is_refused_with_the_window_and_its_end(tmp_path):
    admitted = Admissible(tmp_path / "home").admit()
    reach = Reach.of(admitted.effect, agent="fixer", classes=classes_of(admitted.verdict))
    now = at("2026-11-27T18:30", "Europe/Berlin")
    stopping = window("0 18 * * fri", "Europe/Berlin", 3660, repositories=("shop",), environments=("staging",))
    verify_no_window([window(repositories=("other",), cron=EVERY)], reach, now)
    with pytest.raises(Refused) as refused:
        verify_no_window([stopping], reach, now)
    assert (refused.value.code, refused.value.message) == (
        "MAG-E388", "the freeze window `w` lasts until 2026-11-30 07:00 Europe/Berlin: nobody looks"
    )  # fmt: skip
    assert in_words(open_windows([stopping], now)[0]) == refused.value.message
    verify_no_window([stopping], reach, int((datetime.fromtimestamp(now, UTC) + timedelta(days=3)).timestamp()))


@pytest.mark.requirement("R39", "R59")
def test_a_policy_with_a_window_that_cannot_be_understood_is_not_trusted(tmp_path):
    case = Admissible(tmp_path / "home", windows=(window("0 99 * * *"),))
    with pytest.raises(Refused) as refused:
        case.town.trusted_policy()
    assert refused.value.code == "MAG-E108"
