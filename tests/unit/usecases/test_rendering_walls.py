"""How a rendering is run: behind which walls, with which words, and what counts as an answer. A stand-in runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from magistrate.impact.privilege.rendering.plans import HELM, KUSTOMIZE, Plan
from magistrate.ports import SandboxLevel, SandboxLimits, SandboxResult
from magistrate.usecases.evidence import make_runs, program
from magistrate.usecases.rendering import PROBE, Walls, render

pytestmark = pytest.mark.requirement("R21")
CHART = Plan(
    tool=HELM, root="c/Chart.yaml", folder="c", files=(("c/Chart.yaml", "a"), ("v.yaml", "b")), words=("app", "prod"),
    values=(("file", "v.yaml"), ("text", "x: 1")),
)  # fmt: skip
FOLDER = Plan(tool=KUSTOMIZE, root="k/kustomization.yaml", folder="k", files=(("k/kustomization.yaml", "a"),))


@dataclass
class Recording:
    """A sandbox that runs nothing, keeps what it was asked, and sees what was laid out."""

    level: SandboxLevel = SandboxLevel.BUBBLEWRAP
    answers: tuple[SandboxResult, ...] = ()
    asked: list[list[str]] = field(default_factory=list)
    env: Mapping[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        read_only: Sequence[Path] = (),
        writable: Path | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        limits: SandboxLimits = SandboxLimits(),  # noqa: B008
    ) -> SandboxResult:
        assert writable is None
        place = read_only[-1]
        self.files = {str(one.relative_to(place)): one.read_text() for one in place.rglob("*") if one.is_file()}
        self.env = dict(env or {})
        self.asked.append([word.replace(str(place), "@") for word in argv])
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def said(text: str, status: int = 0, **more: Any) -> SandboxResult:
    return SandboxResult(returncode=status, stdout=text.encode(), stderr=b"", **{"timed_out": False, **more})


def walls(sandbox: Recording) -> Walls:
    return Walls(sandbox=sandbox, start=("tool",), shown=())


def test_a_chart_is_rendered_as_its_release_installs_it_and_as_if_for_another_cluster():
    sandbox = Recording(answers=(said("a: b"),))
    assert render(walls(sandbox), CHART) == b"a: b"
    words = ["tool", "template", "app", "@/tree/c", "--namespace", "prod", "--include-crds"]
    words += ["--values", "@/tree/v.yaml", "--values", "@/values/1.yaml"]
    assert sandbox.asked == [words, [*words, *PROBE]]
    assert sandbox.files == {"tree/c/Chart.yaml": "a", "tree/v.yaml": "b", "values/1.yaml": "x: 1"}
    assert {name for name in sandbox.env if name.startswith("HELM_")} >= {"HELM_PLUGINS", "HELM_CONFIG_HOME"}


def test_what_differs_for_another_cluster_is_no_answer():
    assert render(walls(Recording(answers=(said("a"), said("b")))), CHART) is None


def test_a_kustomization_is_rendered_without_any_flag():
    sandbox = Recording(answers=(said("a"),))
    assert render(walls(sandbox), FOLDER) == b"a"
    assert sandbox.asked == [["tool", "@/tree/k"]]


@pytest.mark.parametrize("answer", [said("a", 1), said("a", timed_out=True), said("a", overflowed=True)])
def test_a_run_that_is_not_clean_is_no_answer(answer: SandboxResult):
    assert render(walls(Recording(answers=(answer,))), FOLDER) is None


@pytest.mark.parametrize("level", [SandboxLevel.LIMITS, SandboxLevel.NONE])
def test_without_walls_nothing_is_run(level: SandboxLevel):
    sandbox = Recording(level=level, answers=(said("a"),))
    assert render(walls(sandbox), FOLDER) is None
    assert sandbox.asked == []


@pytest.mark.parametrize(
    "path", ["../a", "a/../../b", "/etc/a", ".git/config", "a//b", "a\0b", "k/kustomization.yaml/a"]
)
def test_paths_that_are_none_are_never_laid_out(path: str):
    sandbox = Recording(answers=(said("a"),))
    assert render(walls(sandbox), replace(FOLDER, files=(*FOLDER.files, (path, "x")))) is None
    assert sandbox.asked == []


def test_only_what_the_assessor_may_ask_for_is_rendered(tmp_path: Path):
    """A request that no plan of the case has, or under another name, gives no run and says so."""
    tool = tmp_path / "kustomize"
    tool.write_bytes(b"tool")
    case = {
        "files": [{"path": "k/role.yaml", "before": "a: b\n", "after": "a: c\n"}],
        "context": {"files": {"k/kustomization.yaml": "resources: [role.yaml]\n", "k/role.yaml": "a: b\n"}},
    }
    from magistrate.judge import privilege_request

    wanted = privilege_request({"case": case}, "")["evidence_wanted"]
    sandbox = Recording(answers=(said("a: b"),))
    runs, notes = make_runs(sandbox, {"kustomize": program(tool)}, case, wanted)
    assert (len(runs), notes) == (2, ())
    other = [{**want, "inputs_digest": "sha256:" + "0" * 64} for want in wanted]
    moved = [{**want, "path": "k/role.yaml"} for want in wanted]
    for asked in (other, moved):
        runs, notes = make_runs(sandbox, {"kustomize": program(tool)}, case, asked)
        assert runs == ()
        assert "`kustomize` gave no answer" in notes[0]
    _, notes = make_runs(sandbox, {}, case, wanted)
    assert notes == (
        "1 file could be rendered by `kustomize`, which is not here: kustomize 5 or kubectl, on the PATH of who runs this",
    )
    _, notes = make_runs(Recording(level=SandboxLevel.NONE), {"kustomize": program(tool)}, case, wanted)
    assert "only behind walls" in notes[0]
