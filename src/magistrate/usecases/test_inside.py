"""Runs touched tests inside of the walls, by the project's own interpreter. Standard library and pytest only.

Started as `python test_inside.py`; the order is JSON on stdin, the record is JSON on stdout. The
first run notes outcomes, which functions of the tree were called, and what each test reached
(audit events of PEP 578); every further run sees one file of the program changed. Each run is a
child of its own, so that nothing of one is seen by the next. The tree itself cannot be written.
"""

# ruff: noqa: ANN401, ARG002, PLC0415, PTH100, PTH118 - runs under the project's interpreter, with values of pytest
from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from importlib import machinery, metadata
from typing import Any

PROCESS = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.", "os.startfile")
NETWORK = (
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethost",
    "socket.send",
    "urllib.",
    "http.",
    "ftplib.",
    "smtplib.",
)
NATIVE = ("ctypes.",)
CHANGES = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.symlink",
    "os.truncate",
    "shutil.",
    "os.kill",
    "os.putenv",
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND


class Record:
    """A pytest plugin: outcomes by test, functions that were called, what each test reached."""

    def __init__(self, tree: str, *, watch: bool) -> None:
        """Watch what is called and reached, or only outcomes."""
        self.tests: dict[str, str] = {}
        self.called: set[tuple[str, int]] = set()
        self.reached: dict[str, set[str]] = {}
        self._tree = tree + os.sep
        self._watch = watch
        self._now = ""
        self._readable = tuple(
            {tree, sys.prefix, sys.base_prefix, "/usr", "/lib", "/dev", "/etc/localtime", "/proc/self"}
        )

    def pytest_runtest_protocol(self, item: Any) -> None:
        """Before a test, with its fixtures."""
        self._now = ""
        if self._watch:
            sys.setprofile(self._profile)

    def pytest_runtest_call(self, item: Any) -> None:
        """Before the body of a test."""
        self._now = item.nodeid

    def pytest_runtest_teardown(self, item: Any) -> None:
        """Behind it."""
        self._now = ""
        sys.setprofile(None)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """How a part of a test ended; what failed once stays failed."""
        state = report.outcome if report.when == "call" or report.outcome != "failed" else "error"
        if hasattr(report, "wasxfail"):
            state = "xfailed" if state == "skipped" else "xpassed"
        had = self.tests.get(report.nodeid, "passed")
        if report.when == "call" or state != "passed":
            self.tests[report.nodeid] = state if had == "passed" else had

    def pytest_collectreport(self, report: Any) -> None:
        """A file that cannot be collected counts as a test in error."""
        if report.failed:
            self.tests[f"{report.nodeid}::(collection)"] = "error"

    def _profile(self, frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(self._tree):
            self.called.add((frame.f_code.co_filename[len(self._tree) :], frame.f_code.co_firstlineno))

    def audit(self, event: str, given: tuple[Any, ...]) -> None:
        """An audit event of the interpreter."""
        if self._now and (kind := self._kind(event, given)):
            self.reached.setdefault(self._now, set()).add(kind)

    def _kind(self, event: str, given: tuple[Any, ...]) -> str:
        if event == "os.putenv" and given[0] == b"PYTEST_CURRENT_TEST":
            return ""
        if event == "open":
            return self._opened(*given[:3])
        if event == "compile":
            return "" if str(given[1]).endswith(".py") or isinstance(given[0], int) else "runs a text"
        kinds = ((PROCESS, "a process"), (NETWORK, "the network"), (NATIVE, "native code"), (CHANGES, "the disk"))
        return next((kind for names, kind in kinds if event.startswith(names)), "")

    def _opened(self, path: Any, mode: Any, flags: Any) -> str:
        if isinstance(path, int) or path == os.devnull:
            return ""
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & WRITES):
            return "the disk"
        return "" if os.path.abspath(os.fsdecode(path)).startswith(self._readable) else "files outside"


def run_once(order: dict[str, Any], mutant: dict[str, str] | None) -> dict[str, Any]:
    """The tests once, in this process, which is used up by it."""
    import pytest

    tree = order["tree"]
    record = Record(tree, watch=mutant is None)
    if mutant is None:
        sys.addaudithook(record.audit)
    else:
        _show(os.path.join(tree, mutant["path"]), mutant["source"].encode())
    quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    options = [*quiet, "--rootdir", tree, "-o", f"addopts={order['options']}"]
    pytest.main([*order["files"], *options, *(["-x"] if mutant else [])], plugins=[record])
    return {
        "tests": record.tests,
        "called": sorted(record.called),
        "reached": {name: sorted(kinds) for name, kinds in record.reached.items()},
    }


def _show(target: str, source: bytes) -> None:
    """Let the interpreter see another text of one file."""
    plain = machinery.SourceFileLoader.get_data

    def text_of(self: Any, path: Any) -> bytes:
        return source if os.path.abspath(path) == target else plain(self, path)

    machinery.SourceFileLoader.get_data = text_of  # type: ignore[method-assign]


def run_apart(order: dict[str, Any], mutant: dict[str, str] | None, seconds: float) -> dict[str, Any] | None:
    """One run in a child; None where it does not come back in time."""
    end, entry = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(end)
            os.setsid()
            found = json.dumps(run_once(order, mutant)).encode()
            with os.fdopen(entry, "wb") as stream:
                stream.write(found)
            status = 0
        finally:
            os._exit(status)
    os.close(entry)
    said = b""
    deadline = time.monotonic() + seconds
    while True:
        ready = select.select([end], [], [], max(0.0, deadline - time.monotonic()))[0]
        chunk = os.read(end, 1 << 16) if ready else b""
        if not chunk:
            break
        said += chunk
    os.close(end)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        found = json.loads(said)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _read_early() -> None:
    """Read pytest and its plugins once, for all children; nothing of the tree is read here."""
    import pytest  # noqa: F401

    for point in metadata.entry_points(group="pytest11"):
        with contextlib.suppress(Exception):
            point.load()


def main() -> None:
    """Read the order, run, write the record."""
    order = json.loads(sys.stdin.buffer.read())
    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    tree = order["tree"]
    os.chdir(tree)
    sys.path[:1] = [tree, *(os.path.join(tree, folder) for folder in ("src", "lib", "python"))]
    sys.dont_write_bytecode = True
    _read_early()
    started = time.monotonic()
    first = run_apart(order, None, order["seconds"]) if order["first"] else {}
    took = time.monotonic() - started if order["first"] else order["seconds"] / 5
    noticed = []
    for mutant in order["mutants"]:
        found = run_apart(order, mutant, max(5.0, 5 * took))
        if (
            found is None
            or any(state not in {"passed", "skipped", "xfailed"} for state in found["tests"].values())
            or not found["tests"]
        ):
            noticed.append(mutant["id"])
    os.write(out, json.dumps({"first": first, "noticed": noticed}).encode())


if __name__ == "__main__":
    main()
