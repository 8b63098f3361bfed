"""The walls, tried from inside by hostile programs, at every level this machine has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from magistrate.adapters.sandbox.detect import detect, open_sandbox
from magistrate.errors import Unavailable
from magistrate.ports import SandboxLevel, SandboxLimits

QUICK = SandboxLimits(cpu_seconds=10, wall_seconds=20, output_bytes=100_000, processes=20)
SPACED = [SandboxLevel.BUBBLEWRAP, SandboxLevel.UNSHARE]


@pytest.fixture(params=[level for level in SandboxLevel if level is not SandboxLevel.NONE])
def walls(request):
    return _open(request.param)


@pytest.fixture(params=SPACED)
def spaced(request):
    return _open(request.param)


def _open(level):
    sandbox = open_sandbox(level)
    trial = sandbox.run(["/bin/true"])
    if not trial.clean:
        pytest.skip(f"sandbox level {level} does not work on this machine")
    return sandbox


def python(sandbox, code, **more):
    more.setdefault("limits", QUICK)
    return sandbox.run([sys.executable, "-I", "-c", code], **more)


def refused(sandbox, code, **more):
    """The code must end in an OSError of the kernel, not in success and not in a crash."""
    result = python(sandbox, f"try:\n  {code}\nexcept OSError as e: print('REFUSED', e)\nelse: print('DONE')", **more)
    assert result.stdout.startswith(b"REFUSED"), result
    return result


def test_this_machine_has_walls():
    found = detect()
    assert found.level is not None, found.reasons
    assert open_sandbox().level is found.level


def test_a_plain_program_runs_and_answers(walls):
    result = python(walls, "import sys; sys.stdout.write(sys.stdin.read().upper())", stdin=b"x" * 99_000)
    assert result.clean
    assert result.stdout == b"X" * 99_000


def test_this_package_can_be_imported_inside(walls):
    assert python(walls, "import magistrate.wire.canonical").clean


@pytest.mark.requirement("R55")
def test_no_tcp(walls):
    refused(walls, "import socket; socket.create_connection(('127.0.0.1', 22), 3)")
    refused(walls, "import socket; socket.create_connection(('192.0.2.1', 80), 3)")


@pytest.mark.requirement("R55")
def test_no_udp_and_no_dns(walls):
    refused(walls, "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))")
    refused(walls, "import socket; socket.getaddrinfo('example.com', 80)")


def test_a_listener_of_the_host_is_not_reached(walls):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        refused(walls, f"import socket; socket.create_connection(('127.0.0.1', {port}), 3)")


@pytest.mark.requirement("R55")
def test_no_host_file_is_read(walls, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("plainly-fake-secret")
    secret.chmod(0o644)
    refused(walls, f"open({str(secret)!r}).read()")
    refused(walls, "open('/etc/passwd').read()")
    refused(walls, "import os; os.listdir('/home')")


def test_what_is_given_is_read_and_not_written(walls, tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    (given / "a").write_text("hello")
    _open_to_strangers(given)
    assert python(walls, f"print(open({str(given / 'a')!r}).read())", read_only=[given]).stdout == b"hello\n"
    refused(walls, f"open({str(given / 'b')!r}, 'w')", read_only=[given])
    refused(walls, f"open({str(given / 'a')!r}, 'a')", read_only=[given])
    refused(walls, "open('/usr/planted', 'w')")
    assert [p.name for p in given.iterdir()] == ["a"]


def _open_to_strangers(folder):
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_the_writable_folder_is_written_and_no_link_leads_out(walls, tmp_path):
    desk = tmp_path / "desk"
    desk.mkdir()
    outside = tmp_path / "outside"
    outside.write_text("before")
    outside.chmod(0o666)
    (desk / "link").symlink_to(outside)
    assert python(walls, "open('made', 'w').write('yes')", writable=desk).clean
    assert (desk / "made").read_text() == "yes"
    refused(walls, "open('link', 'w').write('after')", writable=desk)
    assert outside.read_text() == "before"


@pytest.mark.requirement("R50")
def test_the_environment_is_cleared(walls, monkeypatch):
    monkeypatch.setenv("PLAINLY_FAKE_TOKEN", "hunter2")
    result = python(walls, "import os; print(dict(os.environ))", env={"GIVEN": "yes"})
    assert b"hunter2" not in result.stdout
    assert b"'GIVEN': 'yes'" in result.stdout


def test_other_processes_are_not_seen(walls):
    refused(walls, f"open('/proc/{os.getpid()}/environ', 'rb').read()")


def test_other_processes_are_not_signalled(walls):
    with subprocess.Popen(["/bin/sleep", "60"]) as other:
        try:
            refused(walls, f"import os; os.kill({other.pid}, 9)")
            assert other.poll() is None
        finally:
            other.kill()


def test_no_new_namespace_no_mount_no_trace(walls):
    call = "import ctypes,os\nc=ctypes.CDLL(None,use_errno=True)\n"
    for what in ("c.unshare(0x10000000)", "c.mount(b'none',b'/usr',b'tmpfs',0,0)", "c.ptrace(0,0,0,0)"):
        result = python(walls, f"{call}r={what}\nprint(r, ctypes.get_errno())")
        assert result.stdout.split() == [b"-1", b"1"], (what, result)


def test_no_capability_is_held(spaced):
    if spaced.level is SandboxLevel.BUBBLEWRAP:
        status = python(spaced, "print(open('/proc/self/status').read())").stdout.decode()
        assert "CapEff:\t0000000000000000" in status
        assert "Seccomp:\t2" in status
    refused(spaced, "import os; os.chown('/usr', 0, 0)")
    assert python(spaced, "import os; print(os.getuid())").stdout.strip() != b"0"


def test_a_descriptor_of_the_parent_does_not_leak(walls, tmp_path):
    with (tmp_path / "open").open("w") as stream:
        os.set_inheritable(stream.fileno(), True)
        code = "import os\nfor n in range(3, 200):\n  try: os.fstat(n); print('OPEN', n)\n  except OSError: pass"
        assert b"OPEN" not in python(walls, code).stdout


def test_a_fork_bomb_stops(walls):
    code = "import os,time\nn=0\ntry:\n  while n<500:\n    if os.fork()==0: time.sleep(30); os._exit(0)\n    n+=1\nexcept OSError: print('STOPPED', n)"
    limits = SandboxLimits(cpu_seconds=10, wall_seconds=5, processes=20)
    result = python(walls, code, limits=limits)
    if walls.level is SandboxLevel.UNSHARE and os.geteuid() == 0:
        assert not result.clean or b"STOPPED" not in result.stdout  # the kernel counts nothing for root: time ends it
        return
    assert b"STOPPED" in result.stdout, result
    assert int(result.stdout.split()[1]) <= 20


def test_memory_is_bounded(walls):
    limits = SandboxLimits(memory_bytes=300_000_000, wall_seconds=20)
    assert b"MemoryError" in python(walls, "b = bytearray(1 << 30)", limits=limits).stderr


def test_a_written_file_is_bounded(walls, tmp_path):
    desk = tmp_path / "desk"
    desk.mkdir()
    limits = SandboxLimits(file_bytes=10_000, wall_seconds=20)
    result = python(walls, "open('big','wb').write(b'x'*100_000)", writable=desk, limits=limits)
    assert not result.clean
    assert (desk / "big").stat().st_size <= 10_000


def test_output_is_bounded(walls):
    result = python(walls, "while True: print('x' * 1000)")
    assert result.overflowed
    assert not result.clean
    assert len(result.stdout) + len(result.stderr) <= QUICK.output_bytes


def test_time_is_bounded(walls):
    started = time.monotonic()
    result = python(walls, "import time; time.sleep(60)", limits=SandboxLimits(wall_seconds=0.8))
    assert result.timed_out
    assert not result.clean
    assert time.monotonic() - started < 10


@pytest.mark.slow
def test_processor_time_is_bounded(walls):
    result = python(walls, "while True: pass", limits=SandboxLimits(cpu_seconds=1, wall_seconds=30))
    assert not result.clean
    assert not result.timed_out


def test_nothing_outlives_a_run(spaced, tmp_path):
    mark = f"{time.time_ns()}"
    code = f"import os,sys,time\nif os.fork()==0:\n  os.setsid()\n  if os.fork()==0:\n    os.execv({sys.executable!r},['x','-I','-c','import time;time.sleep(300)#{mark}'])\n  os._exit(0)"
    assert python(spaced, code).returncode == 0
    assert _gone(mark)


@pytest.mark.slow
@pytest.mark.requirement("R53")
def test_nothing_outlives_a_killed_parent(walls):
    mark = f"{time.time_ns()}"
    inner = f"import time;time.sleep(300)#{mark}"
    code = f"from magistrate.adapters.sandbox.detect import *;import sys\nopen_sandbox(SandboxLevel('{walls.level}')).run([sys.executable,'-I','-c',{inner!r}])"
    parent = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 15
    while len(_marked(mark)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    assert set(_marked(mark)) - {parent.pid}
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert _gone(mark)


def _gone(mark):
    deadline = time.monotonic() + 5
    while _marked(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _marked(mark)


def _marked(mark):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up its user id")
def test_as_root_a_file_closed_to_others_is_not_shown(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(Unavailable, match="closed to other users"):
        _open(SandboxLevel.BUBBLEWRAP).run(["/bin/true"], read_only=[closed])
