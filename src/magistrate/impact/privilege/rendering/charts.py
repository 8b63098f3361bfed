"""What a chart is rendered from: its files, what vendored charts bring, and why it is no function of the tree.

Follows Helm's chart format (apiVersion v2) and its list of template functions. Rule kept: a function
that asks the cluster, the clock, the network or chance, a dependency that is not in the tree, a link
and a packed chart make it impossible to render.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import UnreadableError, documents, listed, mapping
from magistrate.impact.privilege.rendering.template_words import varying
from magistrate.impact.privilege.rendering.trees import LOST, State, inside

MANIFEST: Final = "Chart.yaml"
MAX_FILES: Final = 600
MAX_TEXT: Final = 6_000_000
PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".ico", ".webp", ".svg", ".pdf")
PROSE: Final = (".md", ".markdown", ".rst", ".adoc")
FILES: Final = rx(r"\.Files\b")


@dataclass(kw_only=True)
class Chart:
    """A chart in one state. `files` are laid out; `telling` are those whose change may give somebody something."""

    folder: str
    files: set[str] = field(default_factory=set)
    telling: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def folders_of(state: State) -> list[str]:
    """The folders of charts that are no part of another one."""
    found = state.kept.get("charts")
    if not isinstance(found, list):
        every = sorted(posixpath.dirname(path) for path in state.texts if posixpath.basename(path) == MANIFEST)
        found = state.kept["charts"] = [
            one
            for one in every
            if not any(one != other and inside(one, posixpath.join(other, "charts")) for other in every)
        ]
    return found


def chart_of(state: State, folder: str) -> Chart:
    """The chart of a folder."""
    key = f"chart {folder}"
    found = state.kept.get(key)
    if not isinstance(found, Chart):
        found = state.kept[key] = Chart(folder=folder)
        found.files = set(state.below(folder))
        _look(state, found)
    return found


def _look(state: State, chart: Chart) -> None:
    texts = {path: state.texts[path] for path in chart.files}
    if len(texts) > MAX_FILES or sum(map(len, texts.values())) > MAX_TEXT:
        chart.problems.append(f"it has more than {MAX_FILES} files or {MAX_TEXT // 1_000_000} MB")
    reads_files = any("{{" in text and FILES.search(text) for text in texts.values())
    chart.telling = {path for path in texts if reads_files or _tells(path, chart.folder)}
    chart.problems += [f"`{path}` is not UTF-8" for path in sorted(texts) if LOST in texts[path]][:1]
    for path in state.odd_below(chart.folder):
        if path in state.links:
            chart.problems.append(f"`{path}` is a symbolic link")
            end = state.real(path)
            behind = set(state.below(end)) if end else set()
            chart.telling |= behind | ({end} if end is not None and end in state.texts else set())
        elif reads_files or not path.lower().endswith(PICTURES):
            chart.problems.append(f"`{path}` is no text: a packed chart or a binary file")
    templates = {path: text for path, text in texts.items() if is_template(path)}
    chart.problems += varying(templates, {path: text for path, text in texts.items() if path not in templates})
    chart.problems += _dependencies(state, chart.folder)


def is_template(path: str) -> bool:
    """Whether Helm renders a file as a template."""
    return "templates" in path.split("/")[:-1]


def _tells(path: str, folder: str) -> bool:
    name = posixpath.basename(path)
    inner = path[len(folder) :].lstrip("/")
    deep = any(part in {"templates", "crds", "charts"} for part in inner.split("/")[:-1])
    if name.endswith(PROSE) or name == "NOTES.txt":
        return False
    return deep or name in {MANIFEST, "requirements.yaml", ".helmignore"} or name.endswith((".yaml", ".yml"))


def _dependencies(state: State, folder: str) -> Iterator[str]:
    """Charts that are not in the tree; a chart that is a library alone."""
    for name in (MANIFEST, "requirements.yaml"):
        path = posixpath.join(folder, name)
        if path not in state.texts:
            continue
        try:
            root = mapping((documents(state.texts[path], merge=True) or [{}])[0])
        except UnreadableError as error:
            yield f"`{path}`: {error}"
            continue
        if str(root.get("type", "")) == "library":
            yield "it is a library, which renders nothing by itself"
        for one in listed(root.get("dependencies")):
            wanted = str(mapping(one).get("name", ""))
            if not wanted or posixpath.join(folder, "charts", wanted, MANIFEST) not in state.texts:
                yield f"the chart `{wanted[:60]}` that it depends on is not in the tree"
