"""The bare repositories that the gate owns, and git run with nothing of the user's around it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from magistrate.domain.tags import TAGS, newest
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.wire.drill import SCRATCH_PREFIX
from magistrate.wire.effect import GitEffect, Release, StageEffect
from magistrate.wire.policy_bundle import RepositoryPolicy

HOOKS: Final = Path(__file__).parent / "hooks"
MARK: Final = "MAGISTRATE_GATE_HOME"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_GIT_SECONDS: Final = 60
MAX_PUSH_BYTES: Final = 64_000_000


def git_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """A closed environment: no user or system configuration, no prompts, no replace refs."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        **extra,
    }


def git_config(pairs: Mapping[str, str]) -> dict[str, str]:
    """Configuration handed over in the environment, above every file."""
    items = list(pairs.items())
    env = {"GIT_CONFIG_COUNT": str(len(items))}
    for number, (key, value) in enumerate(items):
        env[f"GIT_CONFIG_KEY_{number}"], env[f"GIT_CONFIG_VALUE_{number}"] = key, value
    return env


class Repositories:
    """All bare repositories below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self._folder

    def path(self, name: str) -> Path:
        """The bare repository of that name.

        Raises:
            NotFound: MAG-E336 when there is none or the name is not a name.
        """
        found = self._folder / f"{name}.git"
        if _NAME.match(name) is None or not (found / "HEAD").is_file():
            raise NotFound("MAG-E336", f"the gate has no repository `{name[:60]}`")
        return found

    def tip(self, name: str, ref: str) -> str:
        """Commit id of a ref, or an empty text when the ref does not exist."""
        return self.git(name, "rev-parse", "--verify", "--quiet", ref, check=False).strip()

    def verify_stands(self, name: str, ref: str, commit: str, tree: str) -> None:
        """Check that a ref stands at this commit, which holds this tree; an empty `tree` is not compared.

        The tree is where the way back leads, so a document that names another one is no description of this place.

        Raises:
            NotFound: MAG-E336 without such a repository. Refused: MAG-E342 when it stands elsewhere or holds another tree.
        """
        path, tip = self.path(name), self.tip(name, ref)
        if tip != commit:
            raise Refused("MAG-E342", f"`{ref}` of `{path.name}` stands at `{tip[:12]}`, not at `{commit[:12]}`")
        held = self.tree(name, commit) if tree else ""
        if held != tree:
            raise Refused(
                "MAG-E342", f"`{commit[:12]}` of `{path.name}` holds the tree `{held[:12]}`, not `{tree[:12]}`"
            )

    def verify_place(self, effect: GitEffect, branch: RepositoryPolicy) -> None:
        """Check what a release or a deployment says of this repository (raises NotFound MAG-E336, Refused MAG-E342)."""
        if isinstance(effect, Release):
            self.verify_new_tag(effect.repository, branch.ref, effect, branch.release_tags or "")
        if isinstance(effect, StageEffect):
            self.verify_on_branch(effect.repository, branch.ref, effect)

    def verify_new_tag(self, name: str, branch: str, effect: Release, prefix: str) -> None:
        """Check that a release is the next one here: a new tag after the newest, on a commit of the branch, with its tree.

        Raises:
            NotFound: MAG-E336 without such a repository. Refused: MAG-E342 naming what is otherwise.
        """
        self.path(name)
        tags = self.git(name, "for-each-ref", "--format=%(refname)", TAGS).split()
        before, tip = newest(tags, prefix), self.tip(name, branch)
        beyond = self.git(name, "rev-list", "--max-count=1", effect.commit, f"^{tip}").strip()
        for what, wrong in (
            (f"`{effect.ref}` exists already, and a release is made once", effect.ref in tags),
            (
                f"the newest release is `{before or 'none'}`, not `{effect.previous or 'none'}`",
                before != effect.previous,
            ),
            (f"`{branch}` does not hold `{effect.commit[:12]}`", bool(beyond)),
        ):
            if wrong:
                raise Refused("MAG-E342", f"{what} (`{name[:60]}`)")
        if self.tree(name, effect.commit) != effect.result_tree:
            raise Refused("MAG-E342", f"`{effect.commit[:12]}` holds another tree than the approved one")

    def verify_on_branch(self, name: str, branch: str, effect: StageEffect) -> None:
        """Check that what is deployed is a commit of the guarded branch, with the approved tree.

        Raises:
            NotFound: MAG-E336 without such a repository. Refused: MAG-E342 naming what is otherwise.
        """
        self.path(name)
        tip = self.tip(name, branch)
        known = self.git(name, "cat-file", "-t", effect.commit, check=False).strip() == "commit"
        if not known or not tip or self.git(name, "rev-list", "--max-count=1", effect.commit, f"^{tip}").strip():
            raise Refused("MAG-E342", f"`{branch}` does not hold `{effect.commit[:12]}` (`{name[:60]}`)")
        if self.tree(name, effect.commit) != effect.result_tree:
            raise Refused("MAG-E342", f"`{effect.commit[:12]}` holds another tree than the approved one")

    def tree(self, name: str, commit: str) -> str:
        """Tree id of a commit."""
        return self.git(name, "rev-parse", "--verify", f"{commit}^{{tree}}").strip()

    def create_scratch(self, name: str, ref: str) -> str:
        """A fresh scratch repository for drills with one commit; returns its id.

        Raises:
            Refused: MAG-E337 when the name is not a scratch name.
        """
        if not name.startswith(SCRATCH_PREFIX) or _NAME.match(name) is None:
            raise Refused("MAG-E337", f"`{name[:60]}` is not a scratch repository")
        target = self._folder / f"{name}.git"
        if target.exists():
            shutil.rmtree(target)
        self._run(["git", "init", "--quiet", "--bare", str(target)], {})
        empty = self.git(name, "hash-object", "-w", "-t", "blob", "--stdin", given=b"scratch\n").strip()
        tree = self.git(name, "mktree", given=f"100644 blob {empty}\tREADME\n".encode()).strip()
        who = {f"GIT_{r}_{k}": v for r in ("AUTHOR", "COMMITTER") for k, v in (
            ("NAME", "Magistrate gate"), ("EMAIL", "gate@magistrate.invalid"), ("DATE", "2026-01-01T00:00:00Z"))}  # fmt: skip
        commit = self._run(
            ["git", "--git-dir", str(target), "commit-tree", tree, "-m", "scratch"], who
        ).decode().strip()  # fmt: skip
        self.git(name, "symbolic-ref", "HEAD", ref)
        self.git(name, "update-ref", ref, commit)
        return commit

    def git(self, name: str, *arguments: str, given: bytes = b"", check: bool = True) -> str:
        """Run git in one repository.

        Raises:
            Unavailable: MAG-E338 when git fails or takes longer than 60 s.
        """
        argv = ["git", "--git-dir", str(self._folder / f"{name}.git"), *arguments]
        return self._run(argv, {}, given=given, check=check).decode(errors="replace")

    def _run(self, argv: list[str], extra: Mapping[str, str], *, given: bytes = b"", check: bool = True) -> bytes:
        env = git_environment({**git_config({"safe.directory": "*"}), **extra})
        try:
            done = subprocess.run(argv, input=given, capture_output=True, env=env, timeout=_GIT_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable("MAG-E338", f"git could not run: {error}") from error
        if check and done.returncode != 0:
            raise Unavailable("MAG-E338", f"git failed: {done.stderr.decode(errors='replace').strip()[:300]}")
        return done.stdout


def end_orphans(home: Path) -> int:
    """Kill what an earlier gate of this home left running; returns how many processes.

    A `git receive-pack` outlives a killed server and may still move a ref, so that no answer
    about a ref is given before this has run.
    """
    wanted = f"{MARK}={home}".encode()
    killed = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            marked = wanted in (entry / "environ").read_bytes().split(b"\0")
            if marked:
                os.kill(int(entry.name), signal.SIGKILL)
                killed += 1
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return killed
