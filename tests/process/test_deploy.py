"""A deployment from its draft to what runs, through every process, with a service that runs what the stage's branch holds (R5, R57, R58)."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from world.casework import CaseWorld, git
from world.staging import brought

from magistrate.domain.stages import stage_ref
from magistrate.wire.policy_bundle import HttpProbe, StagePolicy

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R5", "R57", "R58")]
REF = stage_ref("live")


class Service:
    """Runs the file `app.py` of the branch of the stage, and answers with the deployment that it runs.

    A program that says `fades` answers 500 from the second time it is asked.
    """

    def __init__(self, bare: Path) -> None:
        service, self.asked = self, dict[str, int]()

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                commit = git("rev-parse", REF, cwd=bare).strip()
                program = git("show", f"{REF}:app.py", cwd=bare)
                service.asked[commit] = service.asked.get(commit, 0) + 1
                ill = "fades" in program and service.asked[commit] > 1
                self.send_response(500 if ill else 200)
                self.end_headers()
                self.wfile.write(f"runs {commit}\n".encode())

            def log_message(self, *_: Any) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Stage:
    """A deployment with a stage `live` in an environment of its own, in which the first commit runs."""

    def __init__(self, folder: Path) -> None:
        bare = folder / "home" / "gate" / "repositories" / "shop.git"
        self.service = Service(bare)
        probe = HttpProbe(url=self.service.url, status=200, body_contains="runs {commit}", within_seconds=5)
        stage = StagePolicy(
            stage="live", repository="shop", environment="live", production=False, verification=(probe,), soak_seconds=2
        )
        self.world = CaseWorld(folder, stages=(stage,))
        self.bare = bare
        made = git("commit-tree", "main^{tree}", "-m", "what runs", cwd=self.bare).strip()
        git("update-ref", REF, made, cwd=self.bare)
        self.first = made

    def lands(self, program: str) -> None:
        """Something landed on the branch."""
        self.world.seed({"app.py": program})

    def stands(self) -> str:
        return git("rev-parse", REF, cwd=self.bare).strip()

    def tree(self, commit: str) -> str:
        return git("rev-parse", f"{commit}^{{tree}}", cwd=self.bare).strip()


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    try:
        yield made
    finally:
        made.service.close()


def test_a_deployment_is_drafted_agreed_made_and_looked_at_for_its_soak_time(staged: Stage):
    staged.lands("print('two')\n")
    main = git("rev-parse", "main", cwd=staged.bare).strip()
    told = brought(staged.world, "live", "live")
    assert told["case"]["state"] == "SUCCEEDED", (told["case"], told["log"])
    assert "infrastructure" in told["case"]["class"]
    assert staged.tree(staged.stands()) == staged.tree(main)
    assert git("rev-parse", f"{REF}^", cwd=staged.bare).strip() == staged.first
    assert git("rev-parse", "main", cwd=staged.bare).strip() == main
    message = git("log", "-1", "--format=%B", REF, cwd=staged.bare)
    assert f"Deploy {main} to live" in message
    assert "Reviewed-by: " in message
    assert staged.service.asked[staged.stands()] >= 3
    ready = {(row["environment"], row["stage"]): row["drills"] for row in told["readiness"]}
    assert set(ready["live", "live"].values()) == {"passed"}
    assert set(ready["staging", ""].values()) == {"never"}


def test_what_answers_not_for_long_is_taken_back_by_one_more_deployment(staged: Stage):
    staged.lands("print('fades')\n")
    told = brought(staged.world, "live", "live")
    assert told["case"]["state"] == "ROLLED_BACK", (told["case"], told["log"])
    stands = staged.stands()
    assert staged.tree(stands) == staged.tree(staged.first)
    line = git("rev-list", "--first-parent", stands, cwd=staged.bare).split()
    assert len(line) == 3
    assert line[-1] == staged.first
