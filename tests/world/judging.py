"""The assessor without a new interpreter for each question: for tests that are about what follows from its answer.

Rule kept: the same function answers, so the bytes are those of the program; what no longer happens is a start that takes
a second. Whoever is about walls, limits, a death of the assessor or its source as files asks the real sandbox;
`tests/unit/usecases/test_assess_many.py` compares both.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from magistrate import judge
from magistrate.adapters.sandbox.detect import open_for_judging, open_sandbox
from magistrate.ports import Sandbox, SandboxResult
from magistrate.usecases.judging import judge_argv


class JudgeInside:
    """The walls of this machine for every program but the assessor, which answers in this process."""

    def __init__(self, walls: Sandbox | None = None) -> None:
        self._walls = walls or open_sandbox()
        self.level = self._walls.level

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", **rest: Any) -> SandboxResult:
        if list(argv) != judge_argv(Path(sys.executable)):
            return self._walls.run(argv, stdin=stdin, **rest)
        if stdin.startswith(judge.MANY):
            said, status = b"".join(one + b"\n" for one in judge.answer_many(stdin)), 0
        else:
            reply, status = judge.answer(stdin)
            said = reply + b"\n"
        return SandboxResult(returncode=status, stdout=said, stderr=b"", timed_out=False)


@contextmanager
def judged_inside() -> Iterator[None]:
    """`assess` and `approve` in this process ask the assessor in this process; their tools stay behind walls."""
    opened = open_for_judging()
    inside = replace(opened, sandbox=JudgeInside(opened.sandbox))
    with (
        patch("magistrate.bootstrap.assess.open_for_judging", return_value=inside),
        patch("magistrate.bootstrap.assess.open_sandbox", JudgeInside),
    ):
        yield
