"""Kubernetes manifests as objects: YAML in several documents, JSON, lists of objects, anchors, charts and overlays.

What every Kubernetes reader shares. Scalars stay texts with their lines; `flag` and `number` read them
as the API server does (YAML 1.1, no quotes). Follows the Kubernetes API conventions, Kustomize's
`kustomization.yaml`, Helm's `values.yaml`, `Chart.yaml` and `templates/`, and helmfiles with what they name.

Rule kept: a text that does not parse, a name that stands twice, a template, an overlay that changes
objects, and a kind that no reader knows are unknown; a scalar that is no boolean counts as the worse one.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import (
    Text,
    UnreadableError,
    documents,
    line_of,
    listed,
    mapping,
    shown,
    texts_of,
)
from magistrate.impact.privilege.model import Place, Unknown

UNNAMED: Final = "-"
"""The namespace of an object that does not say one: whatever the person who applies it chooses."""
_MANIFEST: Final = rx(r".*\.(?:ya?ml|json|tpl|gotmpl|tmpl|j2|jinja2?)|(?:.*/)?Kustomization")
_WRITTEN_OTHERWISE: Final = rx(r"\\(?:u00|x|U000000)[4-7][0-9a-fA-F]|(?m:^\s*\?\s)")
"""Letters of names as escapes, and names that may go over several lines."""
_OVERLAY: Final = rx(r"(?:.*/)?(?:kustomization\.ya?ml|Kustomization)")
_VALUES: Final = rx(r"(?:.*/)?(?:[\w.-]*[.-])?values(?:[.-][\w.-]*)?\.ya?ml")
_CHART: Final = rx(r"(?:.*/)?(?:Chart|requirements)\.ya?ml")
_HELMFILE: Final = rx(r"(?:.*/)?(?:helmfile(?:[.-][\w.-]+)?\.(?:ya?ml|gotmpl)|helmfile\.d/.*)")
_NAMED_FILE: Final = rx(r"[\w./*{}$ -]{0,200}\.(?:ya?ml|json|gotmpl|tpl)\b")
_TEMPLATES: Final = rx(r"(?:.*/)?templates/.*")
_MOVING_TAG: Final = rx(r"(?m)^(\s*(?:- )?image: [\w./-]+(?::\d+/[\w./-]+)?):[\w.-]+$")
"""An image by its tag in a template: the tag moves by itself."""
_DIGEST: Final = rx(r"@sha256:[0-9a-f]{64}$")
_BREAK: Final = rx(r"(?m)^---(?=\s|$)")
_TRUE: Final = frozenset({"true", "yes", "on", "y"})
_FALSE: Final = frozenset({"false", "no", "off", "n"})
_PLAIN_OVERLAY: Final = frozenset(
    {"apiVersion", "kind", "metadata", "resources", "bases", "configMapGenerator", "generatorOptions", "replicas"}
    | {"sortOptions", "buildMetadata", "secretGenerator", "images", "openapi"}
)
_PATCHES: Final = ("patches", "patchesStrategicMerge", "patchesJson6902", "components", "replacements", "transformers")


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeObject:
    """One object: API group (`""` is the core one), kind, namespace (or `UNNAMED`), name, and all of it."""

    path: str
    line: int
    group: str
    kind: str
    namespace: str
    name: str
    body: Mapping[str, Any]

    @property
    def spec(self) -> dict[str, Any]:
        """What it asks for."""
        return mapping(self.body.get("spec"))

    @property
    def labels(self) -> dict[str, str]:
        """Its labels."""
        return texts(mapping(self.body.get("metadata")).get("labels"))

    @property
    def annotations(self) -> dict[str, str]:
        """Its annotations."""
        return texts(mapping(self.body.get("metadata")).get("annotations"))

    def at(self, value: object = None) -> Place:
        """Where it, or a value in it, stands."""
        return Place(path=self.path, line=line_of(value, self.line) or self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Riddle:
    """Something that cannot be resolved: why, what stands there, where."""

    why: str
    text: str
    place: Place

    def unknown(self, domain: str) -> Unknown:
        """The same as a finding of a reader."""
        return Unknown(domain=domain, why=self.why, text=self.text, place=self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All objects of one state of the files, and what could not be resolved."""

    objects: tuple[KubeObject, ...]
    riddles: tuple[Riddle, ...]

    def of(self, group: str, *kinds: str) -> Iterator[KubeObject]:
        """The objects of these kinds, in the order of their paths."""
        return (one for one in self.objects if one.group == group and one.kind in kinds)


def is_manifest(path: str) -> bool:
    """Whether a file of this name may hold objects of Kubernetes (`cluster` looks inside)."""
    return _MANIFEST.fullmatch(path) is not None


def cluster(files: Mapping[str, str]) -> Cluster:
    """The objects of one state; the order of files and of keys makes no difference."""
    objects: list[KubeObject] = []
    riddles: list[Riddle] = []
    patches = {patched: path for path in sorted(files) if _OVERLAY.fullmatch(path) for patched in _patched(path, files)}
    rendered = _with_helmfiles(files)
    for path in sorted(files):
        text = files[path]
        if path in rendered:
            riddles += _chart(path, text)
        if path in patches:
            riddles.append(Riddle(why="it changes objects of an overlay", text=_lines(text), place=Place(path=path)))
        elif _OVERLAY.fullmatch(path):
            riddles += _overlay(path, text)
        elif path not in rendered and (_VALUES.fullmatch(path) or _CHART.fullmatch(path)):
            riddles += _chart(path, text)
        elif _is_about(text) or (_TEMPLATES.fullmatch(path) and "{{" in text):
            found, open_ends = _parsed(text)
            objects += (_placed(path, body) for body in found)
            riddles += (Riddle(why=why, text=what, place=Place(path=path, line=line)) for why, what, line in open_ends)
    return Cluster(objects=tuple(objects), riddles=tuple(riddles))


def _with_helmfiles(files: Mapping[str, str]) -> frozenset[str]:
    """Helmfiles, and the files that they name: by the last part of the name, and by the folder where that is put together."""
    helmfiles = [path for path in files if _HELMFILE.fullmatch(path)]
    names, open_below = set[str](), set[str]()
    for path in helmfiles:
        for name in _NAMED_FILE.findall(files[path]):
            names.add(posixpath.basename(name.strip()))
            if "{{" in name or "*" in name or "$" in name:
                open_below.add(posixpath.dirname(path))
    return frozenset(
        path
        for path in files
        if path in helmfiles
        or posixpath.basename(path) in names
        or any(not folder or path.startswith(f"{folder}/") for folder in open_below)
    )


def _is_about(text: str) -> bool:
    """Whether a text may hold objects: a cheap look, so that other YAML and JSON costs nothing."""
    return ("apiVersion" in text and "kind" in text) or _WRITTEN_OTHERWISE.search(text) is not None


@lru_cache(maxsize=512)
def _parsed(text: str) -> tuple[tuple[dict[str, Any], ...], tuple[tuple[str, str, int], ...]]:
    """The objects of a text, and (why, what stands there, line) for each that cannot be read. Nobody may change them."""
    try:
        return _objects(documents(text, merge=True))
    except UnreadableError as error:
        if "{{" in text or "{%" in text:
            return (), (("it is a template", _MOVING_TAG.sub(r"\1", _lines(text)), 0),)
        problem = str(error)
    if "apiVersion" not in text and _WRITTEN_OTHERWISE.search(text) is None:
        return (), ()
    bodies: list[dict[str, Any]] = []
    open_ends: list[tuple[str, str, int]] = []
    for piece in _BREAK.split(text):
        try:
            found, more = _objects(documents(piece, merge=True))
        except UnreadableError:
            open_ends.append((problem, _lines(piece), 0))
        else:
            bodies += found
            open_ends += more
    return tuple(bodies), tuple(open_ends)


def _objects(read: list[Any]) -> tuple[tuple[dict[str, Any], ...], tuple[tuple[str, str, int], ...]]:
    bodies: list[dict[str, Any]] = []
    open_ends: list[tuple[str, str, int]] = []
    line = list(read)
    for one in line:
        if not isinstance(one, dict) or not {"apiVersion", "kind"} <= one.keys():
            continue
        if str(one["kind"]).endswith("List") and isinstance(one.get("items"), list):
            line += one["items"]
            continue
        bodies.append(one)
        templated = sorted({shown(text) for text in texts_of(one) if "{{" in text or "${" in text})
        if templated and (_group(one), str(one["kind"])) not in WITHOUT_RIGHTS:
            open_ends.append(("it has variables of a template", f"{_title(one)}: {templated}", line_of(one)))
    return tuple(bodies), tuple(open_ends)


def _group(body: Mapping[str, Any]) -> str:
    group, slash, _ = str(body["apiVersion"]).partition("/")
    return group if slash else ""


def _title(body: Mapping[str, Any]) -> str:
    named = mapping(body.get("metadata"))
    return f"{shown(body['kind'])} {shown(named.get('namespace', ''))}/{shown(named.get('name', ''))}"


def _placed(path: str, body: dict[str, Any]) -> KubeObject:
    named = mapping(body.get("metadata"))
    return KubeObject(
        path=path,
        line=line_of(body),
        group=_group(body),
        kind=str(body["kind"]),
        namespace=scalar(named.get("namespace")) or UNNAMED,
        name=scalar(named.get("name")) or scalar(named.get("generateName")),
        body=body,
    )


def _patched(path: str, files: Mapping[str, str]) -> Iterator[str]:
    """The files that this overlay lays over objects."""
    try:
        (root, *_) = documents(files[path], merge=True) or [{}]
    except UnreadableError:
        return
    for name in _PATCHES:
        for entry in listed(mapping(root).get(name)):
            target = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(target, Text) and "\n" not in target:
                yield posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _overlay(path: str, text: str) -> Iterator[Riddle]:
    place = Place(path=path)
    try:
        root = mapping((documents(text, merge=True) or [{}])[0])
    except UnreadableError as error:
        yield Riddle(why=str(error), text=_lines(text), place=place)
        return
    changes = {str(key): value for key, value in root.items() if key not in _PLAIN_OVERLAY}
    remote = sorted(
        str(one)
        for name in ("resources", "bases")
        for one in listed(root.get(name))
        if "://" in str(one) or "?ref=" in str(one) or str(one).startswith(("github.com", "git@"))
    )
    images = sorted(
        shown({key: value for key, value in mapping(one).items() if key != "newTag"})
        for one in listed(root.get("images"))
    )
    for title, value in (*sorted(changes.items()), ("resources", remote), ("images", images)):
        if value:
            why = f"an overlay changes objects by its `{title}`"
            yield Riddle(why=why, text=f"{path} {title}: {shown(value)}", place=place)


def _chart(path: str, text: str) -> Iterator[Riddle]:
    """What a chart is rendered with, without the tags of images, which move by themselves; what it depends on."""
    place = Place(path=path)
    try:
        root = (documents(text, merge=True) or [{}])[0]
    except UnreadableError:
        yield Riddle(why="values of a chart that cannot be read", text=_lines(text), place=place)
        return
    told = mapping(root).get("dependencies") if _CHART.fullmatch(path) else without_tags(root)
    if told:
        yield Riddle(why="a chart is rendered with it", text=f"{path}: {shown(told)}", place=place)


def without_tags(value: object) -> Any:  # noqa: ANN401 - any tree
    """Values without the tags of images, which move by themselves: only whether a digest pins the image is left."""
    if isinstance(value, dict):
        tagged = "repository" in value or "image" in value
        return {
            key: _pinned(inner) if tagged and key == "tag" and isinstance(inner, Text) else without_tags(inner)
            for key, inner in value.items()
        }
    return [without_tags(one) for one in value] if isinstance(value, list) else value


def _pinned(tag: Text) -> str:
    if "{{" in tag or "${" in tag:
        return str(tag)
    return "by its digest" if _DIGEST.search(tag) else "by its tag"


def _lines(text: str) -> str:
    """A text without blank lines and ends of lines: its indentation means something."""
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def scalar(value: object) -> str:
    """A scalar as text; nothing, and what is no scalar, as an empty one."""
    return str(value) if isinstance(value, Text) and not value.empty else ""


def scalars(value: object) -> tuple[str, ...]:
    """The scalars of a list, as they stand (`""` among them)."""
    return tuple(str(one) for one in listed(value) if isinstance(one, Text))


def texts(value: object) -> dict[str, str]:
    """A mapping of scalars."""
    return {str(key): str(one) for key, one in mapping(value).items() if isinstance(one, Text)}


def flag(value: object, *, absent: bool, worse: bool) -> bool:
    """A boolean as the API server reads it; what is none counts as the worse one."""
    if value is None or (isinstance(value, Text) and value.empty):
        return absent
    if isinstance(value, Text) and value.plain and not value.tag:
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
    return worse


def number(value: object) -> int | None:
    """A whole number in any of the forms of YAML 1.1; None for what is none."""
    if not isinstance(value, Text):
        return None
    text = value.replace("_", "").lower()
    sign, digits = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    octal = len(digits) > 1 and digits.isdigit() and digits[0] == "0"
    try:
        return sign * int(digits, 8 if octal else 0)
    except ValueError:
        return None


WITHOUT_RIGHTS: Final = frozenset(
    {("", kind) for kind in ("ConfigMap", "Secret", "LimitRange", "ResourceQuota", "Event")}
    | {("apiextensions.k8s.io", "CustomResourceDefinition"), ("policy", "PodDisruptionBudget")}
    | {("autoscaling", "HorizontalPodAutoscaler"), ("scheduling.k8s.io", "PriorityClass")}
    | {("storage.k8s.io", "StorageClass"), ("coordination.k8s.io", "Lease"), ("node.k8s.io", "RuntimeClass")}
    | {("monitoring.coreos.com", kind) for kind in ("ServiceMonitor", "PodMonitor", "PrometheusRule")}
    | {("snapshot.storage.k8s.io", "VolumeSnapshot"), ("bitnami.com", "SealedSecret")}
    | {("autoscaling.k8s.io", "VerticalPodAutoscaler"), ("cert-manager.io", "Certificate")}
    | {("networking.k8s.io", "IngressClass"), ("grafana.integreatly.org", "GrafanaDashboard")}
    | {("kustomize.config.k8s.io", "Kustomization"), ("source.toolkit.fluxcd.io", "HelmRepository")}
)
"""Kinds that give nobody a right by themselves."""
