"""Making evidence: the pinned tools that re-derive a proposal, each behind the walls, on named bytes.

Rule kept (R21): a run reads exactly the inputs that the assessor named, each checked against its
digest, sees no network and nothing else of the disk, and is handed back with the digest of the
tool. A tool that is missing, fails or speaks differently leaves the file as it was judged: no
run, no proof.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from magistrate.errors import Unavailable
from magistrate.ports import Sandbox, SandboxLevel, SandboxLimits
from magistrate.wire.canonical import digest, digest_of

if TYPE_CHECKING:
    from magistrate.impact.privilege.rendering.plans import Plan

AT_ONCE: Final = 2
"""Runs that go on at the same time; each is a process of its own."""
TOOL_LIMITS: Final = SandboxLimits(cpu_seconds=20, wall_seconds=30, memory_bytes=1 << 31)
NODE_LIMITS: Final = SandboxLimits(cpu_seconds=20, wall_seconds=30, memory_bytes=1 << 34)
"""Node asks for far more addresses than it fills."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program as it was found: how it starts, what of the disk it needs, which files its digest names."""

    start: tuple[str, ...]
    shown: tuple[Path, ...]
    measured: tuple[tuple[str, Path], ...]
    """Names that are the same on every machine, with the place of the bytes."""
    env: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """`sha256:` over the bytes of the program, or over the names and digests of all its files."""
        stamps = tuple((name, path, path.stat().st_size, path.stat().st_mtime_ns) for name, path in self.measured)
        return _measure(stamps)


def program(path: Path) -> Tool:
    """A tool that is one file."""
    return Tool(start=(str(path),), shown=(path,), measured=((path.name, path),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """How one kind of run is made: the source comes by stdin, the answer by stdout.

    `{file}` and `{config}` in the words are the places of the source and of its configuration.
    """

    program: str
    words: tuple[str, ...]
    alone: tuple[str, ...] = ()
    """Where the request names no configuration."""
    configured: tuple[str, ...] = ()
    """Where it names one."""
    last: tuple[str, ...] = ()
    limits: SandboxLimits = TOOL_LIMITS

    def argv(self, tool: Tool, folder: Path, path: str, configs: Sequence[str]) -> list[str]:
        """The whole command."""
        places = {"file": str(folder / path), "config": str(folder / configs[0]) if configs else ""}
        words = (*self.words, *(self.configured if configs else self.alone), *self.last)
        return [*tool.start, *(word.format(**places) for word in words)]


_RUFF_LAST: Final = ("--stdin-filename", "{file}", "-")
_RUFF_COMMON: Final = ("--no-cache", "--quiet", "--force-exclude")
RUN_OF_TESTS: Final = "pytest-run"
"""Not one command: two trees are run, with changes of the program (`usecases/test_runs.py`)."""
RENDERINGS: Final = {"kustomize-render": "kustomize", "helm-render": "helm"}
"""Not one source, but all that a kustomization or chart reaches is read (`usecases/rendering.py`)."""
RUNNERS: Final[Mapping[str, Runner]] = {
    RUN_OF_TESTS: Runner(program="pytest", words=()),
    **{name: Runner(program=program, words=()) for name, program in RENDERINGS.items()},
    "ruff-format": Runner(program="ruff", words=("format", *_RUFF_COMMON), alone=("--isolated",), last=_RUFF_LAST),
    "ruff-fix": Runner(
        program="ruff",
        words=("check", "--fix-only", "--no-unsafe-fixes", "--extend-unfixable", "I,RUF100", *_RUFF_COMMON),
        alone=("--isolated",),
        last=_RUFF_LAST,
    ),
    "black": Runner(
        program="black",
        words=("--quiet", "--safe"),
        configured=("--config", "{config}"),
        alone=("--config", "/dev/null"),
        last=_RUFF_LAST,
    ),
    "gofmt": Runner(program="gofmt", words=()),
    **{
        f"rustfmt-{edition}": Runner(
            program="rustfmt", words=("--quiet", "--edition", edition), configured=("--config-path", "{config}")
        )
        for edition in ("2015", "2018", "2021", "2024")
    },
    "prettier": Runner(
        program="prettier",
        words=("--embedded-language-formatting=off", "--log-level=silent", "--stdin-filepath", "{file}"),
        limits=NODE_LIMITS,
    ),
    "clang-format": Runner(
        program="clang-format",
        words=("--fallback-style=none", "--assume-filename={file}"),
        configured=("--style=file:{config}",),
    ),
    "shfmt": Runner(program="shfmt", words=("--filename", "{file}")),
    "taplo": Runner(
        program="taplo",
        words=("--colors", "never", "format"),
        configured=("--config", "{config}"),
        alone=("--no-auto-config",),
        last=("-",),
    ),
}
_EXTRA: Final = "pip install 'magistrate[formatters]'"
INSTALLED_BY: Final[Mapping[str, str]] = {
    "pytest": "name the interpreter of the project in `MAGISTRATE_TEST_PYTHON`",
    "black": _EXTRA,
    "clang-format": _EXTRA,
    "shfmt": _EXTRA,
    "taplo": _EXTRA,
    "ruff": "pip install ruff",
    "gofmt": "it comes with Go, on the PATH of who runs this",
    "rustfmt": "it comes with Rust, on the PATH of who runs this",
    "prettier": "npm install --global prettier, with node on the PATH of who runs this",
    "helm": "helm 3.14 or newer, on the PATH of who runs this",
    "kustomize": "kustomize 5 or kubectl, on the PATH of who runs this",
}
"""What a person does to have a program that is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One tool run made for the assessor: as it goes into a request, with its exit status."""

    tool: str
    tool_digest: str
    path: str
    inputs_digest: str
    output: bytes
    exit_status: int

    def asked(self) -> dict[str, str]:
        """The form that the assessor reads."""
        return {
            "tool": self.tool,
            "tool_digest": self.tool_digest,
            "path": self.path,
            "inputs_digest": self.inputs_digest,
            "output": base64.b64encode(self.output).decode(),
        }


def make_runs(
    sandbox: Sandbox, tools: Mapping[str, Tool], case: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]
) -> tuple[tuple[Ran, ...], tuple[str, ...]]:
    """Every run that was asked for and is possible here, and in words what the missing ones cost."""
    possible = [want for want in wanted if want["tool"] in RUNNERS and RUNNERS[want["tool"]].program in tools]
    plans = _plans(case, possible)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        made = list(pool.map(lambda want: _run(sandbox, tools, (case, plans), want), possible))
    failed = [want for want, run in zip(possible, made, strict=True) if run is None]
    absent = [want for want in wanted if want not in possible]
    return tuple(run for run in made if run is not None), (*_cost(absent), *_failures(failed, sandbox.level))


def _cost(absent: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """One sentence for each program that is missing."""
    paths: dict[str, set[str]] = {}
    for want in absent:
        runner = RUNNERS.get(want["tool"])
        paths.setdefault(runner.program if runner else str(want["tool"]), set()).add(want["path"])
    return tuple(
        f"{_files(len(paths[name]))} could be {_done(name)} by `{name}`, which is not here{_advice(name)}"
        for name in sorted(paths)
    )


def _done(program: str) -> str:
    return "rendered" if program in RENDERINGS.values() else "proven"


def _failures(failed: Sequence[Mapping[str, Any]], level: SandboxLevel) -> tuple[str, ...]:
    paths: dict[str, set[str]] = {}
    for want in failed:
        paths.setdefault(RUNNERS[want["tool"]].program, set()).add(want["path"])
    return tuple(
        f"`{name}` gave no answer for {_files(len(paths[name]))}{_unwalled(name, level)}" for name in sorted(paths)
    )


def _unwalled(program: str, level: SandboxLevel) -> str:
    """That a tool which reads whole trees runs behind walls with namespaces only."""
    open_here = level not in {SandboxLevel.BUBBLEWRAP, SandboxLevel.UNSHARE}
    return (
        ": it renders only behind walls, and there are none here" if open_here and _done(program) == "rendered" else ""
    )


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _advice(name: str) -> str:
    return f": {INSTALLED_BY[name]}" if name in INSTALLED_BY else ""


def _plans(case: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]) -> Mapping[str, Plan]:
    """What has to be rendered, worked out once for all that was asked for."""
    if not any(want["tool"] in RENDERINGS for want in wanted):
        return {}
    from magistrate.usecases.rendering import plans_of  # noqa: PLC0415  as for tests

    return plans_of(case)


def _run(
    sandbox: Sandbox,
    tools: Mapping[str, Tool],
    told: tuple[Mapping[str, Any], Mapping[str, Plan]],
    want: Mapping[str, Any],
) -> Ran | None:
    """One run; None when an input is not at hand, or the tool fails."""
    (case, plans), runner, path = told, RUNNERS[want["tool"]], want["path"]
    tool = tools[runner.program]
    if want["tool"] in RENDERINGS:
        return _rendered(sandbox, tool, plans.get(want["inputs_digest"]), want)
    if want["tool"] == RUN_OF_TESTS:
        return _tests(sandbox, tool, case, want)
    inputs = _inputs(case, want)
    if inputs is None:
        return None
    with tempfile.TemporaryDirectory(prefix="magistrate-evidence-") as made:
        folder = Path(made).resolve()
        configs = sorted(other for other in inputs if other != path)
        _lay_out(folder, {name: inputs[name] for name in configs})
        try:
            result = sandbox.run(
                runner.argv(tool, folder, path, configs),
                stdin=inputs[path],
                read_only=[*tool.shown, folder],
                cwd=folder,
                env=dict(tool.env),
                limits=runner.limits,
            )
        except Unavailable:
            return None
    if not result.clean:
        return None
    return _ran(tool, want, result.stdout, result.returncode)


def _rendered(sandbox: Sandbox, tool: Tool, plan: Plan | None, want: Mapping[str, Any]) -> Ran | None:
    """The manifests of a kustomization or a chart."""
    from magistrate.usecases.rendering import Walls, render  # noqa: PLC0415  as for tests

    if plan is None or (plan.tool, plan.root) != (want["tool"], want["path"]):
        return None
    walls = Walls(sandbox=sandbox, start=tool.start, shown=tool.shown, env=tool.env)
    output = render(walls, plan)
    if output is None:
        return None
    return _ran(tool, want, output)


def _tests(sandbox: Sandbox, tool: Tool, case: Mapping[str, Any], want: Mapping[str, Any]) -> Ran | None:
    """A run of tests, which reads two whole trees."""
    from magistrate.usecases import test_runs  # noqa: PLC0415  only where one is asked for: it knows the assessor

    try:
        walls = test_runs.Walls(sandbox, tool.start, tool.shown)
        record = test_runs.run_tests(walls, sandbox.level, case, want)
    except Unavailable:
        return None
    if record is None:
        return None
    return _ran(tool, want, record)


def _ran(tool: Tool, want: Mapping[str, Any], output: bytes, exit_status: int = 0) -> Ran:
    """What a run on what was wanted is told as."""
    return Ran(
        tool=want["tool"],
        tool_digest=tool.digest,
        path=want["path"],
        inputs_digest=want["inputs_digest"],
        output=output,
        exit_status=exit_status,
    )


def _lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write configuration where an unprivileged child can read it; the source goes by stdin."""
    folder.chmod(0o755)
    for path, content in files.items():
        place = folder / path
        for parent in reversed(place.relative_to(folder).parents[:-1]):
            (folder / parent).mkdir(exist_ok=True)
            (folder / parent).chmod(0o755)
        place.write_bytes(content)
        place.chmod(0o644)


@lru_cache(maxsize=64)
def _measure(stamps: tuple[tuple[str, Path, int, int], ...]) -> str:
    named = [(name, _file_digest(path)) for name, path, _, _ in stamps]
    if len(named) == 1:
        return named[0][1]
    return digest_of({"v": 1, "files": [list(pair) for pair in sorted(named)]})


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def _inputs(case: Mapping[str, Any], want: Mapping[str, Any]) -> dict[str, bytes] | None:
    """The exact bytes a run must read, each checked against its digest; None when one is missing."""
    found: dict[str, bytes] = {}
    context = (case.get("context") or {}).get("files") or {}
    for entry in want["inputs"]:
        path = entry["path"]
        candidates = [*_befores(case, path), _bytes(context.get(path))]
        named = f"sha256:{entry['sha256']}"
        content = next((c for c in candidates if c is not None and digest(c) == named), None)
        if content is None or any(part in {"", ".", ".."} for part in path.split("/")):
            return None
        found[path] = content
    return found if want["path"] in found else None


def _befores(case: Mapping[str, Any], path: str) -> list[bytes | None]:
    steps = [case, *(step if isinstance(step, dict) else {"files": step} for step in case.get("steps") or [])]
    files = [entry for step in steps for entry in step.get("files") or []]
    pairs = [holder.get("before") for holder in (*steps, *files)]
    mapped = [_bytes(pair.get(path)) for pair in pairs if isinstance(pair, dict) and "base64" not in pair]
    return [*(_bytes(entry.get("before")) for entry in files if entry.get("path") == path), *mapped]


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and isinstance(value.get("base64"), str):
        return base64.b64decode(value["base64"])
    return None
