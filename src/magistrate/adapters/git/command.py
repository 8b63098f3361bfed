"""git with nothing of the user's, the system's or the repository's wishes around it.

Rule kept: no hooks, no fsmonitor, no replace refs, no transport of any kind, no prompts, no
attributes or configuration outside the repository's own file, whose dangerous keys are
overridden from the command line's scope, above every file.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from magistrate.errors import Unavailable

SECONDS: Final = 120
CONFIG: Final[dict[str, str]] = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.quotePath": "true",
    "core.autocrlf": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "safe.directory": "*",
}


def git_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The closed environment, with the overriding configuration in it."""
    env = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CONFIG_COUNT": str(len(CONFIG)),
    }
    for number, (key, value) in enumerate(CONFIG.items()):
        env[f"GIT_CONFIG_KEY_{number}"], env[f"GIT_CONFIG_VALUE_{number}"] = key, value
    return {**env, **(extra or {})}


def run_git(
    arguments: Sequence[str], *, git_dir: Path | None, stdin: bytes = b"", extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git; its exit status is for the caller to read.

    Raises:
        Unavailable: MAG-E301 when git is not there or takes longer than 120 s.
    """
    argv = ["git", *([f"--git-dir={git_dir}"] if git_dir is not None else []), *arguments]
    try:
        return subprocess.run(
            argv, input=stdin, capture_output=True, env=git_environment(extra), timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable("MAG-E301", f"git could not run: {error}", hint="apt-get install git") from error


def git_output(
    arguments: Sequence[str], *, git_dir: Path | None, stdin: bytes = b"", extra: Mapping[str, str] | None = None
) -> bytes:
    """Standard output of a git command that must succeed.

    Raises:
        Unavailable: MAG-E301 with git's own words when it fails.
    """
    done = run_git(arguments, git_dir=git_dir, stdin=stdin, extra=extra)
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip()[:300]
        raise Unavailable("MAG-E301", f"git {arguments[0]} failed: {words}")
    return done.stdout


def quoted_alternates(paths: Sequence[Path]) -> str:
    """Value of GIT_ALTERNATE_OBJECT_DIRECTORIES; a path with a colon or a quote is C-quoted."""
    return ":".join(_quoted(str(path)) for path in paths)


def _quoted(path: str) -> str:
    if ":" not in path and '"' not in path and "\\" not in path:
        return path
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
