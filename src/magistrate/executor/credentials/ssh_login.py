"""One login at one pinned host with one certificate: the `ssh` client, told everything and asked nothing.

Rule kept (R50, R52): no configuration file, agent, forwarding, shared connection or question; a host whose key is not the
pinned one gets nothing. The private key reaches the client as a file in memory that has no name on any disk and is gone
with this process; nothing of it is in an argv, an environment or an error. What the target says is bounded and redacted.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from magistrate.errors import Refused, Unavailable
from magistrate.executor.ports import Seen

CONNECT_SECONDS: Final = 5
MAX_OUTPUT: Final = 65_536
LAST_LINE: Final = 1024
UNREACHED: Final = 255
"""What the client exits with where the connection, or the program by a signal, was lost; or the program exited so."""
_HOST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:]{2,39}")
_USER: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_PROGRAM: Final = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)+")
_CONTROL: Final = re.compile(r"[^\n\t\x20-\x7e\x80-\U0010ffff]|[\x7f-\x9f]")
_OPTIONS: Final = {
    "AddKeysToAgent": "no", "BatchMode": "yes", "CanonicalizeHostname": "no", "CheckHostIP": "no",
    "ClearAllForwardings": "yes", "ConnectTimeout": str(CONNECT_SECONDS), "ConnectionAttempts": "1", "ControlMaster": "no",
    "ControlPath": "none", "EscapeChar": "none", "ForwardAgent": "no", "ForwardX11": "no", "GSSAPIAuthentication": "no",
    "GlobalKnownHostsFile": "/dev/null", "HostbasedAuthentication": "no", "IdentitiesOnly": "yes", "IdentityAgent": "none",
    "KbdInteractiveAuthentication": "no", "LogLevel": "VERBOSE", "NoHostAuthenticationForLocalhost": "no",
    "PasswordAuthentication": "no", "PermitLocalCommand": "no", "PreferredAuthentications": "publickey",
    "ProxyCommand": "none", "ProxyJump": "none", "RequestTTY": "no", "ServerAliveCountMax": "2", "ServerAliveInterval": "5",
    "StrictHostKeyChecking": "yes", "Tunnel": "no", "UpdateHostKeys": "no", "VerifyHostKeyDNS": "no",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SshTarget:
    """One target, from settings and never from a proposal.

    `program` is the target's own (`ssh_target.py`), `source_addresses` is where the executor may come from (addresses or
    networks), `known_hosts` a file with the pinned host key. `principal` is usually the user.

    Raises:
        Refused: MAG-E420 when one of them is not acceptable.
    """

    host: str
    port: int
    user: str
    principal: str
    program: str
    known_hosts: Path
    source_addresses: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what could mean something else to ssh, to sshd or to the shell that sshd starts."""
        well = {
            "host": _HOST.fullmatch(self.host) is not None,
            "port": 0 < self.port < 65_536,  # noqa: PLR2004  16 bits
            "user": _USER.fullmatch(self.user) is not None,
            "principal": _USER.fullmatch(self.principal) is not None,
            "program": _PROGRAM.fullmatch(self.program) is not None,
            "known_hosts": self.known_hosts.is_absolute()
            and '"' not in str(self.known_hosts)
            and "%" not in str(self.known_hosts),
            "source_addresses": bool(self.source_addresses) and all(map(_narrow, self.source_addresses)),
        }
        for name, good in well.items():
            if not good:
                raise Refused(
                    "MAG-E420",
                    f"the SSH target's `{name}` is not acceptable",
                    hint="docs/credentials-ssh.md says what is",
                )

    @property
    def url(self) -> str:
        """Where a login leads."""
        return f"ssh://{self.user}@{self.host}:{self.port}"


def _narrow(text: str) -> bool:
    try:
        network = ipaddress.ip_network(text, strict=True)
    except ValueError:
        return False
    return network.prefixlen > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A private key and its certificate, in memory only; no certificate where the key itself is tried."""

    private: bytes = field(repr=False)
    certificate: bytes = field(repr=False)

    def token(self) -> str:
        """Both as one text, for the `token` of a credential."""
        return (self.private + self.certificate).decode("ascii")

    @classmethod
    def of_token(cls, token: str) -> HeldKey:
        """Read what `token` made (raises Refused MAG-E386 for anything else)."""
        head, mark, rest = token.partition("-----END OPENSSH PRIVATE KEY-----\n")
        if not mark or not rest.startswith("ssh-ed25519-cert-v01@openssh.com "):
            raise Refused("MAG-E386", "the credential is no SSH key with a certificate")
        return cls(private=(head + mark).encode(), certificate=rest.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back: the exit status, and what it wrote, bounded and redacted; `last` is its last line by itself."""

    status: int
    output: str
    last: str = ""


class SshLogin:
    """Logs in at one target. `redact` takes secrets out of what the target says, before anybody sees it."""

    def __init__(self, target: SshTarget, redact: Callable[[str], str]) -> None:
        self._target = target
        self._redact = redact

    def attempt(self, key: HeldKey, seconds: float) -> Seen:
        """Log in and do nothing; `held` when sshd refused the key, and never because nobody answered.

        Raises:
            Unavailable: MAG-E423 when sshd was not reached or is another one.
        """
        with self._started(key, ("-N",), seconds, stdin=subprocess.DEVNULL) as client:
            told: list[str] = []
            for line in client.stderr or ():
                told.append(line[:500].decode("utf-8", "replace").strip())
                if told[-1].startswith("Authenticated to "):
                    client.kill()
                    return Seen(held=False, seen="login ACCEPTED")
        if any(line.startswith(f"{self._target.user}@{self._target.host}: Permission denied (") for line in told):
            return Seen(held=True, seen="login refused")
        raise self._unreached(told)

    def speak(self, key: HeldKey, stdin: bytes, seconds: float, artifact: bytes = b"") -> Answered:
        """Log in, give the target's own program its input, a line of its own before an artifact, and wait until it ends.

        What it does not read, because it ended before, is no error here: its exit status says why.

        Raises:
            Refused: MAG-E424 when sshd refused the key.
            Unavailable: MAG-E423 when sshd was not reached, is another one, or the time was over; nothing that the program
                said is in it.
        """
        with self._started(key, (), seconds, stdin=subprocess.PIPE) as client:
            said, errors = _Bounded(client.stdout), _Bounded(client.stderr)
            with contextlib.suppress(BrokenPipeError), client.stdin or contextlib.nullcontext() as stream:
                if stream is not None:
                    stream.writelines((stdin, b"\n", artifact) if artifact else (stdin,))
            status = client.wait()
            output, told = said.text(), errors.text().splitlines()
        if any(line.startswith("Authenticated to ") for line in told):
            if status < 0:
                raise self._unreached(["the time was over after the login"])
            told = [
                line
                for line in told
                if not line.startswith(("Authenticated to ", "Transferred: ", "Bytes per second: "))
            ]
            shown = self._clean("\n".join([output.rstrip("\n"), *told]).strip("\n"), key)
            return Answered(status=status, output=shown, last=self._clean(said.last(), key))
        if any(line.startswith(f"{self._target.user}@{self._target.host}: Permission denied (") for line in told):
            raise Refused("MAG-E424", f"`{self._target.url}` refused the certificate")
        raise self._unreached(told)

    def _unreached(self, told: list[str]) -> Unavailable:
        why = _CONTROL.sub("", next((line for line in reversed(told) if line.strip()), "no answer in time"))[:200]
        return Unavailable("MAG-E423", f"`{self._target.url}` was not reached: {why}")

    def _clean(self, output: str, key: HeldKey) -> str:
        for line in (key.private + key.certificate).decode("ascii").split():
            if len(line) >= 16:  # noqa: PLR2004  a line of base64, no word
                output = output.replace(line, "[withheld]")
        return _CONTROL.sub("?", self._redact(output))[:MAX_OUTPUT]

    @contextlib.contextmanager
    def _started(
        self, key: HeldKey, more: tuple[str, ...], seconds: float, *, stdin: int
    ) -> Iterator[subprocess.Popen[bytes]]:
        with in_memory(key.private) as private, in_memory(key.certificate) as certificate:
            argv = [*self._argv(private, certificate if key.certificate else ""), *more, "--", self._target.host]
            environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
            try:
                client = subprocess.Popen(
                    argv,
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=environment,
                    cwd="/",
                    close_fds=True,
                )
            except OSError as error:
                raise Unavailable("MAG-E423", f"the ssh client cannot be started: {error.strerror}") from error
            timer = threading.Timer(seconds, client.kill)
            timer.start()
            try:
                yield client
            finally:
                timer.cancel()
                client.kill()
                for stream in (client.stdin, client.stdout, client.stderr):
                    if stream is not None:
                        with contextlib.suppress(BrokenPipeError):
                            stream.close()
                client.wait()

    def _argv(self, private: str, certificate: str) -> list[str]:
        target = self._target
        told = {
            **_OPTIONS, "UserKnownHostsFile": f'"{target.known_hosts}"', "IdentityFile": private,
            **({"CertificateFile": certificate} if certificate else {}),
        }  # fmt: skip
        options = [part for name, value in told.items() for part in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "none", "-T", "-a", "-x", "-p", str(target.port), "-l", target.user, *options]


@contextlib.contextmanager
def in_memory(content: bytes) -> Iterator[str]:
    """A path, for this user alone, to bytes that are on no disk; gone with the `with`, and with this process.

    The client closes what it inherits, so that the path leads to the descriptor of this process.
    """
    descriptor = os.memfd_create("ssh", os.MFD_CLOEXEC)
    try:
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, content)
        yield f"/proc/{os.getpid()}/fd/{descriptor}"
    finally:
        os.close(descriptor)


class _Bounded:
    """Reads a stream to its end in a thread of its own, and keeps the beginning."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._kept = self._end = b""
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[bytes] | None) -> None:
        while stream is not None and (piece := stream.read1(65_536) if hasattr(stream, "read1") else b""):
            if len(self._kept) < 2 * MAX_OUTPUT:
                self._kept += piece
            self._end = (self._end + piece)[-LAST_LINE:]

    def text(self) -> str:
        """What was kept: twice what anybody is shown, so that a secret at the border is redacted whole."""
        self._reader.join()
        return self._kept.decode("utf-8", "replace")

    def last(self) -> str:
        """The last line, however much came before it; empty where it is longer than anybody is shown."""
        self._reader.join()
        _, mark, line = self._end.rstrip(b"\n").rpartition(b"\n")
        return "" if not mark and len(self._end) >= LAST_LINE else line.decode("utf-8", "replace")
