"""Asking the assessor: one sandboxed run for one question, or for many that do not wait for each other.

Rule kept (R25): whatever goes wrong in a run costs the question it happened at its answer, and no
other one: answers that were written before it count, the rest is asked again, the culprit alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

import magistrate
from magistrate.errors import CODES, MagistrateError, Unavailable, Usage
from magistrate.ports import Sandbox, SandboxLimits, SandboxResult

JUDGE_LIMITS: Final = SandboxLimits(cpu_seconds=120, wall_seconds=180, output_bytes=64_000_000)
MANY_LIMITS: Final = SandboxLimits(cpu_seconds=120, wall_seconds=180, memory_bytes=2 << 30, output_bytes=64_000_000)
_START: Final = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('magistrate.judge', run_name='__main__', alter_sys=True)"
)

Answer = dict[str, Any] | MagistrateError
"""A reply of the assessor, or why there is none."""


def judge_argv(python: Path) -> list[str]:
    """`python -m magistrate.judge` of this very source.

    The way there is given, not found: an installation that is renewed at this moment takes its
    path file away for an instant, and the judge would then know no package `magistrate`.
    """
    return [str(python), "-I", "-B", "-c", _START, str(Path(magistrate.__path__[0]).parent)]


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The pinned assessor behind its walls."""

    sandbox: Sandbox
    python: Path = field(default_factory=lambda: Path(sys.executable))
    limits: SandboxLimits = field(default_factory=lambda: JUDGE_LIMITS)

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One request, any mode; raises Usage, Unavailable."""
        result = self.sandbox.run(judge_argv(self.python), stdin=msgspec.json.encode(request), limits=self.limits)
        return _reply(result)

    def ask_many(self, requests: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> list[Answer]:
        """Answers in order of the requests; `texts` are those that contexts name (`context.named`).

        Raises:
            Unavailable: where no run can be started at all.
        """
        answers: list[Answer] = []
        while len(answers) < len(requests):
            rest = requests[len(answers) :]
            answers += self._some(rest, texts)
        return answers

    def _some(self, requests: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> Iterator[Answer]:
        """Answers to as many requests, from the first on, as one run gives; at least one."""
        lines = [{"v": 1, "mode": "many", "texts": texts}, *requests]
        stdin = b"\n".join(map(msgspec.json.encode, lines))
        result = self.sandbox.run(judge_argv(self.python), stdin=stdin, limits=MANY_LIMITS)
        whole = result.stdout.split(b"\n")[:-1][: len(requests)]
        if not whole:
            yield _caught(result) if len(requests) == 1 else self._alone(requests[0], texts)
        for line in whole:
            one = SandboxResult(returncode=0, stdout=line, stderr=b"", timed_out=False)
            yield _caught(one)
        if whole and len(whole) < len(requests):
            yield self._alone(requests[len(whole)], texts)

    def _alone(self, request: Mapping[str, Any], texts: Mapping[str, str]) -> Answer:
        """The request at which a run ended, with a run of its own."""
        lines = [{"v": 1, "mode": "many", "texts": texts}, request]
        stdin = b"\n".join(map(msgspec.json.encode, lines))
        return _caught(self.sandbox.run(judge_argv(self.python), stdin=stdin, limits=MANY_LIMITS))


def _caught(result: SandboxResult) -> Answer:
    try:
        return _reply(result)
    except MagistrateError as error:
        return error


def _reply(result: SandboxResult) -> dict[str, Any]:
    try:
        reply = msgspec.json.decode(result.stdout)
    except msgspec.DecodeError:
        reply = None
    if isinstance(reply, dict) and isinstance(reply.get("error"), dict):
        code, message = str(reply["error"].get("code")), str(reply["error"].get("message"))
        raise Usage(code if code in CODES else "MAG-E252", message)
    if not result.clean or not isinstance(reply, dict):
        tail = result.stderr.decode("utf-8", "replace").strip().split("\n")[-1][:300]
        how = "ran out of its limits" if result.timed_out or result.overflowed else f"ended with {result.returncode}"
        raise Unavailable("MAG-E253", f"the assessor {how}: {tail or 'no words'}", hint="try a smaller change")
    return reply
