"""A real case over a real repository behind the real gate, each process its own; control is a folder.

The executor here is the real one with the real git target and HTTP probes; only its assessor is
a stand-in, which says what the case says (judging has its own tests).
"""

from __future__ import annotations

import contextlib
import copy
import http.server
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
from paths import PYTHON, TESTS
from world import admissible
from world.deployment import make_deployment
from world.ports import four_free_ports

from magistrate.adapters.git.manifest import manifest_digest
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.keys.process import load_process_key
from magistrate.adapters.own_roots import newest_pins
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.adapters.stop_files import read_stops
from magistrate.authority.admission import Pins
from magistrate.authority.stops import joined
from magistrate.bootstrap.executor import SystemClock, actions_of
from magistrate.bootstrap.executor_outside import QuarantinedRebuilder
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.principal import Role
from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.admit import Ground
from magistrate.executor.assembly import Outside
from magistrate.executor.credentials.git_gate import GitGate
from magistrate.executor.identity import Identity
from magistrate.executor.live import HttpLook
from magistrate.executor.ports import Rebuilt, Ruling, Seen
from magistrate.executor.signed_http import SignedHttp
from magistrate.wire.assessment import Assessment
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision, Obligation
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import git_rollback_plan_digest
from magistrate.wire.envelope import Envelope
from magistrate.wire.policy_bundle import Command, HttpProbe, StagePolicy

NAME = "testing"
MAIN = "refs/heads/main"
FIRST_TAG = "refs/tags/v0.1.0"


def git(folder: Path, *arguments: str, given: bytes | None = None, **extra: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], input=given, capture_output=True, check=True,
        env={**os.environ, **extra},
    )  # fmt: skip
    return done.stdout.decode()


def apply_with_git(git_dir: Path, old: str, diff: bytes) -> Rebuilt:
    """A plain rebuilder: `git apply` on an index of its own."""
    index = git_dir / f"index-{os.getpid()}"
    environment = {"GIT_INDEX_FILE": str(index)}
    git(git_dir, "read-tree", old, given=None, **environment)
    git(git_dir, "apply", "--cached", "-", given=diff, **environment)
    result = git(git_dir, "write-tree", given=None, **environment).strip()
    index.unlink()
    reader = RepositoryReader(git_dir)
    base = reader.tree_of(old)
    return Rebuilt(base_tree=base, result_tree=result, manifest_sha256=manifest_digest(reader.changes(base, result)))


class Town:
    """A home with a repository `shop` and one warranted case, a gate process and a live service."""

    def __init__(
        self, home: Path, *, healthy: bool = True, checks: Sequence[Command] = (),
        executors: Sequence[str] = ("executor",), release_tags: str | None = None, stages: Sequence[StagePolicy] = (),
    ) -> None:  # fmt: skip
        self.home, self.healthy, self.stages = home, healthy, tuple(stages)
        first = four_free_ports()
        self.gate_port = first + 2
        self.bare = home / "gate" / "repositories" / "shop.git"
        self._service()
        self.case = admissible.Admissible(home, now=int(time.time()))
        probe = HttpProbe(
            url=f"http://127.0.0.1:{self.service_port}/health", status=200, body_contains="{commit}", within_seconds=1
        )
        self.case.town = make_deployment(
            home,
            verification=[probe],
            checks=checks,
            now=int(time.time()) - 200,
            executors=executors,
            release_tags=release_tags,
            stages=self.stage_policies(),
        )
        (home / "magistrate.toml").write_text(
            f'version = 1\ndeployment = "{NAME}"\nmode = "team"\n[ports]\nfront = {first}\n'
            f"control = {first + 1}\ngate = {self.gate_port}\nwitness = {first + 3}\n"
        )
        self._repository()
        self.bundle = self._bundle()
        (home / "bundle.json").write_bytes(canonical(self.bundle))
        self.gate: subprocess.Popen[bytes] | None = None

    def stage_policies(self) -> Sequence[StagePolicy]:
        """What policy names beside the branch; asked once its service has a port."""
        return self.stages

    def start_gate(self) -> None:
        script = (
            "import sys; from pathlib import Path; from magistrate.bootstrap.gate import main; main(Path(sys.argv[1]))"
        )
        log = (self.home / "gate.log").open("ab")
        self.gate = subprocess.Popen([PYTHON, "-c", script, str(self.home)], stdout=log, stderr=log)
        log.close()
        for _ in range(200):
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{self.gate_port}/gate/v1/health", trust_env=False).status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError((self.home / "gate.log").read_text())

    def kill_gate(self) -> None:
        assert self.gate is not None
        self.gate.kill()
        self.gate.wait()

    def close(self) -> None:
        if self.gate is not None:
            self.kill_gate()
        self._server.shutdown()
        self._server.server_close()

    def tip(self) -> str:
        return git(self.bare, "rev-parse", MAIN).strip()

    def tree(self, commit: str) -> str:
        return git(self.bare, "rev-parse", f"{commit}^{{tree}}").strip()

    def _service(self) -> None:
        town = self

        class Health(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tip = town.tip()
                well = town.healthy or tip == town.old
                self.send_response(200 if well else 500)
                self.end_headers()
                self.wfile.write(f"version {tip}\n".encode())

            def log_message(self, *_: Any) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health)
        self.service_port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _repository(self) -> None:
        self.bare.mkdir(parents=True)
        git(self.bare, "init", "--quiet", "--bare", "--initial-branch=main")
        blob = git(self.bare, "hash-object", "-w", "--stdin", given=b"print('one')\n").strip()
        tree = git(self.bare, "mktree", given=f"100644 blob {blob}\ta.py\n".encode()).strip()
        self.old = git(self.bare, "commit-tree", tree, "-m", "first").strip()
        git(self.bare, "update-ref", MAIN, self.old)
        other = git(self.bare, "hash-object", "-w", "--stdin", given=b"print('two')\n").strip()
        result = git(self.bare, "mktree", given=f"100644 blob {other}\ta.py\n".encode()).strip()
        self.base_tree, self.result_tree = tree, result
        self.diff = git(self.bare, "diff-tree", "-r", "-p", "--binary", "--full-index", tree, result).encode()

    def _bundle(self) -> CaseBundle:
        reader = RepositoryReader(self.bare)
        plan = git_rollback_plan_digest(repository="shop", ref=MAIN, restore_tree=self.base_tree)
        self.case.effect = {
            "old": self.old, "base_tree": self.base_tree, "pre_state": self.base_tree,
            "result_tree": self.result_tree, "rollback_plan_digest": plan,
            "manifest_sha256": manifest_digest(reader.changes(self.base_tree, self.result_tree)),
        }  # fmt: skip
        self.case.proposal = {"diff_sha256": digest(self.diff)}
        self.case.approval = {"base": self.old, "result_tree": self.result_tree, "displayed_sha256": digest(self.diff)}
        import base64

        return msgspec.structs.replace(self.case.build(), diff=base64.b64encode(self.diff).decode())

    def release_bundle(self) -> CaseBundle:
        """The first release of the branch as it stands: nothing is compared, two agreed."""
        case = copy.copy(self.case)
        case.release = {
            "ref": FIRST_TAG, "commit": self.old, "base_tree": self.base_tree, "result_tree": self.base_tree,
            "manifest_sha256": manifest_digest(()),
        }  # fmt: skip
        case.proposal, case.approval = {"diff_sha256": digest(b"")}, {"displayed_sha256": digest(b"")}
        case.change_class, case.strictness, case.reversible = ChangeClass.RELEASE, Strictness.TWO, "no"
        case.decision_strictness, case.approvers = Strictness.TWO, ("ben", "carla")
        case.obligations = (
            Obligation(role=None, count=2, rule="policy/two"), Obligation(role=Role.PLATFORM, count=1, rule="policy/owner"),
        )  # fmt: skip
        return msgspec.structs.replace(case.build(), diff="")


def planner_here() -> QuarantinedRebuilder:
    """As the executor plans a release or a deployment."""
    return QuarantinedRebuilder(open_sandbox())


class FolderControl:
    """Control as a folder: `bundle.json` to be taken once; what it is told becomes files."""

    def __init__(self, home: Path) -> None:
        self._home = home
        for name in ("steps", "reports", "results"):
            (home / "told" / name).mkdir(parents=True, exist_ok=True)

    def warrants(self) -> tuple[CaseBundle, ...]:
        if (self._home / "told" / "taken").exists():
            return ()
        return (msgspec.json.decode((self._home / "bundle.json").read_bytes(), type=CaseBundle),)

    def take(self, warrant: str) -> bool:
        with contextlib.suppress(FileExistsError), (self._home / "told" / "taken").open("x"):
            return True
        return False

    def drills(self) -> tuple[Any, ...]:
        return ()

    def send_step(self, entry: Envelope) -> None:
        self._keep("steps", entry)

    def send_report(self, report: Envelope) -> None:
        self._keep("reports", report)

    def send_drill_result(self, result: Envelope) -> None:
        self._keep("results", result)

    def log_export(self) -> bytes:
        return (self._home / "export.tar").read_bytes()

    def told(self, kind: str) -> list[dict[str, Any]]:
        envelopes = [msgspec.json.decode(p.read_bytes(), type=Envelope) for p in (self._home / "told" / kind).iterdir()]
        return [msgspec.json.decode(e.payload_bytes())["body"] for e in envelopes]

    def _keep(self, kind: str, envelope: Envelope) -> None:
        name = envelope.payload_digest().removeprefix("sha256:")
        scratch = self._home / "told" / f"{name}.{os.getpid()}"
        scratch.write_bytes(envelope.encode())
        scratch.rename(self._home / "told" / kind / name)


class CaseJudge:
    """Says what the bundle says: only for tests about something else than judging."""

    def verdict(self, matter: Any) -> Any:
        return open_envelope(matter.bundle.assessment, Assessment, deployment=NAME).body.verdict

    def together(self, matter: Any, landed: Any) -> tuple[Any, ...]:
        return ()

    def ruling(self, matter: Any, verdict: Any) -> Ruling:
        decided = open_envelope(matter.bundle.decision, Decision, deployment=NAME).body
        return Ruling(strictness=decided.strictness, obligations=decided.obligations)


class NoChecks:
    def run(self, repository: str, tree: str, command: Any) -> Seen:
        raise AssertionError("the policy of this case has no checks")


class Stderr:
    def raise_alarm(self, what: str) -> None:
        import sys

        sys.stderr.write(f"alarm: {what}\n")


def outside_of(home: Path, target: type[GitTarget] = GitTarget, **changes: Any) -> Outside:
    """The real world of one home, as an executor sees it; tar export and judge apart."""
    import tomllib

    port = tomllib.loads((home / "magistrate.toml").read_text())["ports"]["gate"]
    url, clock = f"http://127.0.0.1:{port}", SystemClock()
    identity = Identity(load_process_key(home / "keys" / "executor.key"), deployment=NAME)
    pins = Pins(deployment=NAME, roster=(home / "roster.pin").read_text().strip())
    http = SignedHttp(url, audience="gate", identity=identity, clock=clock)
    gate = GitGate(http, url)
    made = target(
        home / "executor" / "work", source=lambda name: str(home / "gate" / "repositories" / f"{name}.git"),
        rebuilder=apply_with_git, planner=planner_here(),
    )  # fmt: skip
    parts: dict[str, Any] = {
        "identity": identity, "clock": clock, "alarm": Stderr(), "inbox": FolderControl(home), "broker": gate,
        "drill_ground": gate, "gate_misuse": gate, "target": made, "actions": actions_of, "misuse": made, "assessor": CaseJudge(),
        "checks": NoChecks(), "live": HttpLook(), "ground": Ground(
            pins=pins, same_user_walls=False,
            newest=lambda pins: newest_pins(pins, home / "roster.json", home / "policy-bundle.json"),
        ),
        "stops": lambda: joined(read_stops(home / "freeze"), gate.stops()), "closing": (http.close,),
    }  # fmt: skip
    return Outside(**{**parts, **changes})


@contextlib.contextmanager
def town_with_gate(home: Path, *, healthy: bool = True) -> Iterator[Town]:
    town = Town(home, healthy=healthy)
    try:
        town.start_gate()
        yield town
    finally:
        town.close()


def run_child(home: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """An executor process of its own over this home (`world/doomed_executor.py`)."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.run(
        [PYTHON, str(TESTS / "world" / "doomed_executor.py"), str(home), *arguments], env=environment,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
