"""Who installs a chart, and with which values: what the tree itself says of it.

Reads Applications of Argo CD, HelmReleases of Flux and helm's own commands in scripts. A chart that
nothing in the tree installs has values that nobody here knows. Rule kept: whoever may install it and
cannot be read (a helmfile, Terraform, an ApplicationSet, `--set`, a variable) makes it impossible to render.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import Tagged, Text, UnreadableError, documents, listed, mapping
from magistrate.impact.privilege.rendering.commands import Command, commands_in
from magistrate.impact.privilege.rendering.trees import State, inside, plain_target

PROSE: Final = (".md", ".markdown", ".rst", ".adoc", ".txt")
OTHERS: Final = (
    (rx(r"(?:.*/)?helmfile(?:[.-][\w.-]+)?\.(?:ya?ml|gotmpl)|(?:.*/)?helmfile\.d/.*"), rx("")),
    (rx(r".*\.tf(?:\.json)?"), rx(r"\bhelm_release\b")),
    (rx(r"(?:.*/)?skaffold[\w.-]*\.ya?ml|(?:.*/)?Tiltfile|(?:.*/)?devspace[\w.-]*\.ya?ml"), rx("helm")),
    (rx(r".*\.ya?ml"), rx(r"\bApplicationSet\b|\bhelmCharts\b|HelmChartInflationGenerator")),
    (rx(r".*\.ya?ml"), rx(r"chart-releaser|kubernetes\.core\.helm\b|community\.kubernetes\.helm\b")),
)
"""What installs or publishes charts and is not read: by name, and what it says."""
ARGO: Final = "argoproj.io/"
FLUX: Final = "helm.toolkit.fluxcd.io/"
ARGO_READ: Final = frozenset({"releaseName", "valueFiles", "values", "valuesObject"})
VALUES: Final = (".yaml", ".yml", ".json", ".gotmpl")
VARIABLE_NAME: Final = rx(r"[$)}][\w.-]{0,80}\.(?:ya?ml|json|gotmpl)\b|\$\w{1,80}|\*\.ya?ml")
PLAIN: Final = rx(r"[\w./@%-]{1,200}")
NAME: Final = rx(r"[a-z0-9][a-z0-9.-]{0,52}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One installation of a chart. `values` are, in order, paths of files (`file`) or texts (`text`)."""

    said_in: str
    name: str
    namespace: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """All installations of one chart, and why these may not be all."""

    known: tuple[Release, ...]
    problems: tuple[str, ...]
    said_in: frozenset[str]
    unread: frozenset[str] = frozenset()
    """Texts that say it in a way that is not read: a file that they name may hold values."""

    def may_name(self, path: str) -> bool:
        """Whether what is not read may take values from a file: by its name, or by one with a variable in it."""
        name = posixpath.basename(path)
        return path.endswith(VALUES) and any(name in text or VARIABLE_NAME.search(text) for text in self.unread)


class _UnreadError(Exception):
    """An installation that cannot be read."""


def releases_of(state: State, chart: str) -> Releases:
    """Who installs the chart of a folder in this state."""
    known: list[Release] = []
    problems = [f"`{path}` may install it with other values, and is not read" for path in _not_read(state)]
    said_in: set[str] = set()
    unread = {state.texts[path] for path in _not_read(state)}
    for path, kind, body in _declared(state):
        read = _argo if kind == "Application" else _flux
        try:
            release = read(path, body, chart)
        except _UnreadError as error:
            problems.append(f"`{path}`: {error}")
            said_in.add(path)
            unread.add(str(body))
            continue
        if release is not None:
            known.append(release)
            said_in.add(path)
    for command in _commanded(state):
        if command.about(chart):
            said_in.add(command.said_in)
            if command.problem or command.chart != chart:
                why = command.problem or "a command of helm in a folder that is not told"
                problems.append(f"`{command.said_in}`: {why}")
                unread.add(command.said)
            else:
                known.append(_of_command(command))
    if not known and not problems:
        problems.append("nothing in the tree says with which values it is installed")
    return Releases(known=tuple(known), problems=tuple(problems), said_in=frozenset(said_in), unread=frozenset(unread))


def _not_read(state: State) -> list[str]:
    found = state.kept.get("installed by others")
    if not isinstance(found, list):
        found = state.kept["installed by others"] = [
            path
            for path in sorted(state.texts)
            if not path.endswith(PROSE)
            and any(name.fullmatch(path) and says.search(state.texts[path]) for name, says in OTHERS)
        ][:3]
    return found


def _commanded(state: State) -> list[Command]:
    found = state.kept.get("helm commands")
    if not isinstance(found, list):
        found = state.kept["helm commands"] = [
            command
            for path in sorted(state.texts)
            if not path.endswith((*PROSE, ".tpl")) and "helm" in state.texts[path]
            for command in commands_in(path, state.texts[path])
        ]
    return found


def _declared(state: State) -> list[tuple[str, str, Mapping[str, Any]]]:
    found = state.kept.get("helm declarations")
    if not isinstance(found, list):
        found = state.kept["helm declarations"] = list(_read_declared(state))
    return found


def _read_declared(state: State) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path in sorted(state.texts):
        text = state.texts[path]
        if not path.endswith((".yaml", ".yml", ".json")) or (ARGO not in text and FLUX not in text):
            continue
        try:
            read = list(documents(text, merge=True))
        except UnreadableError:
            yield path, "Application", {"unread": True}
            continue
        for one in read:
            body = mapping(one)
            if str(body.get("kind", "")).endswith("List"):
                read += listed(body.get("items"))
            version, kind = str(body.get("apiVersion", "")), str(body.get("kind", ""))
            if (version.startswith(ARGO) and kind == "Application") or (
                version.startswith(FLUX) and kind == "HelmRelease"
            ):
                yield path, kind, body


def _argo(path: str, body: Mapping[str, Any], chart: str) -> Release | None:
    """An Application of Argo CD (v1alpha1); None where it is about another chart."""
    spec = mapping(body.get("spec"))
    if body.get("unread") or "${" in str(spec) or "{{" in str(spec):
        raise _UnreadError("an Application that cannot be read, or is a template")
    sources = [mapping(one) for one in (*listed(spec.get("source")), *listed(spec.get("sources")))]
    mine = [one for one in sources if plain_target("", str(one.get("path", ""))) == chart and "path" in one]
    if not mine:
        return None
    if len(sources) > 1 or mine[0].get("plugin"):
        raise _UnreadError("an Application with several sources or a plugin")
    helm = mapping(mine[0].get("helm"))
    if more := sorted(map(str, helm.keys() - ARGO_READ)):
        raise _UnreadError(f"its `{more[0][:40]}` is not read")
    files = [("file", _in_tree(chart, one)) for one in listed(helm.get("valueFiles"))]
    texts = [("text", str(helm["values"]))] if str(helm.get("values", "")) and "valuesObject" not in helm else []
    if "valuesObject" in helm:
        texts = [("text", as_flow(helm["valuesObject"]))]
    metadata = mapping(body.get("metadata"))
    name = str(helm.get("releaseName") or metadata.get("name") or "")
    namespace = str(mapping(spec.get("destination")).get("namespace") or "default")
    return _release(path, name, namespace, (*files, *texts))


def _flux(path: str, body: Mapping[str, Any], chart: str) -> Release | None:
    """A HelmRelease of Flux (v2); None where it is about another chart."""
    spec = mapping(body.get("spec"))
    source = mapping(mapping(spec.get("chart")).get("spec"))
    if str(mapping(source.get("sourceRef")).get("kind", "")) not in {"GitRepository", "Bucket"}:
        return None
    if plain_target("", str(source.get("chart", ""))) != chart:
        return None
    if "${" in str(spec):
        raise _UnreadError("a HelmRelease with variables")
    for key in ("valuesFrom", "postRenderers", "kubeConfig"):
        if spec.get(key):
            raise _UnreadError(f"its `{key}` is not read")
    files = [("file", _in_tree("", one)) for one in listed(source.get("valuesFiles"))]
    if files and files[0] != ("file", posixpath.join(chart, "values.yaml")):
        raise _UnreadError("its `valuesFiles` take the place of the chart's own values")
    metadata = mapping(body.get("metadata"))
    namespace = str(spec.get("targetNamespace") or metadata.get("namespace") or "default")
    prefix = f"{spec['targetNamespace']}-" if spec.get("targetNamespace") else ""
    name = str(spec.get("releaseName") or f"{prefix}{metadata.get('name', '')}")
    texts = [("text", as_flow(spec["values"]))] if spec.get("values") else []
    return _release(path, name, namespace, (*files, *texts))


def _of_command(command: Command) -> Release:
    values = tuple(("file", path) for path in command.values)
    return Release(said_in=command.said_in, name=command.name, namespace=command.namespace, values=values)


def _release(path: str, name: str, namespace: str, values: tuple[tuple[str, str], ...]) -> Release:
    if NAME.fullmatch(name) is None or NAME.fullmatch(namespace) is None:
        raise _UnreadError("a name of a release or namespace that is none")
    return Release(said_in=path, name=name, namespace=namespace, values=values)


def _in_tree(folder: str, entry: object) -> str:
    path = plain_target(folder, str(entry)) if isinstance(entry, Text) else None
    if path is None or PLAIN.fullmatch(str(entry)) is None:
        raise _UnreadError(f"the values `{str(entry)[:60]}` are not in the tree")
    return path


def as_flow(value: object) -> str:
    """A value as YAML that reads the same: plain scalars stay plain, all others are quoted.

    Raises:
        _UnreadError: a tag, which may mean anything.
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {as_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Tagged):
        raise _UnreadError("values with a tag")
    if isinstance(value, list):
        return "[" + ", ".join(map(as_flow, value)) + "]"
    if not isinstance(value, Text) or value.empty:
        return "null"
    if value.tag:
        raise _UnreadError("values with a tag")
    return str(value) if value.plain and re.fullmatch(r"[\w.+-]{1,200}", value) else json.dumps(str(value))


def of_files(state: State, release: Release, chart: str) -> Iterator[str]:
    """Why the values of a release cannot be laid out."""
    for kind, path in release.values:
        if kind == "file" and (path not in state.texts or (state.real(path) != path and not inside(path, chart))):
            yield f"the values `{path}` are no text of the tree"
