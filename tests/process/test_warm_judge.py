"""The assessor that processes of tests ask is the assessor: the same bytes and ends, and everything else stays behind walls."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paths import PYTHON
from world import warm_judge
from world.running import until

pytestmark = pytest.mark.slow
FILES = {"files": [{"path": "a.py", "before": "A = 1\n", "after": "A = eval('1')\n"}]}
QUESTIONS = {
    "a change": msgspec.json.encode({"v": 1, "mode": "assess", "case": FILES}),
    "no mode": b'{"v": 1, "mode": "nothing"}',
    "no JSON": b"{",
    "many": b"\n".join([
        msgspec.json.encode({"v": 1, "mode": "many", "texts": {}}), msgspec.json.encode({"v": 1, "mode": "assess", "case": FILES}), b"{",
    ]),
}  # fmt: skip
ASKS = """
import json, sys
from pathlib import Path
from magistrate.adapters.sandbox.detect import open_for_judging, open_sandbox
from magistrate.environment import child_environment
from magistrate.ports import SandboxLimits
from magistrate.usecases.judging import judge_argv

def told(argv, stdin=b"", seconds=60.0, of=open_sandbox()):
    done = of.run(argv, stdin=stdin, limits=SandboxLimits(wall_seconds=seconds))
    return [done.returncode, done.stdout.decode(), done.timed_out]

judge, questions = judge_argv(Path(sys.executable)), json.loads(sys.stdin.read())
print(json.dumps({
    "warm": [type(one).__name__ == "WarmWalls" for one in (open_sandbox(), open_for_judging().sandbox)],
    "answers": {name: told(judge, question.encode()) for name, question in questions.items()},
    "for judging": told(judge, questions["a change"].encode(), of=open_for_judging().sandbox),
    "environment": told(["/usr/bin/env"]),
    "children": sorted(child_environment(Path("/nonexistent"))),
}))
"""


def asked(env: dict[str, str]) -> dict[str, Any]:
    questions = json.dumps({name: question.decode() for name, question in QUESTIONS.items()})
    done = subprocess.run(
        [PYTHON, "-c", ASKS], input=questions, env={**os.environ, **env}, capture_output=True, text=True, check=True, timeout=120
    )  # fmt: skip
    return dict(json.loads(done.stdout))


def test_it_says_and_ends_as_the_assessor_behind_walls() -> None:
    real, warm = asked({}), asked(warm_judge.surroundings())
    assert (real.pop("warm"), warm.pop("warm")) == ([False, False], [True, True])
    told = set(warm.pop("children")) - set(real.pop("children"))
    assert told == {"PYTHONPATH", warm_judge.ASKED}
    assert warm == real
    assert [one[0] for one in real["answers"].values()] == [0, 4, 4, 0]
    assert "WARM" not in real["environment"][1]


FAILS = """
import sys
from pathlib import Path
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.errors import Unavailable
from magistrate.ports import SandboxLimits
from magistrate.usecases.judging import Judge, judge_argv

try:
    Judge(sandbox=open_sandbox(), limits=SandboxLimits(wall_seconds=0.3)).ask({"v": 1})
except Unavailable as error:
    print(error.code, error.message)
elsewhere = [*judge_argv(Path(sys.executable))[:-1], "/nonexistent"]
print(open_sandbox().run(elsewhere, stdin=b"{", limits=SandboxLimits()).returncode)
"""


@pytest.mark.parametrize(
    ("does", "said"), [("time.sleep(60)", "ran out of its limits"), ("sys.exit()", "ended with -9")], ids=["waits", "dies"]
)  # fmt: skip
def test_what_takes_too_long_or_dies_gives_no_answer_and_another_source_is_not_asked_of_it(
    tmp_path: Path, does: str, said: str
) -> None:
    place = tmp_path / "asked"
    server = f"import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind({str(place)!r}); s.listen(); c, _ = s.accept(); {does}"
    env = warm_judge.surroundings()
    env[warm_judge.ASKED] = f"{place}:{env[warm_judge.ASKED].rpartition(':')[2]}"
    with subprocess.Popen([PYTHON, "-c", server]) as playing:
        until(place.exists)
        done = subprocess.run(
            [PYTHON, "-c", FAILS], env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=60
        )
        playing.kill()
    told, status = done.stdout.splitlines()
    assert told.startswith(f"MAG-E253 the assessor {said}"), (done.stdout, done.stderr)
    assert status == "4", "the real assessor says what is wrong with its question"
