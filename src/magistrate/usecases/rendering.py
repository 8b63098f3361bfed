"""Rendering a kustomization or a chart behind walls, for the measure of rights.

Rule kept (R21, R28): the tool reads exactly the files that the plan of the assessor names, laid out
anew, in a sandbox with namespaces of its own: no network, no home, no plugin, no cluster, no secret of
the host. What is not one clean answer in bounds is no evidence, and what it would have shown stays unknown.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from magistrate.errors import MagistrateError, Unavailable
from magistrate.impact.case import parse_case
from magistrate.impact.privilege.rendering.plans import HELM, MAX_ROOTS, MAX_STATES, Plan, roots_of
from magistrate.impact.privilege.rendering.trees import states_of
from magistrate.ports import Sandbox, SandboxLevel, SandboxLimits

LIMITS: Final = SandboxLimits(
    cpu_seconds=20, wall_seconds=30, memory_bytes=1 << 32, output_bytes=6_000_000, file_bytes=16_000_000
)
"""A program in Go asks for far more addresses than it fills."""
NAMESPACED: Final = frozenset({SandboxLevel.BUBBLEWRAP, SandboxLevel.UNSHARE})
NOT_OF_THE_TREE: Final = frozenset({"", ".", "..", ".git"})
HELM_ENV: Final[Mapping[str, str]] = {
    name: f"/tmp/helm/{name.lower()}"  # noqa: S108  the sandbox's own, empty
    for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS")
}
PROBE: Final = ("--is-upgrade", "--api-versions", "probe.invalid/v1")
"""Another cluster, and another time: what a chart renders to must not hang on either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """Where a rendering is made: the sandbox, and the tool with what of the disk it needs."""

    sandbox: Sandbox
    start: tuple[str, ...]
    shown: tuple[Path, ...]
    env: tuple[tuple[str, str], ...] = ()


def plans_of(case: Mapping[str, Any]) -> Mapping[str, Plan]:
    """Every rendering that the assessor may ask for about a case, by the digest of its inputs."""
    try:
        parsed = parse_case(case)
    except MagistrateError:
        return {}
    states = states_of(parsed.steps, parsed.base)
    if len(states) > MAX_STATES:
        return {}
    changed = {change.path for step in parsed.steps for change in step}
    roots = roots_of(states, changed)
    plans = [plan for root in roots for plan in root.plans if isinstance(plan, Plan)]
    return {plan.request.inputs_digest: plan for plan in plans if len(roots) <= 4 * MAX_ROOTS}


def render(walls: Walls, plan: Plan) -> bytes | None:
    """The manifests of one plan; None where there are none to be had."""
    if walls.sandbox.level not in NAMESPACED or any(_odd(path) for path, _ in plan.files):
        return None
    with tempfile.TemporaryDirectory(prefix="magistrate-rendering-") as made:
        place = Path(made).resolve()
        place.chmod(0o755)
        try:
            _lay_out(place, plan)
            return _run(walls, plan, place)
        except Unavailable:
            return None


def _run(walls: Walls, plan: Plan, place: Path) -> bytes | None:
    outputs = []
    for argv in _commands(walls.start, plan, place):
        result = walls.sandbox.run(
            argv,
            read_only=[*walls.shown, place],
            cwd=place / "tree",
            env={**dict(walls.env), **(HELM_ENV if plan.tool == HELM else {})},
            limits=LIMITS,
        )
        if not result.clean:
            return None
        outputs.append(result.stdout)
    return outputs[0] if outputs and all(one == outputs[0] for one in outputs) else None


def _commands(start: Sequence[str], plan: Plan, place: Path) -> Sequence[Sequence[str]]:
    """How the tool is called: a chart twice, as if for two clusters."""
    folder = str(place / "tree" / plan.folder)
    if plan.tool != HELM:
        return [[*start, folder]]
    name, namespace = plan.words
    words = [*start, "template", name, folder, "--namespace", namespace, "--include-crds"]
    for at, (kind, value) in enumerate(plan.values):
        words += ["--values", str(place / "tree" / value if kind == "file" else place / "values" / f"{at}.yaml")]
    return [words, [*words, *PROBE]]


def _odd(path: str) -> bool:
    return bool(NOT_OF_THE_TREE.intersection(path.split("/"))) or "\0" in path


def _lay_out(place: Path, plan: Plan) -> None:
    """Write the files of a plan where an unprivileged child can read them.

    Raises:
        Unavailable: MAG-E282 where two of them cannot stand beside each other.
    """
    files = {f"tree/{path}": text for path, text in plan.files}
    files |= {f"values/{at}.yaml": text for at, (kind, text) in enumerate(plan.values) if kind == "text"}
    (place / "tree").mkdir()
    try:
        for path, text in files.items():
            target = place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
    except OSError as error:
        raise Unavailable("MAG-E282", f"the files of a rendering cannot be laid out: {error.strerror}") from error
    for one in place.rglob("*"):
        one.chmod(0o755 if one.is_dir() else 0o644)
