#!/usr/bin/python3 -I
"""What a target runs for a certificate of `ssh_certificate.py`: one program of its own, once for each lease.

This file is copied to the target as it stands (standard library only); beside it, under its own name and `.json`, are
its settings: `{"state": DIR, "argv": [...], "arguments": [PATTERN, ...], "seconds": N, "artifact": MAX_BYTES}`, the last
only where it takes artifacts. sshd starts it by the force-command of a certificate, so that whoever logs in chooses
neither the entry point nor the lease:

    PROGRAM run LEASE    claim the lease by mkdir (a second time is refused), read a JSON list of strings from standard
                         input, match each with its pattern, and run `argv` with them at its end: no shell, no environment
    PROGRAM end LEASE    claim the lease too, so that it never runs later, and kill what runs under it

With `artifact` the list is one line, its first string the artifact's digest, and the artifact itself comes behind it. `run`
then runs `argv`, the path of the artifact, and the strings, one run at a time. `DIR/current` tells the truth whenever this is
killed: a digest only if the last run that began was of that artifact and ended with 0, else `unknown`. What it names is not
run again. The last line of a run that ended with 0 is `runs DIGEST`. With `unkept:` before its digest the artifact is a secret:
it is in memory and in no file, nothing of it is kept, no argv and no state names its digest, and it is run whatever ran before.

Rule kept (R4, R53): `end` answers `ended LEASE` only when nothing that `run` started is alive. Whoever asks sshd for a
command of their own is refused. What the program leaves behind when it exits is killed: a service is started by the
target's service manager. Exit: the program's own, 77 refused, 78 settings not usable, 124 over its time, 75 not ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import re
import resource
import signal
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

REFUSED: Final = 77
UNUSABLE: Final = 78
NOT_ENDED: Final = 75
OVER: Final = 124
MAX_REQUEST: Final = 65_536
PIECE: Final = 1_048_576
END_SECONDS: Final = 5.0
CLAIM_SECONDS: Final = 1.0
LOCK_SECONDS: Final = 3.0
PAUSE: Final = 0.01
LEASE: Final = re.compile(r"[a-z]{3}-[a-z2-7]{26}")
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
UNKEPT: Final = "unkept:"
ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG
_ADOPT: Final = 36  # PR_SET_CHILD_SUBREAPER


class Settings:
    """The settings beside the program: what it runs, and where it remembers which leases were claimed."""

    def __init__(self, path: Path) -> None:
        verify_own(path)
        told = json.loads(path.read_text())
        self.state = Path(told["state"])
        verify_own(self.state)
        self.argv = [str(part) for part in told["argv"]]
        self.patterns = [re.compile(part) for part in told["arguments"]]
        self.seconds = float(told["seconds"])
        self.most: int | None = told.get("artifact")
        if not (self.state.is_absolute() and self.argv and self.argv[0].startswith("/") and self.seconds > 0):
            stop(UNUSABLE, f"{path} names no absolute paths or no time")
        if self.most is not None and (type(self.most) is not int or self.most < 1 or not self.patterns):
            stop(UNUSABLE, f"{path} says no size of an artifact, or no argument for its digest")


def verify_own(path: Path) -> None:
    """Stop where somebody else than root and this user may write."""
    found = path.stat()
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or found.st_uid not in {0, os.geteuid()}:
        stop(UNUSABLE, f"{path} can be written by others")


def stop(status: int, why: str) -> NoReturn:
    """Say why, and exit."""
    sys.stderr.write(f"{why}\n")
    raise SystemExit(status)


def main(program: str, words: list[str], asked: str) -> int:
    """Run or end one lease; `asked` is what the caller wanted sshd to run."""
    if len(words) != 2 or words[0] not in {"run", "end"} or LEASE.fullmatch(words[1]) is None:  # noqa: PLR2004  verb, lease
        stop(REFUSED, "run LEASE or end LEASE")
    if asked:
        stop(REFUSED, "a command of the caller's own is never run")
    try:
        settings = Settings(Path(program + ".json"))
    except (OSError, ValueError, KeyError, TypeError, re.error) as error:
        stop(UNUSABLE, f"the settings beside the program are not usable: {type(error).__name__}")
    claim = settings.state / words[1]
    return run(settings, claim) if words[0] == "run" else end(claim)


def run(settings: Settings, claim: Path) -> int:
    """Claim the lease and run the one program."""
    if not claimed(claim):
        stop(REFUSED, f"{claim.name} was used or ended before")
    if call_kernel(_ADOPT, 1) != 0:
        stop(UNUSABLE, "orphans cannot be adopted here, so that nothing could be ended")
    write_pids(claim, 0)
    if (claim / "ended").exists():
        stop(REFUSED, f"{claim.name} was ended")
    if settings.most is not None:
        return run_artifact(settings, claim, settings.most)
    return execute(settings, claim, arguments_of(settings, sys.stdin.buffer.read(MAX_REQUEST + 1)))


def run_artifact(settings: Settings, claim: Path, most: int) -> int:
    """Run the program on the artifact that comes in, unless it is what runs; `current` is never more than is known."""
    state = settings.state
    lock = alone(state)
    line = sys.stdin.buffer.readline(MAX_REQUEST + 1)
    given = arguments_of(settings, line if line.endswith(b"\n") else b"")
    if given[0].startswith(UNKEPT):
        return run_secret(settings, claim, most, given, lock)
    digest, current = given[0], named(state / "current")
    try:
        forget_artifacts(state)
        path = received(state / "artifacts", claim.name, digest, most)
        if current == digest:
            say(f"runs {digest}\n")
            return 0
        if current:
            put(state / "before", current)
        put(state / "tried", digest)
        put(state / "current", "unknown")
    except OSError as error:
        stop(UNUSABLE, f"the artifact cannot be kept: {error.strerror}")
    status = execute(settings, claim, [str(path), *given], lock)
    if status == 0:
        put(state / "current", digest)
        say(f"\nruns {digest}\n")
    forget_artifacts(state)
    return status


def run_secret(settings: Settings, claim: Path, most: int, given: list[str], lock: int) -> int:
    """Run the program on a secret; the path that it gets leads into the memory of this process, and is gone with it."""
    with os.fdopen(os.memfd_create("secret"), "wb") as held:
        os.fchmod(held.fileno(), 0o400)
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))  # what crashes is dumped nowhere, to no pipe either: core(5)
        take(held, given[0].removeprefix(UNKEPT), most)
        status = execute(settings, claim, [f"/proc/{os.getpid()}/fd/{held.fileno()}", *given[1:]], lock)
    say(f"\nruns {given[0]}\n" if status == 0 else "")
    return status


def execute(settings: Settings, claim: Path, more: list[str], lock: int | None = None) -> int:
    """Run the one program, and leave nothing behind that it started; whatever it starts has the lock too."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        if lock is not None:
            os.set_inheritable(lock, True)  # noqa: FBT003  the standard library has no name for it
        become([*settings.argv, *more], reader, writer)
    os.close(reader)
    write_pids(claim, child)
    os.write(writer, b"\n")
    os.close(writer)
    status = wait(child, settings.seconds)
    kill_until_gone(lambda: below(processes(), os.getpid()))
    return status


def alone(state: Path) -> int:
    """Hold the state for this run; refuse when another one, or anything that it left, does not end in time."""
    lock = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        if time.monotonic() > deadline:
            stop(REFUSED, "another run has not ended")
        time.sleep(PAUSE)


def received(folder: Path, lease: str, digest: str, most: int) -> Path:
    """The artifact from standard input, whole and on the disk; refused and deleted when it is not what the digest says."""
    folder.mkdir(mode=0o700, exist_ok=True)
    fresh, kept = folder / f"{lease}.new", folder / digest.removeprefix("sha256:")
    try:
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o400), "wb") as out:
            take(out, digest, most)
            os.fsync(out.fileno())
        fresh.rename(kept)
    finally:
        fresh.unlink(missing_ok=True)
    to_disk(folder)
    return kept


def take(out: BinaryIO, digest: str, most: int) -> None:
    """Write what comes in; refuse it when it is larger than `most`, or is not what its digest says."""
    hashed, size = hashlib.sha256(), 0
    while size <= most and (piece := sys.stdin.buffer.read(min(PIECE, most + 1 - size))):
        size += len(piece)
        hashed.update(piece)
        out.write(piece)
    out.flush()
    if size > most:
        stop(REFUSED, f"the artifact has more than {most} bytes")
    if digest != f"sha256:{hashed.hexdigest()}":
        stop(REFUSED, "the artifact is not what its digest says")


def named(path: Path) -> str:
    """The digest that a file of the state names; empty where it names none."""
    found = path.read_text().strip() if path.exists() else ""
    return found if DIGEST.fullmatch(found) else ""


def put(path: Path, text: str) -> None:
    """Replace a file of the state, whole, on the disk before this returns."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w") as out:
        print(text, file=out, flush=True)
        os.fsync(out.fileno())
    fresh.rename(path)
    to_disk(path.parent)


def forget_artifacts(state: Path) -> None:
    """Keep the artifacts of the last run that began and of the two last that ended with 0, and nothing else."""
    kept = {named(state / name).removeprefix("sha256:") for name in ("current", "before", "tried")}
    for one in (state / "artifacts").glob("*"):
        if one.name not in kept:
            one.unlink()


def say(text: str) -> None:
    """Write to whoever may still listen."""
    with contextlib.suppress(OSError):
        os.write(1, text.encode())


def claimed(claim: Path) -> bool:
    """Take a lease, on the disk, once ever; whether this call was the one."""
    try:
        claim.mkdir(mode=0o700)
    except FileExistsError:
        return False
    to_disk(claim.parent)
    return True


def arguments_of(settings: Settings, raw: bytes) -> list[str]:
    """The arguments from standard input, each as its pattern wants it; none begins like an option."""
    try:
        found = json.loads(raw) if len(raw) <= MAX_REQUEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != len(settings.patterns):
        stop(REFUSED, f"standard input is no JSON list of {len(settings.patterns)} strings")
    for number, (one, pattern) in enumerate(zip(found, settings.patterns, strict=True)):
        if not isinstance(one, str) or "\0" in one or one.startswith("-") or pattern.fullmatch(one) is None:
            stop(REFUSED, f"argument {number} is not as the target wants it")
    return found


def become(argv: list[str], reader: int, writer: int) -> NoReturn:
    """In the child: a session of its own, dead when the parent dies, running only once its id is on the disk."""
    try:
        os.close(writer)
        os.setsid()
        call_kernel(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.read(reader, 1) == b"\n":
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.chdir("/")
            os.execve(argv[0], argv, ENVIRONMENT)  # noqa: S606  an argv of the target's own, no shell
    except OSError as error:
        os.write(2, f"{argv[0]} cannot be run: {error.strerror}\n".encode())
    os._exit(UNUSABLE)


def wait(child: int, seconds: float) -> int:
    """The exit status of the child; 124 when its time was over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        time.sleep(PAUSE)
    return OVER


def end(claim: Path) -> int:
    """Make sure that the lease never runs, or runs no longer."""
    unused = claimed(claim)
    os.close(os.open(claim / "ended", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    to_disk(claim)
    runner, started, child, child_started = (0, 0, 0, 0) if unused else read_pids(claim)
    with contextlib.suppress(ProcessLookupError):
        if same(runner, started):
            os.kill(runner, signal.SIGSTOP)  # so that it starts nothing more while what it started is killed
    alive = kill_until_gone(lambda: under(runner, started, child, child_started))
    if not alive and same(runner, started):
        os.kill(runner, signal.SIGKILL)
        alive = kill_until_gone(lambda: {runner} if same(runner, started) else set())
    if alive:
        stop(NOT_ENDED, f"{len(alive)} processes of {claim.name} are still alive")
    sys.stdout.write(f"ended {claim.name}\n")
    return 0


def read_pids(claim: Path) -> tuple[int, int, int, int]:
    """Runner and its start, child and its start; 0 for what is not there: a runner without ids for a second finds `ended`."""
    deadline = time.monotonic() + CLAIM_SECONDS
    while not (claim / "pids").exists() and time.monotonic() < deadline:
        time.sleep(PAUSE)
    told = (claim / "pids").read_text() if (claim / "pids").exists() else "0 0 0 0"
    runner, started, child, child_started = (int(part) for part in told.split())
    return runner, started, child, child_started


def under(runner: int, started: int, child: int, child_started: int) -> set[int]:
    """What lives of a run: everything below its first process, and the session that it gave to the program."""
    found = processes()
    below_it = below(found, runner) if runner in found and found[runner][2] == started else set()
    leader = found.get(child)
    foreign = leader is not None and leader[2] != child_started
    session = set() if foreign or not child else {pid for pid, one in found.items() if one[1] == child}
    return below_it | session


def below(found: dict[int, tuple[int, int, int]], top: int) -> set[int]:
    """All descendants of a process."""
    below_it: set[int] = set()
    more = {top}
    while more:
        more = {pid for pid, one in found.items() if one[0] in more} - below_it
        below_it |= more
    return below_it


def processes() -> dict[int, tuple[int, int, int]]:
    """Parent, session and start of every process that is no zombie."""
    found = {}
    for one in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parts = (one / "stat").read_bytes().rpartition(b")")[2].split()
            if parts[0] not in {b"Z", b"X"}:
                found[int(one.name)] = int(parts[1]), int(parts[3]), int(parts[19])
    return found


def same(pid: int, started: int) -> bool:
    """Whether a process is still the one that began then."""
    return pid > 0 and processes().get(pid, (0, 0, -1))[2] == started


def kill_until_gone(living: Callable[[], set[int]]) -> set[int]:
    """Kill what lives, again and again; what is still alive after five seconds."""
    deadline = time.monotonic() + END_SECONDS
    while (found := living()) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE)
    return found


def write_pids(claim: Path, child: int) -> None:
    """Write down, whole or not at all, which processes belong to the lease, each with its start."""
    found = processes()
    mine, its = os.getpid(), found.get(child, (0, 0, 0))[2]
    (claim / "pids.new").write_text(f"{mine} {found[mine][2]} {child} {its}\n")
    (claim / "pids.new").rename(claim / "pids")


def to_disk(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def call_kernel(option: int, value: int) -> int:
    """`prctl` of Linux; 0 when it was done."""
    return int(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0))


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[0]), sys.argv[1:], os.environ.get("SSH_ORIGINAL_COMMAND", "")))  # noqa: PTH100  no link is followed
