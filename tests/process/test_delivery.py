"""A deployment from its draft to a target behind a real sshd that runs it, through every process, and back (R5, R57, R58)."""

from __future__ import annotations

import http.server
import io
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from world.casework import CaseWorld, git
from world.ssh_town import DIGEST_PATTERN, SshTown, install_target, ssh_town
from world.staging import brought

from magistrate.domain.stages import stage_ref
from magistrate.wire.policy_bundle import HttpProbe, StagePolicy

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R5", "R50", "R57", "R58")]
REF = stage_ref("live")
UNPACK = """
import shutil, sys
running, artifact = sys.argv[1:3]
shutil.copy(artifact, running)
"""


class Service:
    """Answers with the file `app.py` of the archive that runs; a program that says `sick` answers 500."""

    def __init__(self, running: Path) -> None:
        service = self
        self.running = running

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                program = service.program()
                self.send_response(500 if b"sick" in program else 200)
                self.end_headers()
                self.wfile.write(program)

            def log_message(self, *_: Any) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def program(self) -> bytes:
        if not self.running.exists():
            return b"nothing runs"
        with tarfile.open(fileobj=io.BytesIO(self.running.read_bytes())) as archive:
            found = archive.extractfile("app.py")
            assert found is not None
            return found.read()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Delivered:
    """A deployment with a stage `live` whose target is an sshd; the first commit is recorded there."""

    def __init__(self, folder: Path, town: SshTown) -> None:
        self.service = Service(folder / "running.tar")
        (town.program.parent / "unpack.py").write_text(UNPACK)
        argv = [sys.executable, "-I", str(town.program.parent / "unpack.py"), str(self.service.running)]
        install_target(town.program.parent, town.effects, argv=argv, arguments=[DIGEST_PATTERN], artifact=1_000_000)
        probe = HttpProbe(url=self.service.url, status=200, body_contains="print", within_seconds=3)
        stage = StagePolicy(
            stage="live", repository="shop", environment="live", production=False, verification=(probe,), target="web"
        )
        self.world = CaseWorld(folder, stages=(stage,))
        with (self.world.home / "magistrate.toml").open("a") as out:
            out.write(f"\n[target.web]\n{town.settings()}")
        self.world.seed({"app.py": "print('one')\n"})
        self.bare = Path(self.world.repositories.git_dir("shop"))
        self.first = git("commit-tree", "main^{tree}", "-m", "what runs", cwd=self.bare).strip()
        git("update-ref", REF, self.first, cwd=self.bare)

    def recorded(self) -> str:
        return git("show", f"{REF}:app.py", cwd=self.bare)


@contextmanager
def delivered(folder: Path) -> Iterator[Delivered]:
    (folder / "ssh").mkdir()
    (folder / "town").mkdir()
    with ssh_town(folder / "ssh") as town:
        made = Delivered(folder / "town", town)
        try:
            yield made
        finally:
            made.service.close()


def test_the_target_runs_what_was_agreed_on(tmp_path: Path) -> None:
    with delivered(tmp_path) as made:
        made.world.seed({"app.py": "print('two')\n"})
        told = brought(made.world, "live", "live")
        assert told["case"]["state"] == "SUCCEEDED", (told["case"], told["log"])
        assert (made.service.program(), made.recorded()) == (b"print('two')\n", "print('two')\n")


def test_what_is_sick_there_is_taken_back_at_the_target_and_on_the_branch(tmp_path: Path) -> None:
    with delivered(tmp_path) as made:
        made.world.seed({"app.py": "print('sick')\n"})
        told = brought(made.world, "live", "live")
        assert told["case"]["state"] == "ROLLED_BACK", (told["case"], told["log"])
        assert (made.service.program(), made.recorded()) == (b"print('one')\n", "print('one')\n")
        assert git("rev-list", "--count", REF, cwd=made.bare).strip() == "3"
