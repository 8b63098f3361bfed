"""The same patch is decided by where it lands, and what cannot be undone asks for two people everywhere (R27, R30)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from world.deployment import default_policies, default_policy

from magistrate.authority.floor import Ground, floor_ruling
from magistrate.domain.impact import ChangeClass, FileChange, Proof, ProofStatus, Strictness
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.case import Case
from magistrate.judge import assessment
from magistrate.policy.decide import decide
from magistrate.wire.assessment import Verdict
from magistrate.wire.policy_bundle import PolicyBundle, PolicyText

ASSESSOR = "sha256:" + "0" * 64
WIDE = """
@id("two-for-a-wide-reach")
@obligation("approvals") @role("any") @count("2")
@why("much depends on it")
@relax("a change that less depends on")
forbid (principal, action == Magistrate::Action::"execute", resource)
when { context.blast_radius > 5 }
unless { context.approvals.any >= 2 };
"""


class OrdinaryCode:
    """Proves every file to be ordinary code, so that only what is measured makes a difference."""

    name = "ordinary/1"
    change_class = ChangeClass.CODE

    def applies(self, _file: ChangedFile) -> bool:
        return True

    def wants(self, *_args: object) -> tuple[()]:
        return ()

    def needs_base(self) -> bool:
        return False

    def prove(self, *_args: object) -> Proof:
        return Proof(
            rule=self.name, status=ProofStatus.PROVEN, change_class=self.change_class, why="", witness=(("a", "b"),)
        )


def verdict_of(after: str, tree: dict[str, str] | None, path: str = "a.py") -> dict[str, Any]:
    change = FileChange(path=path, before=b"x = 1\n", after=after.encode())
    base = BaseTree() if tree is None else BaseTree(files=tree, known=True)
    case = Case(id="c", steps=((change,),), base=base)
    return assessment(case, assess(case, (), [OrdinaryCode()], []), ASSESSOR)


def decided(verdict: dict[str, Any], *, production: bool, extra: str = "") -> dict[str, Any]:
    more = (PolicyText(name="wide.cedar", text=extra),) if extra else ()
    bundle = PolicyBundle(
        version=1, previous=None, schema=default_policy("schema.cedarschema"), policies=(*default_policies(), *more),
        commands=(), repositories=(),
    )  # fmt: skip
    place = "production" if production else "dev"
    asked = {
        "verdict": verdict, "policy": msgspec.to_builtins(bundle), "action": "merge", "environment": place,
        "production": production, "solo": False, "repository": "shop", "agent": "fixer", "provenance": "claimed",
        "context_gaps": [],
    }  # fmt: skip
    return decide(msgspec.json.decode(msgspec.json.encode(asked)))


@pytest.mark.requirement("R27")
@pytest.mark.parametrize(("production", "asks"), [(False, "one"), (True, "two")])
def test_the_same_patch_is_decided_by_where_it_lands(asks: str, *, production: bool) -> None:
    verdict = verdict_of("x = 2\n", {"a.py": "x = 1\n"})
    assert decided(verdict, production=production)["strictness"] == asks
    count = {one["role"]: one["count"] for one in decided(verdict, production=production)["obligations"]}
    assert count[None] == (1 if asks == "one" else 2)


MAP = "reach:\n  environments:\n    dev: ['*.py']\n"
NARROW = {"a.py": "x = 1\n", ".magistrate.yml": MAP}


@pytest.mark.requirement("R27")
@pytest.mark.parametrize(
    ("tree", "count"),
    [(NARROW, 1), ({**NARROW, **{f"m{n}.py": "import a\n" for n in range(6)}}, 2), ({"a.py": "x = 1\n"}, 2), (None, 2)],
    ids=["mapped", "mapped, six dependents", "no map", "no repository"],
)
def test_a_policy_of_reach_takes_what_is_not_known_for_the_largest(tree: dict[str, str] | None, count: int) -> None:
    verdict = verdict_of("x = 2\n", tree)
    counted = {one["role"]: one["count"] for one in decided(verdict, production=False, extra=WIDE)["obligations"]}
    assert counted[None] == count


@pytest.mark.requirement("R30", "R43")
@pytest.mark.parametrize("production", [False, True])
def test_what_cannot_be_undone_asks_for_two_people_and_is_never_automatic(*, production: bool) -> None:
    verdict = verdict_of("import os\nos.system('rm -rf /data')\n", NARROW)
    assert (verdict["reversible"], verdict["auto_eligible"], verdict["strictness"]) == ("no", False, "two")
    assert [(one["operation"], one["line"]) for one in verdict["no_way_back"]] == [("remove files", 2)]
    answer = decided(verdict, production=production)
    assert answer["strictness"] == "two"
    assert {one["role"]: one["count"] for one in answer["obligations"]}[None] == 2
    rules = {one["rule"] for one in answer["reasons"]}
    assert {"policy/two-for-irreversible", "floor/irreversible"} <= rules


@pytest.mark.requirement("R30")
@pytest.mark.parametrize("said", ["no", "unknown", "", "YES", "yes ", "reversible"])
def test_the_floor_takes_every_word_but_yes_for_irreversible(said: str) -> None:
    verdict = msgspec.convert({**verdict_of("x = 2\n", NARROW), "reversible": said}, Verdict)
    ground = Ground(production=False, solo=False, same_user_walls=False, drilled=True, weak=())
    assert floor_ruling(verdict, ground).strictness is Strictness.TWO
    plain = msgspec.convert(verdict_of("x = 2\n", NARROW), Verdict)
    assert floor_ruling(plain, ground).strictness is Strictness.ONE
