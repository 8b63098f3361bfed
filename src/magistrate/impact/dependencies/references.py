"""References inside YAML and Dockerfiles: actions, hooks of pre-commit, images. Changed in place; the rest of the file stays.

An action is pinned by a commit; the version beside it is a comment that nobody checks, so it has to
change when the commit does. Whether it tells the truth is not in the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.pins import SHA1, Listing, Pinned, Reader, bounded, named
from magistrate.impact.dependencies.requirements import requirement
from magistrate.impact.dependencies.yaml_values import Place, scalars_of
from magistrate.impact.languages.reading import UnreadableError

ACTION: Final = rx(r"([A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_./-]+)?)@([A-Za-z0-9_./-]+)")
COMMENT: Final = rx(r"[ \t]*#[ \t]*(?:frozen: |tag=|pin@|ratchet:\S+@)?(v?\d[A-Za-z0-9.+-]*)[ \t]*")
IMAGE: Final = rx(
    r"((?:[a-z0-9][a-z0-9.-]*(?::\d{1,5})?/)?[a-z0-9][a-z0-9._/-]*)(?::([A-Za-z0-9_][A-Za-z0-9._-]*))?(?:@(sha256:[0-9a-f]{64}))?"
)
FROM: Final = rx(
    r"(?i)(?P<head>[ \t]*from[ \t]+(?:--platform=\S+[ \t]+)?)(?P<image>\S+)(?P<tail>(?:[ \t]+as[ \t]+[A-Za-z0-9_.-]+)?[ \t]*)"
)
STAGE: Final = rx(r"(?i)[ \t]*from[ \t]+\S.*[ \t]as[ \t]+([A-Za-z0-9_.-]+)[ \t]*")
FOLLOWS: Final = "is named by a tag or branch, which can be moved to other code"
Spans = list[tuple[int, int]]


def _without(text: str, spans: Spans) -> str:
    pieces, at = [], 0
    for begin, end in sorted(spans):
        pieces += [text[at:begin], "\0"]
        at = end
    return "".join((*pieces, text[at:]))


def _behind(text: str, end: int) -> tuple[str, int]:
    """The version that a comment behind a scalar names, and where the line ends; '' and the scalar's end for others."""
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop
    found = COMMENT.fullmatch(text[end:stop].removesuffix("\r"))
    return (found[1], end + len(found[0].rstrip())) if found else ("", end)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _by_ref(kind: str, name: str, ref: str, text: str, place: Place) -> tuple[Pinned, int]:
    said, end = _behind(text, place.end)
    pinned = SHA1.fullmatch(ref) is not None
    where = ".".join(str(part) for part in place.path)
    return Pinned(
        ecosystem=kind,
        name=name,
        version=said if pinned else ref,
        hashes=(ref,) if pinned else (),
        exact=pinned,
        origin="registry github.com" if kind == "actions" else "registry",
        movable="" if pinned else FOLLOWS,
        place=where,
        line=_line(text, place.start),
        direct=True,
        terms="" if pinned else said,
    ), end if pinned else place.end


def read_workflow(text: str) -> Listing:
    """`uses:` of steps and jobs.

    Raises:
        UnreadableError: YAML that readers resolve differently, or an action named in a way this does not know.
    """
    pins: list[Pinned] = []
    spans: Spans = []
    for place in scalars_of(text):
        if place.path[-1:] != ("uses",) or not _is_step(place.path):
            continue
        if place.value.startswith("./") or "\n" in text[place.start : place.end]:
            continue
        found = ACTION.fullmatch(place.value)
        if found is None:
            continue  # an image, or an odd one: it stays in the rest
        pin, end = _by_ref("actions", found[1], found[2], text, place)
        pins.append(pin)
        spans.append((place.start, end))
    return Listing(pins=bounded(pins), rest=_without(text, spans), in_place=True)


def _is_step(path: tuple[str | int, ...]) -> bool:
    """`jobs.<job>.uses`, `jobs.<job>.steps[n].uses`, or `runs.steps[n].uses` of a composite action."""
    shown = ["#" if isinstance(part, int) else part for part in path]
    if len(shown) > 1 and shown[0] == "jobs":
        shown[1] = "*"
    return shown in (["jobs", "*", "uses"], ["jobs", "*", "steps", "#", "uses"], ["runs", "steps", "#", "uses"])


def read_hooks(text: str) -> Listing:
    """`rev:` of repositories of pre-commit, and the packages that hooks install besides.

    Raises:
        UnreadableError: YAML that readers resolve differently.
    """
    places = scalars_of(text)
    repos = {place.path[:2]: place.value for place in places if _ends(place.path, "repo", 3)}
    pins: list[Pinned] = []
    spans: Spans = []
    for place in places:
        if _ends(place.path, "rev", 3):
            name = repos.get(place.path[:2], "")
            if (
                "\n" in text[place.start : place.end]
                or not name.startswith("https://")
                or re.fullmatch(r"[A-Za-z0-9._/-]+", place.value) is None
            ):
                continue
            pin, end = _by_ref(
                "pre-commit", name.removeprefix("https://").removesuffix(".git"), place.value, text, place
            )
            pins.append(pin)
            spans.append((place.start, end))
        elif "additional_dependencies" in place.path:
            found = requirement(place.value, place=".".join(str(p) for p in place.path), line=_line(text, place.start))
            if found is not None:
                pins.append(found)
                spans.append((place.start, place.end))
    return Listing(pins=bounded(pins), rest=_without(text, spans), in_place=True)


def _ends(path: tuple[str | int, ...], key: str, length: int) -> bool:
    return len(path) == length and path[0] == "repos" and path[-1] == key


def image(text: str, place: str, line: int) -> Pinned | None:
    """A reference to an image, or None where it is none (a variable, a stage)."""
    found = IMAGE.fullmatch(text)
    if found is None:
        return None
    tag, digest = found[2] or "", found[3]
    movable = "" if digest else "is named by a tag, which can be moved to another image"
    return Pinned(
        ecosystem="docker",
        name=found[1],
        version=tag,
        hashes=(digest,) if digest else (),
        exact=bool(tag),
        direct=True,
        movable=movable if tag or digest else "has neither tag nor digest",
        place=place,
        line=line,
        terms=re.sub(r"\Av?\d+(?:\.\d+)*", "", tag),
    )


def read_dockerfile(text: str) -> Listing:
    """`FROM` lines; stages of the file itself are rest.

    Raises:
        UnreadableError: a directive that changes how lines end, or here-documents.
    """
    if re.search(r"(?im)^#[ \t]*(?:escape|syntax)[ \t]*=", text) or "<<" in text:
        raise UnreadableError("a directive or a here-document may give lines another meaning")
    pins: list[Pinned] = []
    rest: list[str] = []
    stages: set[str] = set()
    continued = False
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.removesuffix("\r")
        found = None if continued else FROM.fullmatch(line)
        pin = (
            image(found["image"], f"stage {len(pins)}", number)
            if found and found["image"].lower() not in stages
            else None
        )
        if found is None or pin is None:
            rest.append(whole)
        else:
            pins.append(pin)
            rest.append(f"{found['head']}\0{found['tail']}")
        stage = STAGE.fullmatch(line)
        stages |= {stage[1].lower()} if stage else set()
        continued = line.rstrip().endswith("\\") or (continued and (not line.strip() or line.lstrip().startswith("#")))
    return Listing(pins=bounded(pins), rest="\n".join(rest), in_place=True)


def read_compose(text: str) -> Listing:
    """`services.<name>.image`.

    Raises:
        UnreadableError: YAML that readers resolve differently.
    """
    pins: list[Pinned] = []
    spans: Spans = []
    for place in scalars_of(text):
        if len(place.path) == 3 and place.path[0] == "services" and place.path[2] == "image":  # noqa: PLR2004 - the shape
            pin = image(place.value, str(place.path[1]), _line(text, place.start))
            if pin is not None:
                pins.append(pin)
                spans.append((place.start, place.end))
    return Listing(pins=bounded(pins), rest=_without(text, spans), in_place=True)


def _places(paths: Iterable[str]) -> str:
    return "|".join(paths)


READERS: Final = (
    Reader(
        name="GitHub workflow",
        reads=named(_places((r"\.github/workflows/[^/]+\.ya?ml", r"action\.ya?ml"))),
        read=read_workflow,
    ),
    Reader(name="pre-commit hooks", reads=named(r"\.pre-commit-config\.ya?ml"), read=read_hooks),
    Reader(
        name="Dockerfile", reads=named(r"(?:[^/]+\.)?(?:dockerfile|containerfile)(?:\.[^/]+)?"), read=read_dockerfile
    ),
    Reader(name="compose file", reads=named(r"(?:docker-)?compose[^/]*\.ya?ml"), read=read_compose),
)
