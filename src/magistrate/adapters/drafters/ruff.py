"""A drafter without a model: ruff's safe fixes of one file, with the repository's own rules.

Runs on the agent's side, on the text that the agent was shown; what it says is a draft like
any other, and is proven or not by others.
"""

from __future__ import annotations

import difflib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from magistrate.errors import NotFound, Refused, Unavailable

CONFIG_NAMES: Final = (".ruff.toml", "ruff.toml", "pyproject.toml")
VERB: Final = ("check", "--fix-only", "--no-unsafe-fixes", "--extend-unfixable", "I,RUF100")
_SECONDS: Final = 60
Read = Callable[[str], str]
"""Text of a path of the repository; raises NotFound when there is none."""


def draft_fixes(path: str, read: Read) -> str:
    """A unified diff of what ruff's safe fixes change in one file.

    Raises:
        Refused: MAG-E610 when ruff fixes nothing there. Unavailable: MAG-E610 when it cannot run.
    """
    if not path.endswith((".py", ".pyi")):
        raise Refused("MAG-E610", f"`{path}` is not a Python file, so ruff has nothing to fix")
    before = read(path)
    after = _fixed(path, before, _config(path, read))
    if after == before:
        raise Refused(
            "MAG-E610", f"ruff has no safe fix for `{path}`", hint="a person or another agent has to write it"
        )
    return unified(path, before, after)


def unified(path: str, before: str, after: str) -> str:
    """A git-style patch of one file; a missing last newline is said the way git says it."""
    changed = difflib.unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}")
    said = (line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in changed)
    return f"diff --git a/{path} b/{path}\n" + "".join(said)


def _lines(text: str) -> list[str]:
    """Lines as git counts them: only a newline ends one."""
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _config(path: str, read: Read) -> tuple[str, str] | None:
    """The nearest ruff configuration above the file, as ruff itself would choose it."""
    for candidate in _candidates(path):
        try:
            text = read(candidate)
        except NotFound:
            continue
        if not candidate.endswith("pyproject.toml") or "[tool.ruff" in text:
            return candidate, text
    return None


def _candidates(path: str) -> Iterator[str]:
    for folder in PurePosixPath(path).parents:
        for name in CONFIG_NAMES:
            yield str(folder / name)


def _fixed(path: str, text: str, config: tuple[str, str] | None) -> str:
    with tempfile.TemporaryDirectory(prefix="magistrate-draft-") as made:
        folder = Path(made).resolve()
        for name, content in ((path, text), *((config,) if config else ())):
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content, "utf-8", newline="")
        argv = [sys.executable, "-P", "-m", "ruff", *VERB, "--no-cache", "--quiet", "--force-exclude"]
        argv += [*(() if config else ("--isolated",)), "--stdin-filename", str(folder / path), "-"]
        try:
            done = subprocess.run(
                argv, input=text.encode(), capture_output=True, cwd=folder, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable("MAG-E610", f"ruff could not run: {error}") from error
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise Unavailable("MAG-E610", f"ruff failed on `{path}`: {(words or ['no reason given'])[-1][:200]}")
    return done.stdout.decode()
