"""The play of the demo, act by act, through the same commands that a user has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from magistrate.entrypoints.cli.demo.stage import Stage
from magistrate.entrypoints.cli.demo.town import PEOPLE, Town
from magistrate.errors import Unavailable

ENDED: Final = frozenset(
    {"SUCCEEDED", "FAILED", "ROLLED_BACK", "HALTED", "REJECTED", "REFUSED", "APPROVED_NOT_EXECUTED", "STALE"}
)
_PATIENCE: Final = 60.0
_CHECKS: Final = """
[[command]]
name = "unit-tests"
argv = ["python3", "-m", "unittest", "discover", "-s", "tests", "-t", "."]
timeout_seconds = 60
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One thing the assistant tries, and what should come of it."""

    play: str
    rule: str
    path: str
    what: str
    ends: str


SCENES: Final = (
    Scene(play="lint", rule="F401", path="shop/report.py", what="ruff's own autofix", ends="SUCCEEDED"),
    Scene(play="security", rule="B602", path="shop/export.py", what="a real security fix", ends="SUCCEEDED"),
    Scene(play="typo", rule="F541", path="shop/report.py", what='"docs: fix typo" and more', ends="REJECTED"),
    Scene(
        play="password", rule="B105", path="shop/settings.py", what="passes tests, breaks health", ends="ROLLED_BACK"
    ),
)


class Story:
    """Plays all acts; raises when something that must hold does not."""

    def __init__(self, town: Town, stage: Stage, *, interactive: bool) -> None:
        self._town, self._stage, self._interactive = town, stage, interactive
        self._rows: list[tuple[str, ...]] = []
        self._front = ""

    def play(self) -> None:
        """All acts."""
        self._stage.open(
            "Agents investigate. People decide. A separate executor acts.",
            "A small service with genuine faults, three plainly fake people, one scripted assistant.\n"
            "Everything you see is real: git, scanners, sandbox, signatures, processes, log.",
        )
        self._build()
        self._start()
        self._drill()
        findings = self._findings()
        for scene in SCENES:
            self._scene(scene, findings)
        self._try_to_act()
        self._verify_log()
        self._end()

    # -- acts -----------------------------------------------------------------

    def _build(self) -> None:
        town, stage = self._town, self._stage
        stage.act("A repository, three people, a home")
        town.build_repository()
        stage.say(
            "Ada", f"writes a small order service: {town.git('rev-list', '--count', 'HEAD')} commits in {town.clone}"
        )
        made = town.run("init", "--deployment", "demo", *town.enrol())
        pin = next(line.split()[1] for line in made.out.splitlines() if line.startswith("fingerprint"))
        stage.good(f"roster signed by {', '.join(name.title() for name in PEOPLE)}; fingerprint {pin[:23]}…")
        policy = town.home / "policies" / "default" / "policy.toml"
        policy.write_text(policy.read_text() + _CHECKS)
        other = ["--with", f"bela={town.folder / 'people' / 'bela'}"]
        town.run("repository", "add", str(town.clone), "--name", "shop", "--check", "unit-tests", *other)
        probe = (
            f'verification = [{{url = "{town.health}", status = 200, '
            'body_contains = "{commit}", within_seconds = 8}]\n'
        )
        policy.write_text(policy.read_text() + probe)
        town.run("policy", "publish", *other)
        stage.good("policy signed by two policy owners: unit tests before, health page after, staging")

    def _start(self) -> None:
        town, stage = self._town, self._stage
        stage.act("Five processes, none of which trusts another")
        with stage.waiting("front, control, gate, executor and witness start"):
            started = town.run("up", "--detach")
        walls = next((line for line in started.out.splitlines() if "walls" in line), "walls: same user")
        stage.good(walls.strip())
        with stage.waiting("the platform deploys main and the service answers"):
            town.start_platform()
        stage.good(f"the service is healthy at {town.health}")
        town.run(
            "agents", "register", "fixer", "--purpose", "fix scanner findings", "--model", "scripted",
            "--repository", "shop", "--with", f"cleo={town.folder / 'people' / 'cleo'}",
        )  # fmt: skip
        stage.good("the assistant `fixer` is registered: owner Ada, operator Cleo")

    def _drill(self) -> None:
        town, stage = self._town, self._stage
        stage.act("Four drills, before anything beyond the low classes may execute")
        with stage.waiting("the boundaries are attacked on a scratch repository"):
            said = town.run("drill", "shop", person="cleo").out.splitlines()
        kind, held = "", 0
        for line in [*said, "end passed"]:
            if line[:1].isalpha() and line.split()[-1] == "passed":
                if kind:
                    stage.good(f"{kind}: {held} boundaries held")
                kind, held = line.split()[0], 0
            elif line.strip().startswith("held"):
                held += 1
                if "second use" in line.replace("_", " "):
                    stage.stopped(f"a replayed credential: {line.split(': ', 1)[-1]}")

    def _findings(self) -> list[dict[str, Any]]:
        town, stage = self._town, self._stage
        stage.act("Scanners find real faults")
        for file in town.scan():
            said = town.run("ingest", str(file), "--repository", "shop").out.strip().splitlines()
            stage.say("Ada", f"magistrate ingest {file.name}: {said[0] if said else 'read'}")
        found: list[dict[str, Any]] = town.run("findings", "-o", "json").json()
        for row in found:
            stage.quote(f"{row['tool']:<7} {row['rule']:<5} {row['where']:<22} {row['message'][:60]}")
        return found

    def _scene(self, scene: Scene, findings: list[dict[str, Any]]) -> None:
        stage = self._stage
        stage.act(f"The assistant drafts: {scene.what}")
        finding = next(f for f in findings if f["rule"] == scene.rule and f["path"] == scene.path)
        case = self._draft(scene, str(finding["id"]))
        row = self._decided(case)
        stage.quote(_shown(self._town.run("diff", case).out), limit=20)
        self._explain(case)
        began = time.monotonic()
        if scene.play == "typo":
            self._reject(case)
        else:
            self._approve(case, row)
        ended = self._wait(case)
        self._tell(scene, case, ended, time.monotonic() - began)

    def _draft(self, scene: Scene, finding: str) -> str:
        town, stage = self._town, self._stage
        opened = town.run(
            "session", "open", "--agent", "fixer", "--finding", finding, "--reason", f"fix {scene.rule}", "-o", "json"
        ).json()
        self._front = str(opened["front_url"])
        played = town.agent(scene.play, str(opened["file"]), self._front, finding)
        if played.status != 0:
            raise Unavailable("MAG-E649", f"the assistant could not play: {played.err.strip()[-400:]}")
        seen = played.json()
        proposal = str(seen["submitted"]["proposal"])
        stage.say("fixer", f"has {len(seen['tools'])} tools, all for reading and drafting; reads, drafts, submits")
        if seen["redactions"]:
            stage.stopped(f"{seen['redactions']} secret in the file it read was replaced by a token before it left")
        return proposal.removeprefix("sha256:")[:12]

    def _explain(self, case: str) -> None:
        row, stage = self._case(case), self._stage
        words = {"one": "one person", "two": "two people", "deny": "nobody may"}
        stage.say("policy", f"{row['class']}: {words.get(str(row['strictness']), row['strictness'])} — {row['needs']}")
        for line in self._town.run("show", case).out.splitlines():
            if line.strip().startswith("sensitive:"):
                stage.quote(line.strip())

    def _approve(self, case: str, row: dict[str, Any]) -> None:
        people = ["bela"] if row["strictness"] == "one" else ["bela", "cleo"]
        refused = self._town.run("approve", case, "--yes", person="ada", check=False)
        if refused.status == 0:
            raise Unavailable("MAG-E649", "the agent's owner could approve")
        self._stage.stopped("Ada owns the assistant, so her approval is refused")
        for person in people:
            if self._interactive and not self._stage.ask(f"{person.title()} rebuilt it here and it matches. Sign?"):
                self._town.run("reject", case, "--reason", "the viewer said no", person=person)
                self._stage.say(person.title(), "rejects, as you said")
                return
            self._town.run("approve", case, "--yes", person=person)
            self._stage.say(
                person.title(), "rebuilds tree, diff and verdict on this machine, reads, signs with an SSH key"
            )

    def _reject(self, case: str) -> None:
        self._stage.say("Cleo", "is asked because of what it does, not what it is called; she reads it and rejects")
        self._town.run("reject", case, "--reason", "a typo fix does not need contents: write", person="cleo")

    def _tell(self, scene: Scene, case: str, ended: dict[str, Any], seconds: float) -> None:
        state, stage = str(ended["state"]), self._stage
        for event in self._town.run("show", case, "-o", "json").json()["events"]:
            words = _told(str(event["event"]), event["facts"])
            if words:
                stage.say("executor", words)
        (stage.good if state == "SUCCEEDED" else stage.stopped)(f"{state}: {ended['why']}")
        if state != scene.ends and not self._interactive:
            raise Unavailable("MAG-E649", f"`{scene.what}` ended {state}: {ended.get('why', '')}")
        if state == "ROLLED_BACK":
            self._town.wait_healthy(self._town.git("rev-parse", "refs/heads/main", folder=self._town.bare))
        self._rows.append((case, scene.what, str(ended["class"]), str(ended["strictness"]), state, f"{seconds:.1f} s"))

    def _try_to_act(self) -> None:
        town, stage = self._town, self._stage
        stage.act("The assistant tries to act by itself")
        token = next((town.home / "sessions").glob("*.token")).read_text().strip()
        url = f"{_gate_url(town)}/shop.git"
        before = town.git("rev-parse", "refs/heads/main", folder=town.bare)
        town.git("commit", "-q", "--allow-empty", "-m", "straight to main")
        pushed = subprocess.run(
            ["git", "push", url, "HEAD:refs/heads/main"], cwd=town.clone, capture_output=True, text=True, check=False,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": "1",
                 "GIT_CONFIG_KEY_0": "http.extraHeader", "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {token}"},
        )  # fmt: skip
        after = town.git("rev-parse", "refs/heads/main", folder=town.bare)
        if pushed.returncode == 0 or before != after:
            raise Unavailable("MAG-E649", "a push with a session token went through")
        stage.stopped("git push with the session token: refused, the branch did not move")
        leases = town.run("leases", "-o", "json", person="cleo").json()
        live = [lease for lease in leases if lease.get("usable")]
        if live:
            raise Unavailable("MAG-E649", f"{len(live)} credential is still usable")
        stage.good(f"{len(leases)} credentials were ever issued, each for one push with its reason; 0 are usable now")

    def _verify_log(self) -> None:
        town, stage = self._town, self._stage
        stage.act("The record, as an outsider sees it")
        export, doctored = town.folder / "export", town.folder / "doctored"
        town.run("audit", "export", str(export))
        said = town.run("audit", "verify", str(export)).out.strip().splitlines()
        stage.good(f"audit verify, offline, with public keys only: {said[0] if said else 'verified'}")
        shutil.copytree(export, doctored)
        changed = _doctor(doctored)
        caught = town.run("audit", "verify", str(doctored), check=False)
        if caught.status == 0:
            raise Unavailable("MAG-E649", "a doctored log was accepted")
        stage.stopped(f"one byte changed in a copy ({changed}): {caught.err.strip().splitlines()[0]}")

    def _end(self) -> None:
        stage = self._stage
        stage.table("Four changes", ("case", "what", "class", "asked for", "ended", "approval to end"), self._rows)
        stage.close(
            [
                "On your own repository:",
                "  magistrate init --solo && magistrate up --detach",
                "  magistrate repository add . && magistrate ingest results.sarif",
                "  magistrate remediate --all --drafter ruff --reason 'lint' && magistrate queue",
            ]
        )

    # -- parts ----------------------------------------------------------------

    def _case(self, case: str) -> dict[str, Any]:
        rows: list[dict[str, Any]] = self._town.run("queue", "--all", "-o", "json").json()
        return next(row for row in rows if str(row["proposal"]).removeprefix("sha256:").startswith(case))

    def _decided(self, case: str) -> dict[str, Any]:
        return self._until(case, ENDED | {"IN_REVIEW"})

    def _wait(self, case: str) -> dict[str, Any]:
        if self._case(case)["state"] in ENDED:
            return self._case(case)
        with self._stage.waiting("the executor believes nobody: it verifies, rebuilds and judges again, then acts"):
            return self._until(case, ENDED)

    def _until(self, case: str, states: frozenset[str]) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        row = self._case(case)
        while row["state"] not in states:
            if time.monotonic() > deadline:
                raise Unavailable("MAG-E649", f"the case `{case}` stays {row['state']}")
            time.sleep(0.2)
            row = self._case(case)
        return row


def _told(event: str, facts: dict[str, str]) -> str:
    """What the executor recorded, in words; nothing is said that is not in the record."""
    if event == "lease.held":
        return f"holds one credential for one push ({facts['purpose']})"
    if event == "lease.released":
        return f"credential dead after {facts['dead_ms']} ms; tried again with it: {facts['probe']}"
    if event == "verification.done":
        return f"live check passed: {facts['passed']}; {facts.get('probe.0', '')}"
    if event == "rollback.done":
        return f"put the tree {facts['tree'][:12]} back"
    return ""


def _shown(diff: str) -> str:
    """The diff without the lines that only git reads."""
    kept = [line for line in diff.splitlines() if not line.startswith(("index ", "--- ", "+++ "))]
    return "\n".join(
        line.replace("diff --git a/", "").split(" b/")[0] if line.startswith("diff ") else line for line in kept
    )


def _gate_url(town: Town) -> str:
    text = (town.home / "magistrate.toml").read_text()
    port = next(line.split("=")[1].strip() for line in text.splitlines() if line.startswith("gate"))
    return f"http://127.0.0.1:{port}"


def _doctor(folder: Path) -> str:
    """Change one byte of one payload, the way somebody with the disk could."""
    path = folder / "payloads.jsonl"
    lines = path.read_text().splitlines()
    record = json.loads(lines[0])
    raw = record["content"]
    record["content"] = ("B" if raw[0] != "B" else "C") + raw[1:]
    lines[0] = json.dumps(record, separators=(",", ":"), sort_keys=True)
    path.write_text("\n".join(lines) + "\n")
    return path.name
