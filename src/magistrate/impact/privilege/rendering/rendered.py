"""What a change makes of rendered manifests: before and after, by the same readers as plain ones.

Rule kept: manifests take the place of their sources only where there is evidence of every rendering
that the changed files reach, in every state. Each rendering is compared for itself, and with the rest
of the tree but without other renderings of the same sources: an overlay that gives more hides none
that gives less. What is not rendered is judged by its sources as before, and is unknown where these
do not show what it does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from magistrate.domain.impact import Evidence, EvidenceRequest, FileChange
from magistrate.impact.base import BaseTree
from magistrate.impact.privilege.domains.k8s_objects import cluster, is_manifest
from magistrate.impact.privilege.engine import Change, Turn
from magistrate.impact.privilege.model import Grants, Place, Reader, Statement
from magistrate.impact.privilege.rendering.plans import (
    HELM,
    MAX_ROOTS,
    MAX_STATES,
    TOOLS,
    Plan,
    Root,
    all_sources,
    rendered_files,
    roots_of,
)
from magistrate.impact.privilege.rendering.trees import State, states_of

DOMAINS: Final = frozenset({"k8s-rbac", "k8s-pod", "net-k8s"})
"""The readers that are given manifests instead of sources."""
DOMAIN: Final = "k8s-rendered"
"""Of rows that say that something is not rendered."""
SUFFIX: Final = "//rendered.yaml"
"""Behind the path of what is rendered: no file of a tree has such a name."""
NOT_RUN: Final = "no tool rendered it here"
Texts = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A reader of Kubernetes that is given some texts of a tree as they were first, and others not at all."""

    reader: Reader
    first: Mapping[str, str | None]
    dropped: frozenset[str] = frozenset()

    @property
    def domain(self) -> str:
        """That of the reader."""
        return self.reader.domain

    def reads(self, path: str) -> bool:
        """What the reader reads, and what was rendered."""
        return path.endswith(SUFFIX) or self.reader.reads(path)

    def grants(self, files: Texts) -> Grants:
        """The rights in what is left."""
        fixed = {path: text for path, text in self.first.items() if text is not None and self.reader.reads(path)}
        kept = {path: text for path, text in files.items() if path not in self.first}
        return self.reader.grants(
            {path: kept.get(path, fixed.get(path, "")) for path in sorted({*kept, *fixed} - self.dropped)}
        )


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A root with its manifests in each state; `apart` are the files that are left out beside it."""

    root: Root
    texts: tuple[str | None, ...]
    apart: frozenset[str]

    @property
    def path(self) -> str:
        """Where its manifests stand."""
        return self.root.file + SUFFIX

    def beside(self, files: Texts, state: int) -> Texts:
        """A tree with the manifests of one state."""
        text = self.texts[state]
        return dict(files) if text is None else {**files, self.path: text}

    def alone(self, state: int) -> Texts:
        """The manifests of one state and nothing else."""
        return self.beside({}, state)


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What the changed files reach: what was rendered, what has to be for more, what cannot be."""

    ready: tuple[Ready, ...] = ()
    wanted: tuple[EvidenceRequest, ...] = ()
    unknown: tuple[Change, ...] = ()
    first: Mapping[str, str | None] = field(default_factory=dict)

    def standing(self, readers: tuple[Reader, ...], dropped: frozenset[str] = frozenset()) -> tuple[Reader, ...]:
        """Readers, those of Kubernetes without what the manifests show better."""
        if not self.first and not dropped:
            return readers
        return tuple(
            Standing(reader=one, first=dict(self.first), dropped=dropped) if one.domain in DOMAINS else one
            for one in readers
        )


def rendered(
    steps: Sequence[Sequence[FileChange]], base: BaseTree, changed: Collection[str], evidence: Sequence[Evidence]
) -> Rendered:
    """Everything that the changed files reach; nothing where the tree is not at hand or holds nothing to render."""
    if not base.known or not _anything(steps, base):
        return Rendered()
    states = states_of(steps, base)
    roots = [root for root in roots_of(states, changed) if not _alike(root)]
    outputs = _outputs(evidence)
    taken = roots[:MAX_ROOTS] if len(states) <= MAX_STATES else []
    ready = [root for root in taken if _texts(root, outputs) is not None]
    wanted = {
        plan.request.inputs_digest: plan.request
        for root in taken
        if not root.why_not
        for plan in root.plans
        if isinstance(plan, Plan) and _of(plan, outputs) is None
    }
    left = [root for root in roots if root not in ready]
    stuck = frozenset().union(*(root.sources for root in left))
    frozen = frozenset().union(*(root.sources for root in ready)) - stuck
    groups = all_sources(states) if ready else []
    return Rendered(
        ready=tuple(_ready(root, outputs, groups, states) for root in ready),
        wanted=tuple(wanted[key] for key in sorted(wanted)),
        unknown=tuple(_unknown(root, states) for root in left if _says_nothing(root, states)),
        first={path: states[0].texts.get(path) for path in sorted(frozen & frozenset(changed))},
    )


def _anything(steps: Sequence[Sequence[FileChange]], base: BaseTree) -> bool:
    names = ("ustomization.yaml", "ustomization.yml", "Kustomization", "Chart.yaml")
    changed = (change.path for step in steps for change in step)
    return any(path.endswith(names) for path in (*base.files, *changed))


def _alike(root: Root) -> bool:
    """Whether nothing that it is rendered from changes."""
    digests = {plan.request.inputs_digest if isinstance(plan, Plan) else plan for plan in root.plans}
    return len(digests) == 1 and not root.why_not


def _outputs(evidence: Sequence[Evidence]) -> Mapping[tuple[str, str, str], str]:
    """Manifests by what they were rendered from; two answers to one question are none."""
    found: dict[tuple[str, str, str], str] = {}
    torn: set[tuple[str, str, str]] = set()
    for one in evidence:
        if one.tool in TOOLS:
            key = one.tool, one.path, one.inputs_digest
            try:
                text = one.output.decode()
            except UnicodeDecodeError:
                torn.add(key)
                continue
            if found.setdefault(key, text) != text:
                torn.add(key)
    return {key: text for key, text in found.items() if key not in torn}


def _of(plan: Plan, outputs: Mapping[tuple[str, str, str], str]) -> str | None:
    return outputs.get((plan.tool, plan.request.path, plan.request.inputs_digest))


def _texts(root: Root, outputs: Mapping[tuple[str, str, str], str]) -> tuple[str | None, ...] | None:
    """Its manifests in each state (None: it is not there); None where some are missing."""
    found: list[str | None] = []
    for plan in root.plans:
        text = _of(plan, outputs) if isinstance(plan, Plan) else None
        if plan is not None and text is None:
            return None
        found.append(text)
    return tuple(found)


def _ready(
    root: Root, outputs: Mapping[tuple[str, str, str], str], groups: Sequence[frozenset[str]], states: Sequence[State]
) -> Ready:
    alternatives = [group for group in groups if group & root.sources]
    apart = root.sources.union(*alternatives)
    made = _texts(root, outputs) or ()
    texts = tuple(_with_loose(text, _loose(root, state)) for text, state in zip(made, states, strict=True))
    return Ready(root=root, texts=texts, apart=apart)


def _loose(root: Root, state: State) -> list[str]:
    """Its sources that nothing renders in this state: they stand for themselves there."""
    return [
        state.texts[path]
        for path in sorted(root.sources & state.texts.keys() - rendered_files(state))
        if is_manifest(path) and "apiVersion" in state.texts[path]
    ]


def _with_loose(text: str | None, loose: Sequence[str]) -> str | None:
    parts = [one for one in (text, *loose) if one is not None]
    return "\n---\n".join(parts) if parts else None


def _says_nothing(root: Root, states: Sequence[State]) -> bool:
    """Whether the sources of what is not rendered do not show what a change of them gives.

    Readers of sources know a chart's templates and values, and say unknown; what they do not read is told here.
    """
    if root.shown:
        return False
    of_chart = any(isinstance(plan, Plan) and plan.tool == HELM for plan in root.plans) or root.name.startswith(
        "the chart"
    )
    return not of_chart or not all(_read(path, states) for path in root.touched)


def _read(path: str, states: Sequence[State]) -> bool:
    """Whether a reader of sources finds anything in a file, in each state that has it."""
    texts = {state.texts[path] for state in states if path in state.texts}
    found = [cluster({path: text}) for text in sorted(texts)]
    return all(one.objects or one.riddles for one in found)


def _unknown(root: Root, states: Sequence[State]) -> Change:
    why = root.why_not or (NOT_RUN if len(states) <= MAX_STATES else "the chain has too many steps")
    shown = Statement(where=(), place=Place(path=root.file), says=f"{root.name} reaches `{min(root.touched)}`"[:120])
    told = f"{root.name} is not rendered: {why}"
    return Change(turn=Turn.UNKNOWN, domain=DOMAIN, actor="", by=shown, request={}, values={}, why=told)


def crashed(error: Exception) -> Change:
    """That looking for what is rendered failed: nobody knows what it would show."""
    why = f"looking for kustomizations and charts failed ({type(error).__name__})"
    return Change(turn=Turn.UNKNOWN, domain=DOMAIN, actor="somebody", by=None, request={}, values={}, why=why)


def comparisons(
    found: Rendered, old: int, new: int, states: Sequence[Texts]
) -> Iterator[tuple[Ready, Texts, Texts, bool]]:
    """What is compared between two states: each rendering with the rest of the tree, and (True) for itself."""
    for one in found.ready:
        if one.texts[old] != one.texts[new]:
            yield one, one.beside(states[old], old), one.beside(states[new], new), False
            yield one, one.alone(old), one.alone(new), True
