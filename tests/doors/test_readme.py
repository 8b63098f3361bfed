"""The README and the pages name commands that exist, and its steps do what they say, one after another."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import pytest
from paths import ROOT
from world.ports import four_free_ports

from magistrate.entrypoints.cli.main import magistrate

BIN = ROOT / ".venv/bin"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs/adr").glob("*.md"))]
FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(magistrate [a-z][^`]*)`")
SOURCE = "import os\nimport sys\n\n\ndef name():\n    return 'shop'\n\n\nprint(sys.argv, name())\n"


def steps(heading: str) -> list[list[str]]:
    """The fenced blocks below a heading of the README, as lines without comments and continuations."""
    section = (ROOT / "README.md").read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    blocks = [block.replace("\\\n", " ") for block in FENCE.findall(section)]
    return [[re.sub(r"\s+#.*", "", line).strip() for line in block.splitlines() if line.strip()] for block in blocks]


def commands() -> list[tuple[str, list[str]]]:
    found = []
    for page in PAGES:
        text = page.read_text()
        for block in FENCE.findall(text):
            for line in block.replace("\\\n", " ").splitlines():
                said = re.sub(r"\s+#.*", "", line.strip()).removeprefix(".venv/bin/")
                if said.startswith("magistrate ") and "|" not in said:
                    found.append((page.name, shlex.split(said)[1:]))
        found += [(page.name, said.split()[1:]) for said in INLINE.findall(FENCE.sub("", text))]
    return found


@pytest.mark.parametrize(("page", "words"), commands(), ids=lambda x: x if isinstance(x, str) else " ".join(x)[:50])
def test_each_command_of_the_pages_exists_with_its_options(page: str, words: list[str]) -> None:
    command: click.Command = magistrate
    context = click.Context(magistrate)
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"{page}: there is no `magistrate {words[0]}`"
        command, words = found, words[1:]
    options = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    options |= {name for param in magistrate.params for name in param.opts}
    for word in words:
        if word.startswith("-"):
            assert word.split("=")[0] in options, f"{page}: `{command.name}` has no `{word}`"


class Reader:
    """Somebody who types what the README says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shop = folder / "a shop"
        self.shop.mkdir(parents=True)
        (self.shop / "one.py").write_text(SOURCE)
        self.git("init", "-q", "-b", "main")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "first")
        self.ports = str(four_free_ports())

    def git(self, *arguments: str) -> str:
        argv = ["git", "-C", str(self.shop), "-c", "user.name=a", "-c", "user.email=a@example.test", *arguments]
        return subprocess.run(argv, check=True, capture_output=True, text=True, env=self.environment()).stdout.strip()

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        return {**kept, "HOME": str(self.folder), "PATH": f"{BIN}:{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def types(self, line: str, case: str = "") -> str:
        """One line in a shell of their own, in the words of their own repository."""
        line = re.sub(r"(?<![$\w])PATH(?![=\w])", shlex.quote(str(self.shop)), line).replace("NAME", "shop")
        line = re.sub(r"\bID\b", case, line)
        if line.startswith("magistrate init"):
            line += f" --ports {self.ports}"
        if line.startswith("magistrate approve"):
            line += " --yes"  # nobody sits at a terminal here
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environment(), capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip
        linter = line.startswith("ruff check")
        assert done.returncode == (1 if linter else 0), f"{line}\n{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, line: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(self.types(line + " -o json"))
        return found

    def key(self, name: str) -> None:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)], check=True)


@pytest.fixture
def reader():
    with tempfile.TemporaryDirectory(prefix="magistrate-reader-") as folder:  # a home has a socket: short paths
        reader = Reader(Path(folder))
        yield reader
        subprocess.run([str(BIN / "magistrate"), "up", "--stop"], env=reader.environment(), check=False)


@pytest.mark.slow
def test_the_steps_for_ones_own_repository_end_in_a_merged_change(reader: Reader) -> None:
    before = reader.git("rev-parse", "main")
    lines = steps("On your own repository")[0]
    assert lines[0].startswith("export PATH=")
    at = next(n for n, line in enumerate(lines) if line.startswith("magistrate approve"))
    for line in lines[1:at]:
        reader.types(line)
    case = until(lambda: [row for row in reader.json("magistrate queue") if row["state"] == "IN_REVIEW"])[0]["proposal"]
    reader.types(lines[at], case)
    until(lambda: [row for row in reader.json("magistrate queue --all") if row["state"] == "SUCCEEDED"])
    for line in lines[at + 1 :]:
        told = reader.types(line, case)
        if line.startswith("magistrate show"):
            assert "SUCCEEDED" in told
    merged = reader.git("rev-parse", "magistrate/main")
    assert merged != before
    assert "import os" not in reader.git("show", "magistrate/main:one.py")


@pytest.mark.slow
@pytest.mark.requirement("R45")
def test_the_steps_for_a_team_make_one(reader: Reader) -> None:
    for name in ("ada_key", "bela_key", "cleo_key"):
        reader.key(name)
    init, add = steps("On your own repository")[1]
    reader.types(init)
    reader.types("magistrate up --detach")
    reader.types(add)
    assert "shop" in reader.types("magistrate repository list")
    assert "team" in reader.types("magistrate status")


def until(ask, seconds: int = 90):
    import time

    end = time.monotonic() + seconds
    while True:
        found = ask()
        if found:
            return found
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.3)
