"""Asking what the secrets of findings open: behind the walls, bounded, and `unknown` without an answer (R36, R39)."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from world.running import repository

from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.domain.finding import Finding, Severity
from magistrate.domain.impact import SecretReach
from magistrate.errors import NotFound, Unavailable
from magistrate.ports import GitReader, SandboxResult
from magistrate.usecases import finding_secrets
from magistrate.usecases.finding_secrets import FAILED_SECONDS, FindingSecrets, nobody_knows
from magistrate.usecases.judging import Judge

FILES = {
    "a.py": "ORDERS_PASSWORD = 'not-a-real-one'\n",
    "b.py": "import os\nx = os.environ['ORDERS_PASSWORD']\n",
    ".magistrate.yml": "reach:\n  environments: {production: ['**']}\n  secrets: {ORDERS_PASSWORD: [orders-db]}\n",
}
ROW = {"name": "A", "path": "a.py", "line": 1, "consumers": ["a.py"], "opens": ["db"]}


def finding(name: str = "fnd-1", rule: str = "B105", path: str = "a.py", shop: str = "shop") -> Finding:
    return Finding(
        id=name, rule=rule, tool="bandit", message="m", path=path, start_line=1, end_line=1, severity=Severity.ERROR,
        fingerprint="sha256:x", source="sha256:y", repository=shop,
    )  # fmt: skip


def unknown(path: str = "a.py") -> tuple[SecretReach, ...]:
    return (SecretReach(name="*", path=path, line=1, consumers=(path, "unknown"), opens=("unknown",)),)


class Walls:
    """Walls behind which somebody says something, once for each run."""

    level = open_sandbox().level

    def __init__(self, say: Callable[[Mapping[str, Any]], object]) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self._say = say

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", **_more: Any) -> SandboxResult:
        self.asked.append(msgspec.json.decode(stdin))
        return SandboxResult(
            returncode=0, stdout=msgspec.json.encode(self._say(self.asked[-1])), stderr=b"", timed_out=False
        )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    repository(tmp_path / "shop", FILES)
    return tmp_path / "shop"


def base(folder: Path) -> Callable[[str], tuple[GitReader, str]]:
    def read(name: str) -> tuple[GitReader, str]:
        if name != "shop":
            raise NotFound("MAG-E450", "no such repository")
        reader = RepositoryReader(folder / ".git")
        return reader, reader.tree_of(reader.resolve("HEAD"))

    return read


@pytest.mark.requirement("R36")
def test_the_real_judge_behind_its_walls_tells_what_is_opened_and_who_uses_it(shop: Path) -> None:
    asks = FindingSecrets(judge=Judge(sandbox=open_sandbox()), base_of=base(shop))
    found = asks.of([finding(), finding("fnd-2", rule="F401"), finding("fnd-3", path="gone.py")])
    assert set(found) == {"fnd-1", "fnd-3"}
    (row,) = found["fnd-1"]
    assert (row.name, row.opens, row.consumers) == ("ORDERS_PASSWORD", ("orders-db",), ("a.py", "b.py"))
    assert found["fnd-3"][0].opens == ("unknown",)


@pytest.mark.requirement("R36")
def test_of_other_findings_nobody_is_asked(shop: Path) -> None:
    walls = Walls(lambda _: {})
    asks = FindingSecrets(judge=Judge(sandbox=walls), base_of=base(shop))
    assert (asks.of([finding(rule="F401")]), walls.asked) == ({}, [])


@pytest.mark.requirement("R36", "R39")
@pytest.mark.parametrize(
    "said",
    [
        {}, {"places": []}, {"places": [[]]}, {"places": [[ROW], [ROW]]}, {"places": [[{**ROW, "more": 1}]]},
        {"places": [[{"name": "A"}]]}, {"error": {"code": "MAG-E250", "message": "no"}}, 5, None,
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_unknown(shop: Path, said: object) -> None:
    asks = FindingSecrets(judge=Judge(sandbox=Walls(lambda _: said)), base_of=base(shop))
    assert asks.of([finding()]) == {"fnd-1": unknown()}


@pytest.mark.requirement("R36", "R39")
def test_what_opens_nothing_opens_what_nobody_knows(shop: Path) -> None:
    asks = FindingSecrets(
        judge=Judge(sandbox=Walls(lambda _: {"places": [[{**ROW, "opens": []}]]})), base_of=base(shop)
    )
    assert asks.of([finding()])["fnd-1"][0].opens == ("unknown",)


@pytest.mark.requirement("R36", "R39")
def test_a_judge_that_fails_and_a_repository_that_policy_does_not_name_are_unknown(shop: Path) -> None:
    def fails(_: object) -> object:
        raise Unavailable("MAG-E253", "no walls")

    asks = FindingSecrets(judge=Judge(sandbox=Walls(fails)), base_of=base(shop))
    asked = [finding(), finding("fnd-2", shop="elsewhere")]
    assert asks.of(asked) == nobody_knows(asked) == {"fnd-1": unknown(), "fnd-2": unknown()}


@pytest.mark.requirement("R36")
def test_a_tree_is_read_once_and_one_that_fails_not_again_for_a_while(shop: Path) -> None:
    now, good = [0.0], [False]
    walls = Walls(lambda asked: {"places": [[ROW] for _ in asked["places"]]} if good[0] else {})
    asks = FindingSecrets(judge=Judge(sandbox=walls), base_of=base(shop), clock=lambda: now[0])
    for _ in range(3):
        assert asks.of([finding()])["fnd-1"] == unknown()
    assert len(walls.asked) == 1
    now[0], good[0] = FAILED_SECONDS + 1, True
    for _ in range(3):
        assert asks.of([finding()])["fnd-1"][0].opens == ("db",)
    assert len(walls.asked) == 2
    (shop / "a.py").write_text("x = 1\n")
    for words in (["add", "-A"], ["commit", "-q", "-m", "second"]):
        subprocess.run(["git", "-C", str(shop), *words], check=True)
    asks.of([finding()])
    assert len(walls.asked) == 3


@pytest.mark.requirement("R36")
def test_who_must_wait_too_long_is_told_that_nobody_knows(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding_secrets, "WAIT_SECONDS", 0.05)
    started, go = threading.Event(), threading.Event()

    def slow(_: object) -> object:
        started.set()
        go.wait(10)
        return {"places": [[ROW]]}

    asks = FindingSecrets(judge=Judge(sandbox=Walls(slow)), base_of=base(shop))
    first = threading.Thread(target=lambda: asks.of([finding()]))
    first.start()
    assert started.wait(10)
    assert asks.of([finding()]) == {"fnd-1": unknown()}
    go.set()
    first.join(10)
    assert asks.of([finding()])["fnd-1"][0].opens == ("db",)
