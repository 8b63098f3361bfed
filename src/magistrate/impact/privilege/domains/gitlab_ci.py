"""Rights of GitLab CI: what each job holds, when it runs, whose code it takes in, and the code that runs in it.

A job holds the variables that its scripts name and no file defines (they come from the project or group),
its identity tokens, secrets, environment, the runners of its tags, and what it triggers. Whoever owns a
file that is included from elsewhere without a commit decides what the whole pipeline does.

Rule kept: a file that cannot be read, an include that is not here and a tag that is not understood are
`Unknown`. That variables are protected or masked no file tells; nothing is taken off for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_code import Command, closure, code_holder, digest
from magistrate.impact.privilege.domains.ci_yaml import Text, line_of, listed, mapping, shown, texts_of
from magistrate.impact.privilege.domains.github_actions_rights import Right, named
from magistrate.impact.privilege.domains.github_actions_steps import LOADED
from magistrate.impact.privilege.domains.gitlab_ci_conditions import Way, ways_of
from magistrate.impact.privilege.domains.gitlab_ci_file import ENTRY, Pipeline, pipeline
from magistrate.impact.privilege.domains.gitlab_ci_variables import filled
from magistrate.impact.privilege.model import Edge, Grants, Holder, Layer, Place, Reader, Statement, Unknown, literals

DOMAIN: Final = "gitlab-ci"
IDENTITY: Final = "oidc:gitlab.com"
STAGES: Final = (".pre", "build", "test", "deploy", ".post")
MAX_CHILDREN: Final = 20
RUNS_CODE: Final = "gitlab:runs code"
SCRIPTS: Final = ("before_script", "script", "after_script")
HOSTED: Final = rx(r"(?i)(?:saas|gitlab-org)[\w.-]*|docker|shared|linux|ruby|east-c|git-annex|mongo|mysql|postgres")
_NO_CODE: Final = rx(
    r"(?i)\.(?:md|rst|adoc|png|jpe?g|gif|svg|ico|webp|pdf|csv|woff2?|ttf|lock|sum|snap|map|po|mo|mp4|zip|gz|jar|bin)$"
)
_VARIABLE: Final = rx(r"(?<![\\$])\$(?:\{(\w+)|([A-Za-z_]\w*))")
_ASSIGNED: Final = rx(
    r"(?m)(?:^|[;&|(]|\bexport\s|\blocal\s|\bdeclare\s(?:-\w+\s)?|\breadonly\s|\s)\s*([A-Za-z_]\w*)\+?=|\bfor\s+(\w+)\s+in\b|\bread\s+(?:-\w+\s+)*(\w+)"
)
_GIVEN: Final = rx(
    r"(?:CI|GITLAB|FF|GIT)_\w*|CI|HOME|PATH|PWD|OLDPWD|USER|SHELL|HOSTNAME|RANDOM|SECONDS|LINENO|IFS|PPID|UID|EUID|TERM|LANG|TMPDIR|_|\d+|BASH\w*|PIPESTATUS|FUNCNAME"
)


@dataclass(slots=True)
class _Found:
    files: Mapping[str, str]
    holders: list[Holder] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    unknown: list[Unknown] = field(default_factory=list)
    children: list[str] = field(default_factory=list)

    def hold(self, name: str, statements: Sequence[Statement]) -> None:
        if statements:
            layer = Layer(statements=tuple(dict.fromkeys(statements)))
            self.holders.append(Holder(name=name, domain=DOMAIN, layers=(layer,)))


class GitLabCI:
    """Reads the pipeline of a repository, files that it includes, child pipelines, and the files they run."""

    @property
    def domain(self) -> str:
        """`gitlab-ci`."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """The pipeline file, and every file that may be included or run by it."""
        return path == ENTRY or _NO_CODE.search(path) is None

    def grants(self, files: Mapping[str, str]) -> Grants:
        """The rights of all jobs in one state."""
        found = _Found(files, children=[ENTRY])
        for path in found.children:
            if path in files and len(found.children) <= MAX_CHILDREN:
                _pipeline(path, found)
        return Grants(
            holders=tuple(sorted(found.holders, key=lambda one: one.name)),
            edges=tuple(dict.fromkeys(found.edges)),
            live=frozenset(found.live | ({RUNS_CODE} if files else set())),
            unknown=tuple(found.unknown),
        )


def _pipeline(path: str, found: _Found) -> None:
    whole = pipeline(path, found.files)
    stages = [shown(one) for one in listed(whole.body.get("stages"))] or list(STAGES)
    workflow = mapping(whole.body.get("workflow"))
    foreign = f"gitlab:{path}@include"
    for name, job in whole.jobs():
        ways = ways_of(job, workflow, stages)
        if not ways:
            continue
        holder = f"gitlab:{path}#{name}"
        place = whole.where.get(name, Place(path=path))
        _job(holder, job, ways, whole, found)
        if whole.foreign:
            found.edges.append(Edge(actor=foreign, holder=holder, place=place))
    for owner, place in sorted(whole.foreign.items()):
        found.live.add(owner)
        found.edges.append(Edge(actor=owner, holder=foreign, place=place))
        where = (literals("deed", "run"), literals("right", "pipeline"))
        found.hold(foreign, [Statement(where=where, place=place, says="what is included decides over the pipeline")])
        found.holders = list(dict.fromkeys(found.holders))
    for why, text, place in whole.odd:
        found.unknown.append(Unknown(domain=DOMAIN, why=why, text=text, place=place))


def _job(holder: str, job: Mapping[str, Any], ways: Sequence[Way], whole: Pipeline, found: _Found) -> None:
    place = whole.where.get(holder.partition("#")[2], Place(path=whole.path))
    scripts = {key: whole.flat(job.get(key)) for key in SCRIPTS}
    scripts["hooks"] = whole.flat(mapping(job.get("hooks")).get("pre_get_sources_script"))
    variables = {**mapping(whole.body.get("variables")), **mapping(job.get("variables"))}
    held = list(dict.fromkeys((*_rights(job, variables, found, place), *_named(scripts, variables, job, place))))
    found.live.add(holder)
    statements = [
        Statement(
            where=(literals("deed", "use"), *right.where, *way),
            place=Place(path=place.path, line=right.line or place.line),
            says=right.says,
        )
        for right in held
        for way in ways
    ]
    found.hold(holder, statements)
    if "id_tokens" in job:
        found.edges.append(Edge(actor=holder, holder=IDENTITY, place=place))
    pieces = _pieces(scripts, variables, job, whole, place)
    _images(job, holder, place, pieces, found)
    if any(right.power for right in held):
        commands = [
            Command(text=str(one), place=place) for lines in scripts.values() for one in lines if isinstance(one, Text)
        ]
        for name, seal in closure(commands, found.files).items():
            pieces[f"{name}@{seal}"] = (f"{name} runs in {holder}", Place(path=name.partition("#")[0]))
        code = code_holder(holder, pieces)
        found.holders.append(code)
        found.edges.append(Edge(actor=holder, holder=code.name, place=place))


def _rights(job: Mapping[str, Any], variables: Mapping[str, Any], found: _Found, place: Place) -> Iterator[Right]:
    for name, token in mapping(job.get("id_tokens")).items():
        for audience in listed(mapping(token).get("aud")):
            yield named(f"identity for {shown(audience)}", f"id_tokens {name}: {shown(audience)}", line_of(name))
    for name, secret in mapping(job.get("secrets")).items():
        yield named(f"secret:{shown(secret)}", f"secrets {name}", line_of(name))
    stated = job.get("environment")
    environment = stated.get("name") if isinstance(stated, dict) else stated
    if environment is not None:
        for name in filled(shown(environment), variables, job):
            yield named(f"environment:{name.lower()}", f"environment: {name}", line_of(environment))
    tags = sorted({shown(one).lower() for one in listed(job.get("tags"))})
    if any(HOSTED.fullmatch(one) is None for one in tags):
        yield named(f"runner:{' '.join(tags)}", f"tags: {', '.join(tags)}", line_of(job.get("tags")))
    for one in listed(job.get("services")):
        image = shown(mapping(one).get("name", one))
        if "dind" in image:
            yield named("service:docker in docker", f"services: {image}", line_of(one))
    if "trigger" in job:
        yield from _triggered(job["trigger"], found, place)


def _triggered(trigger: Any, found: _Found, place: Place) -> Iterator[Right]:  # noqa: ANN401 - whatever stands there
    settings = mapping(trigger)
    for one in listed(settings.get("include")):
        local = shown(mapping(one).get("local", one if isinstance(one, Text) else "")).lstrip("/")
        if local in found.files and local not in found.children:
            found.children.append(local)
        else:
            yield named(f"trigger:{shown(one)}", f"trigger: {shown(one)}", line_of(one) or place.line)
    project = settings.get("project", trigger if isinstance(trigger, Text) else None)
    if project is not None:
        branch = shown(settings.get("branch", ""))
        yield named(f"trigger:{shown(project)} {branch}".strip(), f"trigger: {shown(project)}", line_of(project))


def _named(
    scripts: Mapping[str, list[Any]], variables: Mapping[str, Any], job: Mapping[str, Any], place: Place
) -> Iterator[Right]:
    """Variables that are named and that nothing here defines: they come from outside, as secrets do."""
    text = "\n".join(str(one) for lines in scripts.values() for one in lines if isinstance(one, Text))
    here = {name for found in _ASSIGNED.findall(text) for name in found if name}
    inside = "\n".join(
        (
            text,
            *texts_of(list(variables.values())),
            *texts_of([job.get("image"), job.get("services"), job.get("environment")]),
        )
    )
    for found in _VARIABLE.findall(inside):
        name = found[0] or found[1]
        if name not in here and name not in variables and _GIVEN.fullmatch(name) is None:
            yield named(f"variable:{name}", f"${name}", place.line)
    if shown(variables.get("CI_DEBUG_TRACE", "")).lower() in {"true", "1"}:
        yield named("debug trace", "CI_DEBUG_TRACE: every variable is printed", place.line)


def _pieces(
    scripts: Mapping[str, list[Any]],
    variables: Mapping[str, Any],
    job: Mapping[str, Any],
    whole: Pipeline,
    place: Place,
) -> dict[str, tuple[str, Place]]:
    found: dict[str, tuple[str, Place]] = {}
    image, services = job.get("image"), listed(job.get("services"))
    for key, lines in scripts.items():
        text = "\n".join(line.rstrip() for one in lines for line in str(one).strip().splitlines())
        if text:
            found[f"{key}@{digest(text)}"] = (f"{key}: {text[:60]}", place)
    for one in (image, *services):
        for key in ("entrypoint", "command"):
            if key in mapping(one):
                said = shown(mapping(one)[key])
                found[f"{key}@{digest(said)}"] = (f"{key}: {said[:60]}", place)
    for name, value in variables.items():
        if name.upper() in LOADED:
            found[f"env {name.upper()}@{digest(shown(value))}"] = (f"{name}: {shown(value)[:60]}", place)
    for name, where in whole.pinned.items():
        found[name] = (name, where)
    return found


def _images(
    job: Mapping[str, Any], holder: str, place: Place, pieces: dict[str, tuple[str, Place]], found: _Found
) -> None:
    """Whoever owns an image without a digest runs code in the job; images of the project's own registry are its own."""
    inside = f"{holder}@steps"
    owners: dict[str, Place] = {}
    for one in (job.get("image"), *listed(job.get("services"))):
        text = shown(mapping(one).get("name", one)) if one is not None else ""
        if not text or re.match(r"\$\{?CI_REGISTRY", text):
            continue
        at = Place(path=place.path, line=line_of(one) or place.line)
        if re.search(r"@sha256:[0-9a-f]{64}$", text):
            pieces[f"image {text.lower()}"] = (f"image: {text[:90]}", at)
            continue
        bare = re.sub(r":[\w.${}-]+$", "", text).lower().removeprefix("docker.io/").removeprefix("library/")
        pieces[f"image {bare}:*"] = (f"image: {text[:90]}", at)
        owners.setdefault(f"owner-of:image {bare}", at)
    for owner, at in sorted(owners.items()):
        found.live.add(owner)
        found.edges.append(Edge(actor=owner, holder=inside, place=at))
    if owners:
        found.edges.append(Edge(actor=inside, holder=holder, place=place))
        where = (literals("deed", "run"), literals("right", "code"))
        found.hold(inside, [Statement(where=where, place=place, says="code that its owner may change runs in a job")])


READER: Final[Reader] = GitLabCI()
