"""The executor's own copy of a repository: a commit or tag, made deterministically, pushed to one ref.

Rule kept (R55): the commit is determined by what was approved (tree, parent, warrant, approvers)
and by nothing else; git runs in a closed environment that knows no hooks, no filters, no
configuration of the user or the repository. The token travels in the environment, never in
an argument or a file.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from magistrate.domain.entitlements import Entitlement
from magistrate.domain.execution import EXECUTOR_EMAIL, EXECUTOR_NAME
from magistrate.domain.rotation import SecretUse
from magistrate.domain.stages import StagePlan
from magistrate.domain.tags import ReleasePlan
from magistrate.errors import Refused, Unavailable
from magistrate.executor.ports import CommitSpec, Credential, Rebuilt, Seen
from magistrate.wire.effect import Release, StageEffect

GIT_SECONDS: Final = 60
_NO_SUCH_REF: Final = 2
"""What `git ls-remote --exit-code` ends with when it reached the repository and found no such ref."""
_REPOSITORY: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_REF: Final = re.compile(r"refs/(?:heads|tags)/[A-Za-z0-9][A-Za-z0-9._/-]{0,199}\Z")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}\Z")
_CLOSED: Final = {
    "core.hooksPath": os.devnull, "core.attributesFile": os.devnull, "core.fsmonitor": "false",
    "commit.gpgSign": "false", "gc.auto": "0", "maintenance.auto": "false", "safe.directory": "*",
    "protocol.allow": "never", "http.followRedirects": "false", "http.proxy": "", "credential.helper": "",
}  # fmt: skip


class Rebuilder(Protocol):
    """Applies an untrusted diff to a tree in isolation."""

    def __call__(self, git_dir: Path, old: str, diff: bytes) -> Rebuilt:
        """Write the result into the repository; raises Refused when it does not apply."""


class Planner(Protocol):
    """Reads from a repository what an effect brings that is no patch; raises Refused where it brings nothing."""

    def planned(self, git_dir: Path, prefix: str, effect: Release) -> ReleasePlan:
        """The release, with the prefix that policy gives."""

    def stage(self, git_dir: Path, effect: StageEffect) -> StagePlan:
        """What brings a stage up to date."""

    def document(self, git_dir: Path, tree: str, path: str) -> frozenset[Entitlement]:
        """The entitlements of a document in a tree."""

    def secret_use(self, git_dir: Path, tree: str, path: str) -> SecretUse:
        """The uses of a secret by a document in a tree."""

    def artifact(self, git_dir: Path, tree: str) -> bytes:
        """The archive of a tree."""


class NoPlans:
    """Where changes land and nothing else is done. Methods raise Refused MAG-E124."""

    def planned(self, git_dir: Path, prefix: str, effect: Release) -> ReleasePlan:  # noqa: ARG002  refused whatever it is
        """Nothing is released here."""
        raise Refused("MAG-E124", f"nobody here releases `{effect.repository}`")

    def stage(self, git_dir: Path, effect: StageEffect) -> StagePlan:  # noqa: ARG002  refused whatever it is
        """Nothing has a stage here."""
        raise Refused("MAG-E124", f"nobody here deploys `{effect.repository}`")

    def document(self, git_dir: Path, tree: str, path: str) -> frozenset[Entitlement]:  # noqa: ARG002  refused whatever it is
        """No entitlements are changed here."""
        raise Refused("MAG-E124", f"nobody here changes the entitlements of `{path[:60]}`")

    def secret_use(self, git_dir: Path, tree: str, path: str) -> SecretUse:  # noqa: ARG002  refused whatever it is
        """No secret is rotated here."""
        raise Refused("MAG-E124", f"nobody here rotates what `{path[:60]}` is about")

    def artifact(self, git_dir: Path, tree: str) -> bytes:  # noqa: ARG002  refused whatever it is
        """Nothing is brought anywhere from here."""
        raise Refused("MAG-E124", f"nobody here makes an artifact of `{tree[:12]}`")


class GitTarget:
    """The executor's own bare repositories, one for each target, and the push out of them.

    `source` names where the objects of a repository are read from (a path).
    """

    def __init__(
        self, folder: Path, *, source: Callable[[str], str], rebuilder: Rebuilder, planner: Planner | None = None
    ) -> None:
        self._folder = folder
        self._source = source
        self._rebuilder = rebuilder
        self._planner = planner or NoPlans()

    def prepare(self, repository: str, ref: str, old: str) -> None:
        """Fetch the ref and make sure that `old` is among its commits (raises Refused, Unavailable)."""
        git_dir = self.git_dir(repository)
        if not (git_dir / "HEAD").is_file():
            git_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._git(repository, ["init", "--quiet", "--bare", "--shared=0644"])
        if self._has(repository, old):
            return
        config = {**_CLOSED, "protocol.file.allow": "always"}
        argv = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self._source(repository), _ref(ref)]
        extra = {"GIT_CONFIG_GLOBAL": str(self._foreign_source())}
        asked = ["ls-remote", "--quiet", "--exit-code", self._source(repository), _ref(ref)]
        if self._run(repository, asked, config=config, given=b"", extra=extra).returncode == _NO_SUCH_REF:
            raise Refused("MAG-E392", f"`{ref}` of `{repository}` is gone, approved was `{old[:12]}`")
        self._git(repository, argv, config=config, extra=extra)
        if not self._has(repository, old):
            raise Refused("MAG-E392", f"`{ref}` of `{repository}` does not contain `{old[:12]}`")

    def rebuild(self, repository: str, old: str, diff: bytes) -> Rebuilt:
        """Apply the diff to the tree of `old` by the isolated rebuilder."""
        return self._rebuilder(self.git_dir(repository), old, diff)

    def commit(self, repository: str, spec: CommitSpec) -> str:
        """Make the commit; the same spec always gives the same id."""
        person = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in (
            ("NAME", EXECUTOR_NAME), ("EMAIL", EXECUTOR_EMAIL), ("DATE", f"{spec.at} +0000"))}  # fmt: skip
        argv = ["commit-tree", spec.tree, "-p", spec.parent]
        return self._git(repository, argv, given=spec.message.encode(), extra=person).strip()

    def plan_release(self, repository: str, branch: str, prefix: str, effect: Release) -> ReleasePlan:
        """Fetch the branch and its tags, and compare what the release brings (raises Refused MAG-E392, Unavailable)."""
        self._bring(repository, branch, effect.commit, "+refs/tags/*:refs/tags/*")
        return self._planner.planned(self.git_dir(repository), prefix, effect)

    def plan_stage(self, repository: str, branch: str, effect: StageEffect) -> StagePlan:
        """Fetch the branch and what the stage has, and compare what the effect brings (raises Refused MAG-E392, Unavailable)."""
        self._bring(repository, branch, effect.commit)
        self.prepare(repository, effect.ref, effect.old)
        return self._planner.stage(self.git_dir(repository), effect)

    def document(self, repository: str, tree: str, path: str) -> frozenset[Entitlement]:
        """The entitlements of a document in a tree that was fetched before (raises Refused MAG-E315, NotFound)."""
        return self._planner.document(self.git_dir(repository), tree, path)

    def artifact(self, repository: str, tree: str) -> bytes:
        """The archive of a tree that was fetched before (raises Refused MAG-E314, NotFound)."""
        return self._planner.artifact(self.git_dir(repository), tree)

    def secret_use(self, repository: str, tree: str, path: str) -> SecretUse:
        """The uses of a secret by a document in a tree that was fetched before (raises Refused MAG-E316, NotFound)."""
        return self._planner.secret_use(self.git_dir(repository), tree, path)

    def _bring(self, repository: str, branch: str, commit: str, *more: str) -> None:
        """Fetch the branch as it stands, and what else is named; the commit must be on it."""
        self.prepare(repository, branch, commit)
        config = {**_CLOSED, "protocol.file.allow": "always"}
        argv = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", *(["--prune"] if more else []),
                self._source(repository), f"+{_ref(branch)}:{_ref(branch)}", *more]  # fmt: skip
        self._git(repository, argv, config=config, extra={"GIT_CONFIG_GLOBAL": str(self._foreign_source())})
        within = ["merge-base", "--is-ancestor", commit, _ref(branch)]
        if self._run(repository, within, config=_CLOSED, given=b"", extra={}).returncode != 0:
            raise Refused("MAG-E392", f"`{branch}` of `{repository}` does not hold `{commit[:12]}`")

    def tag(self, repository: str, text: bytes) -> str:
        """Make the tag; the same text always gives the same id. git itself looks whether it is one."""
        return self._git(repository, ["mktag", "--strict"], given=text).strip()

    def push(self, credential: Credential, repository: str, ref: str, new: str) -> Seen:
        """Push one commit to one ref. What happened is asked of the ref, not of this answer."""
        if _COMMIT.match(new) is None:
            raise Refused("MAG-E393", f"`{new[:60]}` is not a commit")
        return self.push_as(credential, repository, f"{new}:{_ref(ref)}")

    def push_as(self, credential: Credential, repository: str, refspec: str) -> Seen:
        """Push a refspec with a credential; drills try with it what was not granted."""
        config = {
            **_CLOSED, "protocol.http.allow": "always", "protocol.https.allow": "always",
            "http.extraHeader": f"Authorization: Bearer {credential.token}",
        }  # fmt: skip
        argv = ["push", "--porcelain", "--no-verify", credential.address, refspec]
        done = self._run(repository, argv, config=config, given=b"", extra={})
        said = (done.stderr or done.stdout).decode(errors="replace").replace(credential.token, "[token]")
        return Seen(held=done.returncode == 0, seen=" ".join(said.split())[:300])

    def git_dir(self, repository: str) -> Path:
        """Where the executor keeps its copy (raises Refused MAG-E393 for what is no name)."""
        if _REPOSITORY.match(repository) is None:
            raise Refused("MAG-E393", f"`{repository[:60]}` is not the name of a repository")
        return self._folder / f"{repository}.git"

    def _foreign_source(self) -> Path:
        """Lets git read a repository of another user: what serves a fetch hears of files only, not of `-c`."""
        place = self._folder / "fetch.gitconfig"
        place.write_text("[safe]\n\tdirectory = *\n")  # each time: a crash may have left half of it
        return place

    def _has(self, repository: str, commit: str) -> bool:
        done = self._run(repository, ["cat-file", "-e", f"{commit}^{{commit}}"], config=_CLOSED, given=b"", extra={})
        return done.returncode == 0

    def _git(
        self, repository: str, argv: Sequence[str], *, config: Mapping[str, str] = _CLOSED, given: bytes = b"",
        extra: Mapping[str, str] | None = None,
    ) -> str:  # fmt: skip
        done = self._run(repository, argv, config=config, given=given, extra=extra or {})
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise Unavailable(
                "MAG-E394", f"git {argv[0]} failed in the executor's copy of `{repository}`: {said[:200]}"
            )
        return done.stdout.decode(errors="replace")

    def _run(
        self, repository: str, argv: Sequence[str], *, config: Mapping[str, str], given: bytes, extra: Mapping[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        git_dir = self.git_dir(repository)
        command = ["git", "--git-dir", str(git_dir), *argv]
        environment = {**_environment(config), **extra}
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=environment, cwd=git_dir, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise Unavailable("MAG-E394", f"git could not run: {error.strerror}") from error
        try:
            out, err = process.communicate(given, timeout=GIT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Unavailable("MAG-E394", f"git {argv[0]} took longer than {GIT_SECONDS} s") from error
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def _ref(ref: str) -> str:
    if _REF.match(ref) is None or ".." in ref or ref.endswith((".lock", "/", ".")):
        raise Refused("MAG-E393", f"`{ref[:60]}` is not the ref of a branch or tag")
    return ref


def _environment(config: Mapping[str, str]) -> dict[str, str]:
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": os.devnull, "LC_ALL": "C", "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1", "GIT_CONFIG_COUNT": str(len(config)),
    }  # fmt: skip
    for number, (key, value) in enumerate(config.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment
