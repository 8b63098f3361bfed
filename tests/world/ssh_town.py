"""A target that trusts a CA: a real sshd on a free port, the target's own program, and a broker for it.

    with ssh_town(tmp_path) as town:
        broker = town.broker()
        credential = broker.request(town.bundle, town.lease(), ())
        broker.run(credential, ["shop-1.2", "0"], 10)

sshd runs as whoever runs the tests; nothing of the host is changed but for the folder `/run/sshd`, which it demands of root.
`town.acted()` is what the target's one program did.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from world.admissible import Admissible
from world.ports import four_free_ports

from magistrate.bootstrap.executor import SystemClock
from magistrate.domain.execution import LeasePurpose, LeaseState
from magistrate.executor.credentials import ssh_target
from magistrate.executor.credentials.ssh_certificate import SshCertificates, SshGround
from magistrate.executor.credentials.ssh_login import SshTarget
from magistrate.executor.credentials.ssh_revocations import RevocationFile
from magistrate.executor.hands import Act
from magistrate.executor.identity import Identity
from magistrate.wire.lease import Lease

ABSENT = "sshd is not here"
USER = pwd.getpwuid(os.geteuid()).pw_name
STRICT = """PermitTTY no
AllowTcpForwarding no
AllowStreamLocalForwarding no
AllowAgentForwarding no
X11Forwarding no
PermitTunnel no
"""
OPEN = """PermitTTY yes
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
AllowAgentForwarding yes
GatewayPorts no
"""
PROGRAM = """
import hashlib, os, sys, time
effects, name, seconds = sys.argv[1], sys.argv[-2], float(sys.argv[-1])
what = ""
if len(sys.argv) == 6:
    what = hashlib.sha256(open(sys.argv[2], "rb").read()).hexdigest()
    assert sys.argv[3] == "sha256:" + what
def note(word):
    with open(effects, "a") as out:
        out.write(f"{word} {name} {os.getpid()} {what}\\n")
if name.startswith("escape") and os.fork() == 0:
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    note("escaped")
    time.sleep(seconds)
    note("after-escape")
    os._exit(0)
note("began")
print("acted on", name, flush=True)
if name == "talk":
    print("key AKIAIOSFODNN7EXAMPLE \\x1b[2J", "x" * 300_000)
time.sleep(seconds)
if name == "fail":
    sys.exit(3)
note("after")
"""
DIGEST_PATTERN = "sha256:[0-9a-f]{64}"
MOST = 40_000_000
TAKES_ARTIFACTS = {"artifact": MOST, "arguments": [DIGEST_PATTERN, "[a-z0-9.-]{1,40}", "[0-9.]{1,6}"]}
"""Changes of `install_target`, for a target that takes artifacts."""


def keygen(*arguments: Any) -> str:
    done = subprocess.run(["ssh-keygen", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sshd_program() -> str:
    found = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
    if found is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        pytest.skip(f"{ABSENT}: tools/deps.sh installs openssh-server")
    return found


@dataclass
class SshTown:
    folder: Path
    permits: str = STRICT
    port: int = field(default_factory=four_free_ports)
    sshd: subprocess.Popen[bytes] | None = None
    brokers: list[SshCertificates] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.case = Admissible(self.folder / f"home{secrets.token_hex(4)}")
        self.bundle = self.case.build()
        self.identity = Identity(self.case.town.keys["executor"], deployment=self.case.town.name)
        self.ca, self.known_hosts = self.folder / "keys/ca", self.folder / "keys/known_hosts"
        self.krl, self.effects = self.folder / "sshd/revoked", self.folder / "effects"
        self.program = self.folder / "target/magistrate-target"

    def lay(self) -> None:
        """Make what a target has: keys, the pinned host, the program."""
        for name in ("target", "sshd", "keys"):
            (self.folder / name).mkdir(mode=0o700)
        keygen("-q", "-t", "ed25519", "-N", "", "-C", "ca", "-f", self.ca)
        keygen("-q", "-t", "ed25519", "-N", "", "-C", "host", "-f", self.folder / "sshd/host")
        kind, public, *_ = (self.folder / "sshd/host.pub").read_text().split()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {public}\n")
        install_target(self.program.parent, self.effects)

    def settings(self) -> str:
        """What `[target.NAME]` of a home says of it, without the head."""
        return (
            f'host = "127.0.0.1"\nport = {self.port}\nuser = "{USER}"\nprogram = "{self.program}"\n'
            f'known_hosts = "{self.known_hosts}"\nauthority = "{self.ca}"\nrevocations = "{self.krl}"\n'
            'source_addresses = ["127.0.0.1"]\nseconds = 30\n'
        )

    def start(self) -> None:
        """Start sshd, and wait until it listens."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.krl.touch()
        config = self.folder / "sshd/config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/sshd/host\nPidFile none\n"
            f"TrustedUserCAKeys {self.ca}.pub\nRevokedKeys {self.krl}\nAuthorizedKeysFile none\n"
            "AuthenticationMethods publickey\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PermitRootLogin forced-commands-only\nUsePAM no\nPermitUserRC no\nPermitUserEnvironment no\nLogLevel VERBOSE\n"
            f"PerSourceMaxStartups none\nMaxStartups 100\n{self.permits}"
        )
        with (self.folder / "sshd/log").open("ab") as log:
            argv = [sshd_program(), "-D", "-e", "-f", str(config)]
            self.sshd = subprocess.Popen(argv, stderr=log, stdout=log, stdin=subprocess.DEVNULL)
        until(self._listening, "sshd listens")

    def _listening(self) -> bool:
        assert self.sshd is not None
        assert self.sshd.poll() is None, self.log()
        return f"Server listening on 127.0.0.1 port {self.port}" in self.log().rpartition("--stopped--")[2]

    def stop(self) -> None:
        """Stop sshd; open sessions live on, as they do when it is restarted."""
        if self.sshd is not None:
            self.sshd.terminate()
            self.sshd.wait()
            self.sshd = None
            with (self.folder / "sshd/log").open("a") as log:
                log.write("--stopped--\n")

    def log(self) -> str:
        return (self.folder / "sshd/log").read_text()

    def target(self, **changes: Any) -> SshTarget:
        given: dict[str, Any] = {
            "host": "127.0.0.1", "port": self.port, "user": USER, "principal": USER, "program": str(self.program),
            "known_hosts": self.known_hosts, "source_addresses": ("127.0.0.1/32",),
        }  # fmt: skip
        return SshTarget(**{**given, **changes})

    def broker(self, clock: Any = None, **changes: Any) -> SshCertificates:
        ground = SshGround(
            target=self.target(**changes), folder=self.folder / "broker", authority=self.ca,
            revocations=RevocationFile(path=self.krl), redact=lambda text: text.replace("AKIAIOSFODNN7EXAMPLE", "[[key]]"),
        )  # fmt: skip
        broker = SshCertificates(ground, identity=self.identity, clock=clock or SystemClock())
        self.brokers.append(broker)
        return broker

    def lease(self, *, seconds: int = 60, now: int | None = None, **changes: Any) -> Any:
        warrant = self.bundle.warrant
        assert warrant is not None
        given: dict[str, Any] = {
            "warrant": warrant.payload_digest(), "proposal": self.bundle.proposal.payload_digest(), "purpose": LeasePurpose.EFFECT,
            "state": LeaseState.REQUESTED, "repository": "shop", "ref": "refs/heads/main", "old": "1" * 40, "commit": "2" * 40,
            "tree": "3" * 40, "reason": "deploy the shop",
        }  # fmt: skip
        body = Lease(**{**given, **changes})
        framed = self.identity.frame(body, "lse", now=int(time.time()) if now is None else now, lifetime=seconds)
        return self.identity.seal(framed)

    def act(self, broker: SshCertificates) -> Act:
        warrant = self.bundle.warrant
        assert warrant is not None
        return Act(
            execution="war-x", warrant_digest=warrant.payload_digest(), proposal=self.bundle.proposal.payload_digest(),
            purpose=LeasePurpose.EFFECT, repository="shop", ref="refs/heads/main", old="1" * 40, new="2" * 40, tree="3" * 40,
            reason="deploy the shop", mint=lambda lease: broker.request(self.bundle, lease, ()),
        )  # fmt: skip

    def acted(self) -> list[str]:
        """The words of what the target's program did, in order."""
        return [line.split()[0] for line in self.effects.read_text().splitlines()] if self.effects.exists() else []

    def pids(self) -> set[int]:
        """The processes that said something, and live."""
        told = (
            {int(line.split()[2]) for line in self.effects.read_text().splitlines()} if self.effects.exists() else set()
        )
        return told & set(ssh_target.processes())


def install_target(folder: Path, effects: Path, **changes: Any) -> Path:
    """Install the target's program as a person would: the file, its settings, a folder for its state."""
    program, acts = folder / "magistrate-target", folder / "acts.py"
    _, _, rest = Path(ssh_target.__file__).read_text().partition("\n")
    program.write_text(f"#!{sys.executable} -I\n{rest}")
    program.chmod(0o755)
    acts.write_text(PROGRAM)
    (folder / "state").mkdir(exist_ok=True, mode=0o700)
    settings = {
        "state": str(folder / "state"), "argv": [sys.executable, "-I", str(acts), str(effects)],
        "arguments": ["[a-z0-9.-]{1,40}", "[0-9.]{1,6}"], "seconds": 60,
    }  # fmt: skip
    (folder / "magistrate-target.json").write_text(json.dumps({**settings, **changes}))
    (folder / "magistrate-target.json").chmod(0o600)
    return program


def until(true: Any, what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)


@contextlib.contextmanager
def ssh_town(folder: Path, permits: str = STRICT) -> Iterator[SshTown]:
    """A target with its sshd running; what it leaves is killed."""
    sshd_program()
    town = SshTown(folder=folder, permits=permits)
    town.lay()
    town.start()
    try:
        yield town
    finally:
        town.stop()
        for broker in town.brokers:
            with contextlib.suppress(OSError):
                broker.close()
        for pid in town.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
