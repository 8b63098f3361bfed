"""AS-02 and AS-03 as far as the assessor goes: what cannot be undone is said so, wherever it claims to land."""

from __future__ import annotations

from pathlib import Path

import pytest
from paths import TESTS

from magistrate.domain.impact import FileChange, Impact, Strictness
from magistrate.errors import Refused
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case
from magistrate.impact.returning.plan import binding_of, read_plan, read_state, verify_still_bound

PLANS = TESTS / "unit" / "impact" / "returning" / "plans"
CURL = """curl -s -X POST https://backboard.example/graphql/v2 -H "Authorization: Bearer $TOKEN" \\
  -d '{"query": "mutation { volumeDelete(volumeId: \\"v-1\\") }"}'
"""
PYTHON = "import httpx\nhttpx.post(URL, json={'query': 'mutation { volumeDelete(volumeId: 1) }'})\n"


def judged(path: str, text: str, tree: dict[str, str] | None = None) -> Impact:
    change = FileChange(path=path, before=None, after=text.encode(), mode_before=None)
    base = BaseTree() if tree is None else BaseTree(files=tree, known=True)
    return assess(Case(id="", steps=((change,),), base=base))


@pytest.mark.requirement("R30", "R27")
@pytest.mark.parametrize(("path", "text"), [("staging/clean.sh", CURL), ("staging/clean.py", PYTHON)])
@pytest.mark.parametrize("tree", [None, {"staging/README.md": "staging only"}], ids=["alone", "with its repository"])
def test_a_volume_that_is_deleted_in_staging_is_irreversible_and_may_be_production(
    path: str, text: str, tree: dict[str, str] | None
) -> None:
    found = judged(path, text, tree)
    assert (found.reversible, found.strictness) == ("no", Strictness.TWO)
    assert [one.operation for one in found.no_way_back] == ["delete"]
    assert "production" in found.blast_radius.environments
    assert not found.blast_radius.complete


@pytest.mark.requirement("R30", "R44")
def test_an_unpacked_state_and_a_destroy_without_asking() -> None:
    found = judged("deploy.sh", "terraform init\nterraform destroy -auto-approve\n")
    assert [one.operation for one in found.no_way_back] == ["destroy"]

    def text(name: str) -> str:
        return Path(PLANS / name).read_text()

    approved = binding_of(read_plan(text("three-creates.plan.json")), read_state(text("before.tfstate.json")))
    with pytest.raises(Refused, match="the approval is void"):
        verify_still_bound(
            approved, read_plan(text("forty-destroys.plan.json")), read_state(text("unpacked.tfstate.json"))
        )
