"""What runs in a GitHub Actions job, who may change it, and whether strangers steer it.

Code of others is pinned by a full commit hash (or an image by its digest); under a tag or a branch
its owner may change what runs, and so holds what the job holds. Strangers steer a job that they start
where it checks out what they sent, takes an artifact of a run that was theirs, or puts their text into
a script by an expression (GitHub, "Security hardening for GitHub Actions").

Not known without the network: whether a commit hash is one of the repository it is named for (a fork's
commit resolves as well). So new hashes are new code; only the first-party actions that log in to a
cloud are taken as the use of a right that the job already holds.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_code import Command, digest
from magistrate.impact.privilege.domains.ci_yaml import (
    Text,
    UnreadableError,
    line_of,
    listed,
    mapping,
    only_document,
    shown,
    texts_of,
)
from magistrate.impact.privilege.domains.github_actions_known import LOGINS, commands_of
from magistrate.impact.privilege.domains.github_actions_rights import EXPRESSION, expressions, spread
from magistrate.impact.privilege.model import Place

MAX_DEPTH: Final = 6
SCRIPT_INPUTS: Final = frozenset({"script", "run", "command", "commands", "cmd", "args", "entrypoint", "pre", "post"})
LOADED: Final = frozenset(
    {"NODE_OPTIONS", "LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "ENV", "PATH", "PYTHONPATH", "PYTHONSTARTUP", "PERL5OPT", "PERL5LIB",
     "RUBYOPT", "RUBYLIB", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL", "NPM_CONFIG_REGISTRY",
     "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "GOPROXY", "GOFLAGS", "DOCKER_HOST",
     "ACTIONS_ALLOW_UNSECURE_COMMANDS"}
)  # fmt: skip
UNSECURE: Final = "ACTIONS_ALLOW_UNSECURE_COMMANDS"
"""With it, whatever a step prints may set the environment of the steps behind it."""
CACHES: Final = rx(r"[\w.-]+/cache(?:/restore)?@.*")
_PINNED: Final = rx(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?")
_BASE: Final = rx(
    r"github\.(?:sha|ref|base_ref|ref_name|workflow_sha|workflow_ref|repository|repository_owner|run_id|event_name)"
    r"|github\.event\.(?:pull_request\.base\.[\w.]+|repository\.[\w.]+)|(?:inputs|vars|matrix|secrets)\.[\w-]+|''"
)
_PLAIN_ENDS: Final = rx(
    r"(?:^|\.)(?:number|id|node_id|sha|head_sha|before|after|merge_commit_sha|merged|draft|state|action|login|url|html_url|"
    r"\w+_url|\w+_at|author_association|type|full_name|fork|conclusion|run_id|run_number|run_attempt|event|status|private|size|"
    r"default_branch|comments|additions|deletions|changed_files)$"
)
_THIS: Final = rx(r"|\$\{\{\s*github\.repository\s*\}\}")
_THIS_REF: Final = rx(
    r"|\$\{\{\s*github\.(?:sha|ref|ref_name|event\.pull_request\.(?:head|base)\.(?:sha|ref)|head_ref|base_ref)\s*\}\}"
)
_EVENT: Final = rx(r"github\.event(?:\.[\w*-]+)*|github\.head_ref|env\.[\w-]+|inputs\.[\w-]+")
_INDEX: Final = rx(r"\[\s*(?:'([\w-]+)'|\"([\w-]+)\"|(\*|\d+))\s*\]")
_FETCHES: Final = rx(
    r"\bgh\s+pr\s+checkout\b|\bhub\s+(?:pr\s+)?checkout\b|\bgit\s+(?:\S+\s+)*?(?:fetch|checkout|clone|pull|merge|switch|reset|worktree)\b[^\n]*"
)
_ARTIFACT: Final = rx(r"download-artifact|gh\s+run\s+download|/artifacts\b|downloadArtifact")


Said = tuple[str, tuple[str, ...]]
"""What a step does with what strangers sent, and every `if:` that stands before it."""


@dataclass(slots=True)
class Steps:
    """What the steps of one job come to."""

    owners: dict[str, Place] = field(default_factory=dict)
    pieces: dict[str, tuple[str, Place]] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    injected: dict[Said, Place] = field(default_factory=dict)
    fetched: dict[Said, Place] = field(default_factory=dict)
    artifacts: dict[Said, Place] = field(default_factory=dict)
    odd: list[tuple[str, Place]] = field(default_factory=list)
    kept: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What holds for the steps of one list: the file, and which names of `env` and `inputs` carry strangers' text."""

    path: str
    tainted: frozenset[str]
    shell: str = ""
    folder: str = ""
    beside: str = ""
    depth: int = 0
    when: tuple[str, ...] = ()

    def said(self, what: str) -> Said:
        """What a step here does, under its conditions."""
        return what, self.when


def steps_of(path: str, workflow: Mapping[str, Any], job: Mapping[str, Any], files: Mapping[str, str]) -> Steps:
    """Everything that one job of a workflow runs."""
    found = Steps()
    runs = {**mapping(mapping(workflow.get("defaults")).get("run")), **mapping(mapping(job.get("defaults")).get("run"))}
    environment = {**mapping(workflow.get("env")), **mapping(job.get("env"))}
    around = _Around(
        path=path,
        tainted=_tainted(environment, frozenset()),
        shell=shown(runs.get("shell", "")),
        folder=_folder(runs.get("working-directory")),
    )
    _loaded(environment, around, found)
    container = job.get("container")
    for image in (container, *mapping(job.get("services")).values()):
        for one in spread(image.get("image") if isinstance(image, dict) else image, job):
            _image(one, around, found)
    if "uses" in job:
        _used(job["uses"], mapping(job.get("with")), around, found, files)
    for step in listed(job.get("steps")):
        _step(step, around, found, files)
    return found


def _folder(value: object) -> str:
    plain = EXPRESSION.sub("", shown(value)) if value is not None else ""
    normal = posixpath.normpath(plain.lstrip("/")) if plain.strip("/ ") else ""
    return "" if normal == "." else normal


def _step(step: object, around: _Around, found: Steps, files: Mapping[str, str]) -> None:
    if not isinstance(step, dict):
        if step is not None:
            found.odd.append((f"step {shown(step)}", Place(path=around.path, line=line_of(step))))
        return
    environment = mapping(step.get("env"))
    inside = _Around(
        path=around.path,
        tainted=_tainted(environment, around.tainted),
        shell=shown(step.get("shell", around.shell)),
        folder=_folder(step.get("working-directory")) or around.folder,
        beside=around.beside,
        depth=around.depth,
        when=(*around.when, shown(step["if"])) if "if" in step else around.when,
    )
    _loaded(environment, inside, found)
    if "run" in step:
        _script(step["run"], environment, inside, found)
    if "uses" in step:
        _used(step["uses"], mapping(step.get("with")), inside, found, files)
    for key, value in step.items():
        if isinstance(value, list) and key not in {"run", "uses", "with", "env", "if", "name"}:
            for one in value:
                _step(one, inside, found, files)


def _script(script: object, environment: Mapping[str, Any], around: _Around, found: Steps) -> None:
    text = script if isinstance(script, Text) else Text.of(shown(script), line=line_of(script))
    place = Place(path=around.path, line=text.line)
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    first = lines.partition("\n")[0][:60]
    found.pieces[f"run@{digest(f'{around.shell}|{around.folder}|{lines}')}"] = (f"run: {first}", place)
    found.commands.append(Command(text=lines, folder=around.folder, beside=around.beside, place=place))
    if around.shell and " " in around.shell:
        found.commands.append(Command(text=around.shell, folder=around.folder, place=place))
    _injections(text, around, found)
    values = {name: shown(value) for name, value in environment.items()}
    for matched in _FETCHES.finditer(text):
        said = matched[0]
        named = [values.get(name, "") for name in re.findall(r"\$\{?(\w+)", said)]
        sent = [inside for part in (said, *named) for inside in EXPRESSION.findall(part) if not _of_base(inside)]
        if sent or "pr checkout" in said or "pull/" in said or any("pull/" in one for one in named):
            found.fetched.setdefault(around.said(said.strip()[:80]), place)
    if _ARTIFACT.search(text):
        found.artifacts.setdefault(around.said("gh run download"), place)


def _used(uses: object, given: Mapping[str, Any], around: _Around, found: Steps, files: Mapping[str, str]) -> None:
    text = shown(uses)
    place = Place(path=around.path, line=line_of(uses))
    if "${{" in text:
        found.odd.append((f"uses {text}", place))
        return
    if text.startswith(("./", "../")):
        _local(text, given, around, found, files)
    elif text.startswith("docker://"):
        _image(Text.of(text.removeprefix("docker://"), line=place.line), around, found)
    else:
        _foreign(text, place, found)
        named, _, _ = text.lower().partition("@")
        for command in commands_of(named, given):
            found.commands.append(Command(text=command, folder=around.folder, place=place))
    _inputs(text.lower(), given, place, around, found)


def _foreign(text: str, place: Place, found: Steps) -> None:
    name, _, ref = text.partition("@")
    repository = "/".join(name.lower().split("/")[:2])
    if _PINNED.fullmatch(ref):
        if repository not in LOGINS:
            found.pieces[f"uses {name.lower()}@{ref.lower()}"] = (f"uses: {text[:90]}", place)
        return
    found.owners.setdefault(f"owner-of:{repository}", place)
    found.pieces[f"uses {name.lower()}@*"] = (f"uses: {text[:90]}", place)


def _inputs(name: str, given: Mapping[str, Any], place: Place, around: _Around, found: Steps) -> None:
    for key, value in given.items():
        if key.lower() in SCRIPT_INPUTS and isinstance(value, Text):
            found.pieces[f"{key.lower()}@{digest(value.strip())}"] = (f"{key}: {value.strip()[:60]}", place)
            found.commands.append(Command(text=str(value), beside=around.beside, place=place))
            _injections(value, around, found)
    if "checkout" in name:
        for key in ("ref", "repository"):
            asked = shown(given.get(key, ""))
            inside = EXPRESSION.findall(asked)
            if "refs/pull/" in asked or any(not _of_base(one) for one in inside):
                found.fetched.setdefault(around.said(f"{key}: {asked}"[:80]), place)
        _other_tree(shown(given.get("repository", "")), shown(given.get("ref", "")), place, found)
        if shown(given.get("persist-credentials", "true")).lower() != "false":
            found.kept = found.kept or place
    if CACHES.fullmatch(name) or shown(given.get("cache", "false")).lower() not in {"false", ""}:
        found.pieces["a cache that other runs filled"] = (f"{name[:60]} restores a cache", place)
    if "download-artifact" in name:
        found.artifacts.setdefault(around.said(name), place)


def _other_tree(repository: str, ref: str, place: Place, found: Steps) -> None:
    """A checkout of something else than what started the job: what is there may run, and its owner may change it."""
    if _THIS.fullmatch(repository) is None and _PINNED.fullmatch(ref) is None:
        found.owners.setdefault(f"owner-of:{repository.lower()}", place)
    if _THIS.fullmatch(repository) is None or _THIS_REF.fullmatch(ref) is None:
        shown_ref = ref if _PINNED.fullmatch(ref) else ref or "*"
        found.pieces[f"checkout {repository.lower()}@{shown_ref}"] = (f"checkout of {repository} {ref}"[:90], place)


def _local(text: str, given: Mapping[str, Any], around: _Around, found: Steps, files: Mapping[str, str]) -> None:
    folder = posixpath.normpath(text)
    place = Place(path=around.path)
    if folder.endswith((".yml", ".yaml")):
        return
    path = next(
        (one for end in ("action.yml", "action.yaml") if (one := posixpath.normpath(f"{folder}/{end}")) in files), ""
    )
    if not path or around.depth >= MAX_DEPTH:
        found.pieces[f"uses {text}"] = (f"uses: {text}", place)
        found.files.append(f"{folder}/Dockerfile")
        return
    try:
        action = mapping(only_document(files[path]))
    except UnreadableError:
        found.pieces[f"{path}@{digest(files[path])}"] = (f"{path} runs here", Place(path=path))
        return
    runs = mapping(action.get("runs"))
    inputs = frozenset(f"inputs.{name.lower()}" for name, value in given.items() if _carries(value, around.tainted))
    inside = _Around(
        path=path,
        tainted=inputs,
        folder=around.folder,
        beside="" if folder == "." else folder,
        depth=around.depth + 1,
        when=around.when,
    )
    for key in ("main", "pre", "post", "image"):
        named = shown(runs.get(key, ""))
        if named.startswith("docker://"):
            _image(Text.of(named.removeprefix("docker://"), line=line_of(runs.get(key))), inside, found)
        elif named:
            found.files.append(posixpath.normpath(f"{folder}/{named}"))
            found.pieces[f"{path}#{key}={named}"] = (f"{path}: {key}: {named}", Place(path=path))
    for step in listed(runs.get("steps")):
        _step(step, inside, found, files)


def _image(image: object, around: _Around, found: Steps) -> None:
    text = shown(image) if image is not None else ""
    if not text:
        return
    place = Place(path=around.path, line=line_of(image))
    name, _, pinned = text.partition("@")
    if re.fullmatch(r"sha256:[0-9a-f]{64}", pinned):
        found.pieces[f"image {name.lower()}@{pinned}"] = (f"image: {text[:90]}", place)
        return
    bare = re.sub(r":[\w.${} -]+$", "", text).lower().removeprefix("docker.io/").removeprefix("library/")
    found.owners.setdefault(f"owner-of:image {bare}", place)
    found.pieces[f"image {bare}:*"] = (f"image: {text[:90]}", place)


def _loaded(environment: Mapping[str, Any], around: _Around, found: Steps) -> None:
    for name, value in environment.items():
        if name.upper() in LOADED:
            place = Place(path=around.path, line=line_of(name))
            found.pieces[f"env {name.upper()}@{digest(shown(value))}"] = (f"{name}: {shown(value)[:60]}", place)
            if name.upper() == UNSECURE and shown(value).lower() not in {"false", "0", ""}:
                found.injected.setdefault(around.said(f"whatever is printed, by {name}"), place)


def _tainted(environment: Mapping[str, Any], before: frozenset[str]) -> frozenset[str]:
    carries = {f"env.{name.lower()}" for name, value in environment.items() if _carries(value, before)}
    clean = {f"env.{name.lower()}" for name in environment} - carries
    return (before - clean) | carries


def _carries(value: object, tainted: frozenset[str]) -> bool:
    return any(_of_strangers(inside, tainted) for text in texts_of(value) for inside in expressions(text))


def _injections(text: Text, around: _Around, found: Steps) -> None:
    for inside in expressions(text):
        for name in _of_strangers(inside, around.tainted):
            found.injected.setdefault(around.said(name), Place(path=around.path, line=text.line))


def _plain(expression: str) -> str:
    return _INDEX.sub(lambda matched: "." + next(one for one in matched.groups() if one), expression).lower()


def _of_strangers(expression: str, tainted: frozenset[str]) -> list[str]:
    """The contexts inside an expression whose value strangers choose freely."""
    if re.fullmatch(r"\s*(?:contains|startswith|endswith|hashfiles)\s*\([^()]*\)\s*", _plain(expression)):
        return []
    return [name for name in _EVENT.findall(_plain(expression)) if _free(name, tainted)]


def _free(name: str, tainted: frozenset[str]) -> bool:
    if name.startswith(("env.", "inputs.")):
        return name in tainted
    if name in {"github.head_ref", "github.event"}:
        return True
    if ".base." in name or name.startswith(
        ("github.event.inputs", "github.event.repository", "github.event.client_payload")
    ):
        return False
    return _PLAIN_ENDS.search(name) is None or ".head.repo.default_branch" in name


def _of_base(expression: str) -> bool:
    """Whether an expression can only name what the base repository holds."""
    parts = [part.strip() for part in re.split(r"\|\||&&", _plain(expression))]
    return all(_BASE.fullmatch(part) or re.fullmatch(r"'[^']*'", part) for part in parts)
