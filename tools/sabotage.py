"""Switch each control off, one at a time, in a copy of the source: a test must go red.

`sabotage.py [NAME...]` runs the switches whose name contains one of the words; without words, all.
The copy is imported through an interpreter of its own (a virtual environment that has the copy
and the installed packages on its path, and not the project's source), so that child processes
run the doctored code as well. Exit 1 when a switch stays green, when a test is red without any
sabotage, or when a switch no longer fits the source.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import venv
from dataclasses import dataclass
from pathlib import Path

from switches import ROOT, Switch, read_switches

YARD = ROOT / ".sabotage"
SECONDS = 600
RED = 1
"""Exit status of pytest when tests ran and some failed; collection errors and the like differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run of the named tests gave."""

    status: str
    note: str
    seconds: float


class Yard:
    """A copy of the source with an interpreter that sees it instead of the original."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.src = folder / "src"
        self.python = folder / "venv/bin/python"
        shutil.rmtree(folder, ignore_errors=True)
        venv.EnvBuilder(symlinks=True, with_pip=False).create(folder / "venv")
        packages = Path(sysconfig.get_path("purelib"))
        inner = next((folder / "venv/lib").glob("python*")) / "site-packages"
        (inner / "doctored.pth").write_text(f"{self.src}\n{packages}\n")
        self._programs(Path(sysconfig.get_path("scripts")))
        self.refresh()

    def _programs(self, scripts: Path) -> None:
        """Every installed program; those written in Python run under the interpreter of the yard."""
        for program in scripts.iterdir():
            target = self.python.parent / program.name
            if target.exists() or program.name.startswith(("python", "activate", "Activate")) or program.is_dir():
                continue
            head = program.read_bytes()[:2]
            if head == b"#!" and program.name == "magistrate":
                body = "from magistrate.entrypoints.cli.main import main\nimport sys\nsys.exit(main())\n"
                target.write_text(f"#!/bin/sh\n'''exec' '{self.python}' \"$0\" \"$@\"\n' '''\n{body}")
                target.chmod(0o755)
            else:
                target.symlink_to(program)

    def refresh(self) -> None:
        """The source as it is in the project."""
        shutil.rmtree(self.src, ignore_errors=True)
        shutil.copytree(ROOT / "src", self.src, ignore=shutil.ignore_patterns("__pycache__"))

    def apply(self, switch: Switch) -> None:
        """Put the patch of a switch into the copy."""
        target = self.folder / switch.file
        target.write_text(switch.doctored((ROOT / switch.file).read_text()))

    def verify_walls(self) -> None:
        """The interpreter imports the copy, isolated or not; raises RuntimeError."""
        for options in ([], ["-I"]):
            asked = [str(self.python), *options, "-c", "import magistrate; print(magistrate.__file__)"]
            found = subprocess.run(asked, capture_output=True, text=True, check=True, env=self.environment()).stdout
            if not Path(found.strip()).is_relative_to(self.src):
                raise RuntimeError(f"the original would be tested: {found.strip()}")

    def environment(self) -> dict[str, str]:
        """The environment of a run."""
        path = f"{self.python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {
            **os.environ,
            "PATH": path,
            "PYTHONPATH": str(self.src),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self.folder / "hypothesis"),
            "MAGISTRATE_TEST_SABOTAGE": "1",
        }

    def run(self, tests: list[str]) -> tuple[int, str]:
        """Exit status and output of pytest over the tests."""
        argv = [
            str(self.python),
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-o",
            "addopts=",
            "--import-mode=importlib",
        ]
        argv += ["--tb=no", "-x", *tests] if len(tests) == 1 else ["--tb=no", *tests]
        try:
            done = subprocess.run(
                argv, cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return -1, f"no end after {SECONDS} s"
        return done.returncode, done.stdout + done.stderr


def baseline(yard: Yard, switches: list[Switch]) -> str:
    """Why the named tests are not all green without sabotage; empty when they are."""
    status, output = yard.run(sorted({test for switch in switches for test in switch.tests}))
    return "" if status == 0 else output


def trial(yard: Yard, switch: Switch) -> Result:
    """Run one switch."""
    start = time.monotonic()
    yard.refresh()
    try:
        yard.apply(switch)
        if switch.file.endswith(".py"):  # else a hook of git
            compile((yard.folder / switch.file).read_text(), switch.file, "exec")
    except (ValueError, OSError, SyntaxError) as error:
        return Result(status="misfit", note=str(error), seconds=0)
    status, output = yard.run(list(switch.tests))
    seconds = time.monotonic() - start
    failed = re.search(r"(\d+) failed", output)
    if status == RED and failed:
        return Result(status="red", note=f"{failed[1]} failed", seconds=seconds)
    if status == 0:
        return Result(status="GREEN", note="no test noticed", seconds=seconds)
    return Result(status="broken", note=(output.strip().splitlines() or ["?"])[-1], seconds=seconds)


def main(words: list[str]) -> int:
    """Run the switches and print the table."""
    try:
        switches = [s for s in read_switches() if not words or any(word in s.name for word in words)]
    except ValueError as error:
        print(f"switches.toml: {error}")
        return 1
    if not switches:
        print("no such switch")
        return 1
    yard = Yard(YARD / str(os.getpid()))
    try:
        yard.verify_walls()
        print(f"without sabotage: {len(switches)} switches, their tests must be green", flush=True)
        if trouble := baseline(yard, switches):
            print(trouble[-4000:])
            return 1
        wide = max(len(switch.name) for switch in switches)
        bad = 0
        for switch in switches:
            result = trial(yard, switch)
            bad += result.status != "red"
            print(
                f"{result.status:<7} {switch.name:<{wide}}  {','.join(switch.requirements):<8} "
                f"{result.seconds:5.1f} s  {result.note}",
                flush=True,
            )
    finally:
        shutil.rmtree(yard.folder, ignore_errors=True)
    print(f"{len(switches) - bad} of {len(switches)} switched-off controls turned a test red")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
