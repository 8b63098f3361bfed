"""Which walls this machine allows: tried, not guessed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from magistrate.adapters.sandbox.bare import BareProcess
from magistrate.adapters.sandbox.bubblewrap import BubblewrapSandbox
from magistrate.adapters.sandbox.confined import ConfinedSandbox
from magistrate.errors import MagistrateError, Unavailable
from magistrate.ports import Sandbox, SandboxLevel, SandboxLimits

_TRIAL: Final = SandboxLimits(cpu_seconds=5, wall_seconds=10)
_MAKERS: Final[dict[SandboxLevel, Callable[[], Sandbox]]] = {
    SandboxLevel.BUBBLEWRAP: BubblewrapSandbox,
    SandboxLevel.UNSHARE: lambda: ConfinedSandbox(SandboxLevel.UNSHARE),
    SandboxLevel.LIMITS: lambda: ConfinedSandbox(SandboxLevel.LIMITS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """The strongest level that works (None: none does), and why the stronger ones do not."""

    level: SandboxLevel | None
    reasons: tuple[tuple[SandboxLevel, str], ...]


@cache
def detect() -> Detected:
    """Try each level with a real program, strongest first; remembered for the process."""
    reasons: list[tuple[SandboxLevel, str]] = []
    for level, make in _MAKERS.items():
        try:
            result = make().run(["/bin/true"], limits=_TRIAL)
        except MagistrateError as error:
            reasons.append((level, error.message))
            continue
        if result.clean:
            return Detected(level=level, reasons=tuple(reasons))
        reasons.append((level, result.stderr.decode(errors="replace").strip()[:200] or f"status {result.returncode}"))
    return Detected(level=None, reasons=tuple(reasons))


def open_sandbox(level: SandboxLevel | None = None) -> Sandbox:
    """The sandbox of the given level, or of the strongest that works.

    Raises:
        Unavailable: MAG-E280 when there is none: without walls nothing is judged or run.
    """
    wanted = level or detect().level
    if wanted is None or wanted not in _MAKERS:
        why = "; ".join(f"{name}: {reason}" for name, reason in detect().reasons)
        raise Unavailable("MAG-E280", f"no sandbox works here ({why})", hint="apt-get install bubblewrap")
    return _MAKERS[wanted]()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What the assessor runs in, and in words what is missing there (empty: nothing)."""

    sandbox: Sandbox
    missing: str = ""


@cache
def open_for_judging() -> Judging:
    """The strongest walls in which this interpreter starts, else none; for `magistrate assess` alone.

    As root the programs run as strangers, who may not be able to read an interpreter in somebody's
    home: then weaker walls that let them read it are the better ones.
    """
    reasons = [f"{level}: {why}" for level, why in detect().reasons]
    levels, strongest = list(_MAKERS), detect().level
    for level in levels[levels.index(strongest) :] if strongest is not None else ():
        try:
            sandbox = _MAKERS[level]()
            if os.geteuid() != 0:
                return Judging(sandbox=sandbox)
            result = sandbox.run([sys.executable, "-I", "-S", "-c", ""], limits=_TRIAL)
            if result.clean:
                return Judging(sandbox=sandbox)
            reasons.append(f"{level}: {result.stderr.decode(errors='replace').strip()[:200]}")
        except MagistrateError as error:
            reasons.append(f"{level}: {error.message}")
    said = (
        "no walls here, so the assessor ran as an ordinary process under limits: the verdict is the same, but no tool "
        f"was run again to prove more ({'; '.join(reasons)}). `apt-get install bubblewrap` gives both"
    )
    return Judging(sandbox=BareProcess(), missing=said)
