"""Kustomizations and charts rendered by the real tools behind the walls, and read as manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from world.rendering_cases import HELM, KUSTOMIZE, Case

from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.bootstrap.tools import found_tools
from magistrate.judge import privilege_request
from magistrate.usecases.evidence import Tool, make_runs

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R28")]
TOOLS = found_tools()
GROWS = ("widened", "incomparable", "unknown", "narrowed")


def asked(case: Case) -> dict[str, Any]:
    """The case as the assessor reads it."""
    files = []
    for path, after in case.after.items():
        link = (after or "").startswith("LINK:")
        text = after.removeprefix("LINK:") if after is not None else None
        files.append(
            {"path": path, "before": case.before.get(path), "after": text, "mode_after": "120000" if link else "100644"}
        )
    context = {"files": dict(case.before), "complete": True, "links": dict(case.links), "opaque": list(case.opaque)}
    return {"id": "a", "files": files, "context": context}


def judged(case: Case, tools: Mapping[str, Tool] = TOOLS) -> tuple[str, list[dict[str, Any]], tuple[str, ...]]:
    """The strictest verdict, all rows, and what was told beside them."""
    request = {"case": asked(case)}
    wanted = privilege_request(request, "")["evidence_wanted"]
    runs, notes = make_runs(open_sandbox(), tools, request["case"], wanted)
    reply = privilege_request({**request, "evidence": [run.asked() for run in runs]}, "")
    found = {row["verdict"] for row in reply["privilege"]}
    return next((kind for kind in GROWS if kind in found), "quiet"), reply["privilege"], notes


def needs(program: str) -> None:
    if program not in TOOLS:
        pytest.skip(f"tool of the operator absent: {program}")


@pytest.mark.parametrize("name", KUSTOMIZE)
def test_what_a_kustomization_makes_of_a_change(name: str) -> None:
    needs("kustomize")
    turn, rows, notes = judged(KUSTOMIZE[name])
    assert turn == KUSTOMIZE[name].turn, (rows, notes)
    assert KUSTOMIZE[name].why in str(rows)


@pytest.mark.parametrize("name", HELM)
def test_what_a_chart_makes_of_a_change(name: str) -> None:
    needs("helm")
    turn, rows, notes = judged(HELM[name])
    assert turn == HELM[name].turn, (rows, notes)
    assert HELM[name].why in str(rows)


@pytest.mark.parametrize(("program", "cases"), [("kustomize", KUSTOMIZE), ("helm", HELM)])
def test_without_the_tool_nothing_is_judged_more_leniently(program: str, cases: Mapping[str, Case]) -> None:
    for name, case in cases.items():
        turn, rows, notes = judged(case, {})
        if case.turn == "unknown":
            assert turn == "unknown", (name, rows)
        elif case.turn != "quiet":
            assert turn in {"widened", "incomparable", "unknown"}, (name, rows)
            assert any(f"rendered by `{program}`, which is not here" in note for note in notes), (name, notes)
