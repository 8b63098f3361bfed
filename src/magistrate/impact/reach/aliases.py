"""Other names that a secret goes by: what a text is given the value of a secret as.

A variable of a job or a shell, an input of an action, an entry under `secrets`, a key of a cluster's secret, a local of
Terraform: each pair is a name and what its value comes from, over any number of steps and files.

Rule kept (R36): this only adds. A name that is given several values goes by all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.reach.secrets import (
    KEPT,
    NAME,
    OBJECT,
    TERRAFORM,
    YAML,
    entries_in,
    given_in,
    named_in,
    references_in,
)

MAX_LINE: Final = 4_000
Pair = tuple[str, str]
_KEY: Final = rx(
    r"[ \t]*(?:-[ \t]+)*(?:(?:export|readonly|local|set|ARG|ENV|env)[ \t]+)?[\"']?([A-Za-z_][\w-]{0,120})[\"']?[ \t]*[:=]"
)
_GIVEN: Final = rx(r"(?<![\w.$-])([A-Za-z_]\w{0,120})=[\"']?(?=[^\s\"']*(?:\$|secrets|/run/))")
_FLOW_KEY: Final = rx(r"(?<![{$])[{,][ \t]*[\"']?([A-Za-z_][\w-]{0,120})[\"']?[ \t]*:")
_SOURCE: Final = rx(
    r"(?i:\bsecrets)\s*(?:\.\s*([\w-]+)|\[\s*['\"]([\w-]+)['\"])|"
    r"\b(?:env|inputs|vars|variables|outputs|var|local)\.([A-Za-z_][\w-]*)|"
    r"(?:\$(?:\{|\()?\s*|\{\{\s*(?!(?:secrets|env|inputs|vars)\b))([A-Za-z_]\w*)|/run/secrets/([\w.-]+)"
)
_CREDENTIAL: Final = rx(r"credentialsId\s*:\s*['\"]([\w./-]{1,120})['\"]([^)\n]{0,300})")
_VARIABLE: Final = rx(r"[vV]ariable\s*:\s*['\"]([A-Za-z_]\w*)['\"]")
_BOUND_CREDENTIAL: Final = rx(r"\b([A-Za-z_]\w*)\s*=\s*credentials\(\s*['\"]([\w./-]{1,120})['\"]")
_MOUNT: Final = rx(rf"\btype=secret,id=({NAME}),(?:[\w=/.-]+,)*env=([A-Za-z_]\w*)")
_EXPRESSION: Final = frozenset({"secrets", "env", "inputs", "vars", "steps", "github", "needs", "matrix"})
_ENV_NAME: Final = rx(
    rf"(?m)\bname[\"']?\s*:\s*[\"']?({NAME})[\"']?\s*,?\s*[\"']?valueFrom[\"']?\s*:\s*\{{?\s*[\"']?\Z"
)
_NAME_AFTER: Final = rx(rf"\A(?P<in>[ \t]*)(?P<dash>-[ \t]+)?[\"']?name[\"']?\s*:\s*[\"']?({NAME})[\"']?\s*\Z")
_FLOW_AFTER: Final = rx(rf"\A[^}}\n]{{0,400}}\}}\s*\}}\s*,\s*[\"']?name[\"']?\s*:\s*[\"']?({NAME})")
_OUTPUT: Final = rx(r"(?m)^[ \t]*output[ \t]+\"([\w-]+)\"[ \t]*\{([^}]{0,2000})")
_STORED: Final = rx(r"(?m)^[ \t]*(?:-[ \t]+)?[\"']?(?:key|objectName|property)[\"']?\s*:\s*[\"']?([\w./-]{1,120})")
_OWN_KEY: Final = rx(rf"(?m)^[ \t]*(?:-[ \t]+)?[\"']?secretKey[\"']?\s*:\s*[\"']?({NAME})")
_CONTENT: Final = rx(
    r"(?m)^(?P<in>[ \t]*)[\"']?(?:data|stringData|encryptedData)[\"']?:[ \t]*(?P<flow>\{[^}]{0,4000})?"
)
_ENTRY: Final = rx(rf"[ \t]*[\"']?({NAME})[\"']?[ \t]*:")
_TOP_NAME: Final = rx(rf"(?m)(?:^|[{{,])[ \t]*(?:-[ \t]+)?[\"']?(?:name|secretName)[\"']?\s*:\s*[\"']?({NAME})")


@lru_cache(maxsize=KEPT)
def aliases_in(path: str, text: str) -> tuple[Pair, ...]:
    """Each name that a text gives the value of another, with that other."""
    lowered = path.lower()
    found = {*_assigned(text), *given_in(text), *_of_pipelines(text)}
    if lowered.endswith(YAML):
        found |= {(entry, value) for entry, value in entries_in(text)}
        found |= set(_of_workloads(text))
        found |= set(_of_objects(text))
    if lowered.endswith(TERRAFORM):
        found |= set(_of_terraform(path, text))
    return tuple(sorted(pair for pair in found if pair[0].casefold() != pair[1].casefold()))


def known_as(name: str, pairs: Iterable[Pair]) -> frozenset[str]:
    """A name and every name that its value is handed on to, over any number of steps; in small letters."""
    return _closed(name, ((alias, source) for alias, source in pairs))


def sources_of(name: str, pairs: Iterable[Pair]) -> frozenset[str]:
    """A name and every name that its value comes from, over any number of steps; in small letters."""
    return _closed(name, ((source, alias) for alias, source in pairs))


def _closed(name: str, pairs: Iterable[Pair]) -> frozenset[str]:
    """What can be reached from a name where each pair leads from its second part to its first."""
    ways: dict[str, set[str]] = {}
    for to, start in pairs:
        ways.setdefault(start.casefold(), set()).add(to.casefold())
    found, line = {name.casefold()}, [name.casefold()]
    while line:
        for one in ways.get(line.pop(), set()) - found:
            found.add(one)
            line.append(one)
    return frozenset(found)


def _assigned(text: str) -> Iterator[Pair]:
    """`NAME: value` and `NAME=value` with every source in the value; a block's lines count for the key above it."""
    for start in sorted({text.rfind("\n", 0, one.start()) + 1 for one in _SOURCE.finditer(text)}):
        told = text[start : start + MAX_LINE].split("\n", 1)[0]
        key = _KEY.match(told)
        given = [(one[1], _value(told, one.end())) for one in _GIVEN.finditer(told)]
        if key is not None:
            given.append((key[1], told[key.end() :]))
        flow = list(_flow(told))
        given += flow
        if key is None and not flow and "secrets" in told:
            given += [(above, told) for above in _above(text, start)]
        for alias, value in given:
            yield from ((alias, source) for source in _sources(value))


def _above(text: str, start: int) -> Iterator[str]:
    """The key whose block a line belongs to."""
    for line in reversed(text[max(0, start - MAX_LINE) : start].split("\n")):
        key = _KEY.match(line)
        if key is not None and not line[key.end() :].strip(" \t|>-+"):
            yield key[1]
            return


def _flow(line: str) -> Iterator[Pair]:
    """The keys of mappings that stand in one line, each with what follows as far as the next."""
    keys = list(_FLOW_KEY.finditer(line))
    for at, one in enumerate(keys):
        yield one[1], line[one.end() : keys[at + 1].start() if at + 1 < len(keys) else len(line)]


def _value(line: str, at: int) -> str:
    """What is given at a place of a line: as far as its quote, the end of an expression, or a blank."""
    if line[at - 1] in "\"'":
        return line[at:].partition(line[at - 1])[0]
    if line.startswith("${{", at):
        return line[at:].partition("}}")[0]
    return line[at:].split(maxsplit=1)[0] if line[at:].strip() else ""


def _sources(value: str) -> Iterator[str]:
    for one in _SOURCE.finditer(value):
        name = next(part for part in one.groups() if part)
        if name.casefold() not in _EXPRESSION:
            yield name


def _of_workloads(text: str) -> Iterator[Pair]:
    """Variables of a container, with the cluster's secret each comes from, in either order of their keys."""
    for at, name, said in references_in(text):
        before = _ENV_NAME.search(text[max(0, at - 200) : at])
        if before is not None:
            yield before[1], name
        flow = _FLOW_AFTER.match(text[at : at + 800])
        if flow is not None:
            yield flow[1], name
        margin = at - text.rfind("\n", 0, at) - 1
        for line in text[at + len(said) : at + len(said) + 500].split("\n"):
            after = _NAME_AFTER.match(line)
            if after is not None and after["dash"] is None and len(after["in"]) < margin:
                yield after[3], name
            if line.strip() and line.lstrip().startswith("-"):
                break


def _of_objects(text: str) -> Iterator[Pair]:
    """Keys of a cluster's secret, and what a store holds it as."""
    if OBJECT.search(text) is None and "SecretProviderClass" not in text:
        return
    for part in re.split(r"(?m)^(?=---)", text):
        if OBJECT.search(part) is None and "SecretProviderClass" not in part:
            continue
        names = {one[1] for one in _TOP_NAME.finditer(part)}
        keys = {one[1] for one in _OWN_KEY.finditer(part)} | set(_contents(part))
        stored = {one[1] for one in _STORED.finditer(part)} | {one.name for one in named_in("a.txt", part)}
        for name in names:
            yield from ((key, name) for key in keys)
            yield from ((name, source) for source in stored)


def _contents(part: str) -> Iterator[str]:
    """The keys under `data` and its like."""
    for one in _CONTENT.finditer(part):
        if one["flow"]:
            yield from (entry[1] for entry in _FLOW_KEY.finditer(one["flow"]))
            continue
        margin, inner = len(one["in"]), -1
        for line in _lines_from(part, one.end() + 1):
            inside = len(line) - len(line.lstrip())
            if line.strip() and inside <= margin:
                break
            inner = inside if inner < 0 and line.strip() else inner
            entry = _ENTRY.match(line) if inside == inner else None
            if entry is not None:
                yield entry[1]


def _lines_from(text: str, at: int) -> Iterator[str]:
    """Lines from a place on, one at a time: most readers stop soon."""
    while 0 < at <= len(text):
        end = text.find("\n", at)
        yield text[at : end if end >= 0 else len(text)]
        at = end + 1


def _of_pipelines(text: str) -> Iterator[Pair]:
    """Variables that Jenkins or a mount of Docker gives a secret of its store."""
    if "credentials" in text:
        for one in _CREDENTIAL.finditer(text):
            yield from ((variable, one[1]) for variable in _VARIABLE.findall(one[2]))
        yield from ((one[1], one[2]) for one in _BOUND_CREDENTIAL.finditer(text))
    yield from ((one[2], one[1]) for one in _MOUNT.finditer(text))


def _of_terraform(path: str, text: str) -> Iterator[Pair]:
    """Locals, arguments and outputs that are given a secret."""
    for line in text.split("\n"):
        key = _KEY.match(line[:MAX_LINE])
        if key is not None and key[1] != "value":
            yield from ((key[1], one.name) for one in named_in(path, line[key.end() : MAX_LINE]))
    for one in _OUTPUT.finditer(text):
        yield from ((one[1], named.name) for named in named_in(path, one[2]))
        yield from ((one[1], source) for source in _sources(one[2]))
