"""What a secret that a scanner found opens and who uses it, read from the base tree, and never the secret (R36, R8)."""

from __future__ import annotations

import time

import msgspec
import pytest
from corpus.secrets.seeded import FORMS, seeded, windows
from hypothesis import given
from hypothesis import strategies as st

from magistrate.domain.impact import SecretReach
from magistrate.errors import Usage
from magistrate.impact.reach.consumers import MAX_TEXT
from magistrate.impact.reach.found import MAX_NAMES, MAX_PLACES, reaches_of, secrets_at
from magistrate.judge import answer

VALUE = "s3cr3t-value-of-orders"
MAP = "reach:\n  environments: {production: ['**']}\n  secrets: {ORDERS_PASSWORD: [orders-db, reports]}\n"
TREE = {
    "app/settings.py": f"import os\n\nORDERS_PASSWORD = '{VALUE}'\n",
    "app/db.py": "from app.settings import ORDERS_PASSWORD\nconnect(ORDERS_PASSWORD)\n",
    ".github/workflows/ship.yml": "on: push\njobs:\n  ship:\n    runs-on: x\n    steps:\n    - run: ./ship\n      env:\n        PGPW: ${{ secrets.ORDERS_PASSWORD }}\n",
    "ship": "psql -p $PGPW\n",
    "old/config.json": f'{{"password": "{VALUE}"}}\n',
    "quiet.py": "x = 1\n",
    ".magistrate.yml": MAP,
}  # fmt: skip


def at(path: str, start: int, tree: dict[str, str] | None = None, *, known: bool = True) -> tuple[SecretReach, ...]:
    (rows,) = secrets_at(TREE if tree is None else tree, [(path, start, start)], known=known)
    return rows


@pytest.mark.requirement("R36")
def test_a_found_secret_opens_what_is_declared_and_each_user_is_listed() -> None:
    (row,) = at("app/settings.py", 3)
    assert (row.name, row.opens) == ("ORDERS_PASSWORD", ("orders-db", "reports"))
    assert row.consumers == (
        "app/db.py", "app/settings.py", "gha:.github/workflows/ship.yml#ship", "old/config.json", "ship",
    )  # fmt: skip


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("path", "line"), [("app/settings.py", 0), ("app/settings.py", 99), ("gone.py", 1), ("quiet.py", 2)]
)
def test_a_place_that_names_nothing_opens_what_nobody_knows(path: str, line: int) -> None:
    (row,) = at(path, line)
    assert (row.name, row.opens) == ("*", ("unknown",))
    assert "unknown" in row.consumers


@pytest.mark.requirement("R36")
def test_what_nobody_declares_or_a_tree_that_is_not_whole_is_unknown() -> None:
    (row,) = at("old/config.json", 1)
    assert (row.name, row.opens) == ("password", ("unknown",))
    assert {"app/settings.py", "old/config.json"} <= set(row.consumers)
    assert "unknown" in at("app/settings.py", 3, known=False)[0].consumers
    bare = {path: text for path, text in TREE.items() if path != ".magistrate.yml"}
    assert at("app/settings.py", 3, bare)[0].opens == ("unknown",)
    broken = {**TREE, ".magistrate.yml": MAP + "  oddly: {a: [b]}\n"}
    assert at("app/settings.py", 3, broken)[0].opens == ("unknown",)
    large = {**TREE, "app/settings.py": TREE["app/settings.py"] + "#" * MAX_TEXT}
    assert at("app/settings.py", 3, large)[0].opens == ("unknown",)


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("connect(password='x-y-z-secret')", "password"),
        ("def f(user, db_password='x-y-z-secret'):", "db_password"),
        ("const apiKey = `x-y-z-secret`;", "apiKey"),
        ('"client-secret": "x-y-z-secret",', "client-secret"),
        ('config["api_key"] = "x-y-z-secret"', "api_key"),
        ("db.password: x-y-z-secret", "password"),
        ("    way := 'x-y-z-secret'", "way"),
        ("export GH_TOKEN=x-y-z-secret", "GH_TOKEN"),
        ("ARG DEPLOY=x-y-z-secret", "DEPLOY"),
        ("  token: ${{ secrets.LIVE_TOKEN }}", "LIVE_TOKEN"),
    ],
)
def test_the_name_is_what_the_secret_is_given_as(line: str, name: str) -> None:
    assert name in {row.name for row in at("a.txt", 1, {"a.txt": line + "\n"})}


@pytest.mark.requirement("R36", "R8")
@pytest.mark.parametrize(
    "line",
    [
        'x["s3cr3tvalue1234"] = 1', '{"AKIAIOSFODNN7EXAMPLE": 1}', "AKIAIOSFODNN7EXAMPLE: 1", "yMFBVGFFTEVuYXk: 1", "hf_abcdefghijklmnopqrstuvwxyzabcdefghijkl=1",
        "MIIEvQIBADANBgkqhkiGwBAQEFAASCBKcwggSjAgEAAoIBAQDab=", "password = 'password: hunter-two'", "token=secrettoken:abcd",
        "url = 'postgres://me:hunter-secret@db/x'", "PASSWORD=hunter-secret=", "curl -H 'Authorization: Bearer hunter-secret'",
    ],
)  # fmt: skip
def test_what_may_be_the_value_is_never_told(line: str) -> None:
    told = msgspec.json.encode(
        reaches_of({"texts": {"a.env": line + "\n"}, "complete": True, "places": [["a.env", 1, 1]]})
    )
    for part in ("s3cr3t", "AKIA", "yMFB", "abcdefgh", "MIIEv", "hunter", "secrettoken"):
        assert part.encode() not in told


@pytest.mark.requirement("R36", "R8")
@given(
    st.text(alphabet="abcXYZ0189_-=:.'\" {}$\n", max_size=80), st.text(alphabet="ghjkGHJK4567", min_size=8, max_size=30)
)
def test_a_value_in_quotes_is_never_told_whatever_stands_around_it(around: str, value: str) -> None:
    texts = {"a.py": f"{around}\ntoken = '{value}' {around}\n", "b.py": f"x = '{value}'\n"}
    places = [["a.py", line, line + 1] for line in range(4)]
    told = msgspec.json.encode(reaches_of({"texts": texts, "complete": True, "places": places})).decode()
    assert value not in told


@pytest.mark.requirement("R36", "R8")
@pytest.mark.parametrize("form", sorted(FORMS))
def test_no_piece_of_a_secret_of_any_kind_is_told_in_whatever_form_it_stands(form: str) -> None:
    for secret in seeded(each=3):
        text = f"x\n{FORMS[form](secret.value)}\ny\n"
        files = dict.fromkeys(("a.env", "b.py", "c.yml"), text)
        places = [[path, line, line] for path in files for line in range(1, min(text.count("\n"), 60) + 1)]
        told = msgspec.json.encode(reaches_of({"texts": files, "complete": True, "places": places})).decode()
        assert not windows(secret.value, told)
        assert "*" in told


@pytest.mark.requirement("R36")
def test_more_names_than_can_be_told_are_one_that_may_be_any() -> None:
    line = "".join(f"token_{letter}=x, " for letter in "abcdefghij"[: MAX_NAMES + 2])
    rows = at("a.py", 1, {"a.py": line, ".magistrate.yml": MAP})
    assert len(rows) == MAX_NAMES + 1
    assert (rows[-1].name, rows[-1].opens) == ("*", ("unknown",))


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    "request_",
    [
        {}, {"texts": {}}, {"texts": [], "places": []}, {"texts": {"a": 1}, "places": []}, {"texts": {}, "places": [["a", 1]]},
        {"texts": {}, "places": [["a", 1, True]]}, {"texts": {}, "places": [["a", "1", 1]]},
        {"texts": {}, "places": [["a", 1, 1]] * (MAX_PLACES + 1)},
    ],
)  # fmt: skip
def test_a_request_of_another_shape_is_refused(request_: dict[str, object]) -> None:
    with pytest.raises(Usage) as caught:
        reaches_of(request_)
    assert caught.value.code == "MAG-E250"


@pytest.mark.requirement("R36")
def test_the_judge_answers_and_takes_a_tree_of_unknown_wholeness_for_part_of_one() -> None:
    asked = {"v": 1, "mode": "secrets", "texts": TREE, "places": [["app/settings.py", 3, 3], ["gone.py", 1, 1]]}
    said, status = answer(msgspec.json.encode(asked))
    first, second = msgspec.json.decode(said)["places"]
    assert status == 0
    assert first[0]["opens"] == ["orders-db", "reports"]
    assert "unknown" in first[0]["consumers"]
    assert second[0]["opens"] == ["unknown"]


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    "text",
    [
        "a:\n secret:" + "\n" * 100_000, "x: ${{ secrets.A }} " * 5_000, "os.environ['A_TOKEN'] " * 5_000,
        "A_TOKEN " * 12_000, "kind: Secret\n" + "data:\n" * 16_000, "a: >-\n" + " ${{ secrets.A }}\n" * 5_000,
    ],
    ids=["blank", "one line of secrets", "one line of reads", "one line of names", "empty parts", "one block"],
)  # fmt: skip
def test_a_hostile_text_is_read_in_time(text: str) -> None:
    before = time.process_time()
    for path in ("a.yml", "a.py", "a.tf", ".env"):
        assert secrets_at({path: text}, [(path, 1, 3)], known=True)
    assert time.process_time() - before < 20
