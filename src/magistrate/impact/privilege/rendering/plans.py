"""Which kustomizations and charts a change reaches, and what would have to be rendered for each state.

Pure: the caller renders behind walls what a plan names, and hands it back as Evidence. Rule kept: a plan
names every byte that the tool reads, by path, and how it is called; a run for other bytes answers nothing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from magistrate.domain.impact import EvidenceRequest
from magistrate.impact.base import sha256_hex
from magistrate.impact.privilege.rendering import charts, kustomizations, overrides, releases
from magistrate.impact.privilege.rendering.template_words import varying
from magistrate.impact.privilege.rendering.trees import State
from magistrate.wire.canonical import digest_of

KUSTOMIZE: Final = "kustomize-render"
HELM: Final = "helm-render"
TOOLS: Final = frozenset({KUSTOMIZE, HELM})
MAX_ROOTS: Final = 24
"""Kustomizations and releases that are rendered for one change; what is beyond is unknown."""
MAX_STATES: Final = 12
"""Steps of a chain after which it is rendered."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One rendering: the tool, the folder, all files that are laid out, how the tool is called.

    `words` are, for a chart, the release's name and namespace; `values` are in order paths of files
    (`file`) and texts (`text`). `root` is the file that names it to people.
    """

    tool: str
    root: str
    folder: str
    files: tuple[tuple[str, str], ...]
    words: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()

    @cached_property
    def request(self) -> EvidenceRequest:
        """The run that this asks for."""
        inputs = tuple((path, sha256_hex(text.encode())) for path, text in self.files)
        told = {"v": 1, "tool": self.tool, "folder": self.folder, "words": list(self.words)}
        listed = {"values": [list(one) for one in self.values], "inputs": [list(one) for one in inputs]}
        return EvidenceRequest(
            tool=self.tool, path=self.root, inputs_digest=digest_of({**told, **listed}), inputs=inputs
        )


@dataclass(frozen=True, kw_only=True)
class Root:
    """A kustomization, or a chart as one release installs it.

    `plans` has for each state a plan, None where it is not there, or why it cannot be rendered. `sources`
    are all files it reaches in any state; `touched` the changed ones among them that may give somebody
    something. `shown`: the sources alone do not show what it does.
    """

    name: str
    file: str
    plans: tuple[Plan | str | None, ...]
    sources: frozenset[str]
    touched: frozenset[str]
    shown: bool

    @property
    def why_not(self) -> str:
        """Why it cannot be rendered in some state; empty where it can."""
        return next((one for one in self.plans if isinstance(one, str)), "")


def roots_of(states: Sequence[State], changed: Collection[str]) -> tuple[Root, ...]:
    """All that the changed files reach; the order is that of their names."""
    found = [*_kustomized(states, frozenset(changed)), *_charted(states, frozenset(changed))]
    return tuple(sorted(found, key=lambda root: root.name))


def all_sources(states: Sequence[State]) -> list[frozenset[str]]:
    """The files of every kustomization of the tree, reached or not: who shares them is an alternative."""
    folders = {(at, folder) for at, state in enumerate(states) for folder in kustomizations.folders_of(state)}
    reached = (kustomizations.closure_of(states[at], folder) for at, folder in sorted(folders))
    return [frozenset(one.files | one.filling) for one in reached]


def rendered_files(state: State) -> frozenset[str]:
    """Every file that some kustomization or chart of a state reaches."""
    found = state.kept.get("rendered files")
    if not isinstance(found, frozenset):
        reached = [kustomizations.closure_of(state, folder) for folder in kustomizations.folders_of(state)]
        own = [charts.chart_of(state, folder).files for folder in charts.folders_of(state)]
        found = state.kept["rendered files"] = frozenset().union(*(one.files | one.filling for one in reached), *own)
    return found


def _kustomized(states: Sequence[State], changed: frozenset[str]) -> Iterator[Root]:
    if not _mentioned(states, changed):
        return
    for folder in sorted({folder for state in states for folder in kustomizations.folders_of(state)}):
        reached = [
            kustomizations.closure_of(state, folder) if folder in kustomizations.folders_of(state) else None
            for state in states
        ]
        touched = frozenset().union(*(changed & one.telling for one in reached if one is not None))
        if touched:
            plans = tuple(_kustomize_plan(state, folder, one) for state, one in zip(states, reached, strict=True))
            files = [kustomizations.file_in(state, folder) for state in states]
            yield Root(
                name=f"the kustomization `{folder or '.'}`",
                file=next(path for path in files if path is not None),
                plans=plans,
                sources=frozenset().union(*(one.files | one.filling for one in reached if one is not None)),
                touched=touched,
                shown=not any(one is not None and one.moves for one in reached),
            )


def _mentioned(states: Sequence[State], changed: frozenset[str]) -> bool:
    """Whether a kustomization names one of these files, or is one: a cheap look before the whole one."""
    names = {posixpath.basename(path) for path in changed}
    if names & set(kustomizations.NAMES):
        return True
    texts = {
        state.texts[path]
        for state in states
        for name in kustomizations.NAMES
        for path in (posixpath.join(folder, name) for folder in state.folders)
        if path in state.texts
    }
    return any("\\" in text or any(name in text for name in names) for text in texts)


def _kustomize_plan(state: State, folder: str, reached: kustomizations.Closure | None) -> Plan | str | None:
    if reached is None:
        return None
    if reached.problems:
        return reached.problems[0]
    if (who := overrides.altered(state, folder)) is not None:
        return f"`{who}` changes what comes of it"
    paths = sorted(reached.files | reached.filling)
    files = tuple((path, state.texts[path]) for path in paths)
    return Plan(tool=KUSTOMIZE, root=kustomizations.file_in(state, folder) or folder, folder=folder, files=files)


def _charted(states: Sequence[State], changed: frozenset[str]) -> Iterator[Root]:
    for folder in sorted({folder for state in states for folder in charts.folders_of(state)}):
        there = [folder in charts.folders_of(state) for state in states]
        made = [charts.chart_of(state, folder) if has else None for state, has in zip(states, there, strict=True)]
        telling = frozenset().union(*(one.telling for one in made if one is not None))
        if not telling & changed and not _named_elsewhere(states, changed):
            continue
        who = [releases.releases_of(state, folder) if has else None for state, has in zip(states, there, strict=True)]
        yield from _released(states, changed, folder, (made, who, telling))


def _named_elsewhere(states: Sequence[State], changed: frozenset[str]) -> bool:
    """Whether a changed file may say how a chart is installed, or be a file of values outside of it."""
    return any(
        path.endswith((".yaml", ".yml", ".json", ".sh", ".tf", "Makefile")) or "helm" in state.texts.get(path, "")
        for state in states
        for path in changed
    )


_Made = tuple[Sequence[charts.Chart | None], Sequence[releases.Releases | None], frozenset[str]]


def _released(states: Sequence[State], changed: frozenset[str], folder: str, found: _Made) -> Iterator[Root]:
    """A root for each release; one for the chart as a whole where some release cannot be known."""
    made, who, telling = found
    values = frozenset(
        path for one in who if one for release in one.known for kind, path in release.values if kind == "file"
    )
    said = {(one.known, one.problems) if one is not None else None for one in who}
    said_in = frozenset().union(*(one.said_in for one in who if one is not None)) if len(said) > 1 else frozenset()
    maybe = frozenset(path for path in changed if any(one.may_name(path) for one in who if one is not None))
    touched = changed & (telling | values | said_in | maybe)
    if not touched:
        return
    sources = frozenset().union(*(one.files for one in made if one is not None)) | (values & changed)
    file = posixpath.join(folder, charts.MANIFEST)
    problems = [
        next(iter((*(one.problems if one else ()), *(known.problems if known else ()))), "")
        for one, known in zip(made, who, strict=True)
    ]
    if any(problems):
        plans = tuple(why or None for why in problems)
        yield Root(
            name=f"the chart `{folder or '.'}`", file=file, plans=plans, sources=sources, touched=touched, shown=False
        )
        return
    keys = sorted({_key(release) for one in who if one for release in one.known})
    for key in keys:
        plans_of = tuple(
            _helm_plan(state, one, [release for release in known.known if _key(release) == key])
            if one and known
            else None
            for state, one, known in zip(states, made, who, strict=True)
        )
        name = f"the release `{key[1]}` of the chart `{folder or '.'}`"
        yield Root(name=name, file=file, plans=plans_of, sources=sources, touched=touched, shown=False)


def _key(release: releases.Release) -> tuple[str, str, str]:
    return release.said_in, release.name, release.namespace


def _helm_plan(state: State, chart: charts.Chart, known: Sequence[releases.Release]) -> Plan | str | None:
    if not known:
        return None
    if len(known) > 1:
        return f"`{known[0].said_in}` installs the same release twice"
    release = known[0]
    for why in releases.of_files(state, release, chart.folder):
        return why
    outside = {path: state.texts[path] for kind, path in release.values if kind == "file"}
    texts = {path: state.texts[path] for path in chart.files if charts.is_template(path)}
    inline = {f"values of {release.said_in}": text for kind, text in release.values if kind == "text"}
    for why in varying(texts, {**outside, **inline}):
        return why
    files = {**{path: state.texts[path] for path in chart.files}, **outside}
    return Plan(
        tool=HELM,
        root=posixpath.join(chart.folder, charts.MANIFEST),
        folder=chart.folder,
        files=tuple(sorted(files.items())),
        words=(release.name, release.namespace),
        values=release.values,
    )
