"""What an agent's owner may elsewhere changes no decision about the agent's work (R5, metamorphic)."""

from __future__ import annotations

import pytest
from world import deployment
from world.casework import CaseWorld

from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.wire.decision import Decision

pytestmark = [pytest.mark.slow]

CHANGES = (
    {"notes.md": "# Notes\n\nThis service greets people.\n"},
    {"app.py": "def greet(name):\n    return 'hello ' + name\n"},
    {".github/workflows/ci.yml": "on: push\npermissions:\n  contents: write\njobs: {}\n"},
)
OWNERS = {"least": (Role.PROPOSER,), "operator": (Role.PROPOSER, Role.OPERATOR), "everything": tuple(Role)}


def _decided(folder):
    world, found = CaseWorld(folder), []
    for files in CHANGES:
        case = world.judged(files)
        with world.store.transaction() as unit:
            (envelope,) = unit.documents(Decision.NAME, case.facts.proposal)
        body = world.trust.roster().open_by_control(envelope, Decision).body
        found.append((case.standing.state, case.standing.classes, body.strictness, body.obligations, body.reasons))
        with pytest.raises(Refused):
            world.approve("anna", case, self_reviewed=True)
    return found


@pytest.mark.requirement("R5", "R45")
def test_the_roles_of_an_owner_change_no_decision_and_let_nobody_approve(tmp_path, monkeypatch):
    seen = {}
    for name, roles in OWNERS.items():
        monkeypatch.setitem(deployment.ROLES, "anna", roles)
        seen[name] = _decided(tmp_path / name)
    assert seen["operator"] == seen["least"]
    assert seen["everything"] == seen["least"]
    assert len({str(one) for one in seen["least"]}) == len(CHANGES), "the changes themselves do differ"
