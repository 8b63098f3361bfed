"""What one GitHub Actions job holds: its token, secrets, identity, environment, machine and containers.

Follows "Workflow syntax for GitHub Actions": `permissions` of a job replace those of the workflow;
where neither says anything the repository's default holds, which no file tells: it reads everything
and may write everything but mint identities. A default that stays is no change, and code that runs under
it alone does not count as code that runs with power.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import Text, line_of, listed, mapping, shown, texts_of
from magistrate.impact.privilege.model import Where, literals
from magistrate.impact.privilege.patterns import glob, literal

SCOPES: Final = frozenset({
    "actions", "artifact-metadata", "attestations", "checks", "contents", "deployments", "discussions", "id-token",
    "issues", "models", "packages", "pages", "pull-requests", "repository-projects", "security-events", "statuses",
})  # fmt: skip
FLOOR: Final = "token:contents:read"
HOSTED: Final = rx(
    r"(?i)(?:ubuntu|windows|macos)-(?:latest|slim|[\d.]+)(?:-(?:xlarge|large|arm|arm64|intel|vs\d+))*(?:-preview)?"
)
_SECRET: Final = rx(r"(?i)\bsecrets\s*(?:\.\s*([\w-]+)|\[\s*(?:'([\w-]+)'|\"([\w-]+)\")\s*\])")
_ANY_SECRET: Final = rx(r"(?i)\bsecrets\b(?!\s*(?:\.\s*[\w-]|\[\s*['\"][\w-]+['\"]\s*\]))")
EXPRESSION: Final = rx(r"\$\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
_PRIVILEGED: Final = rx(
    r"--privileged|--cap-add|--device|--pid[= ]|--ipc[= ]|--network[= ]host|--net[= ]host|--security-opt|--userns[= ]|"
    r"--volume|-v[= ]|--mount|--group-add|--gpus"
)
_MATRIX: Final = rx(r"matrix\.([\w-]+)")
_INPUT: Final = rx(r"inputs\.([\w-]+)")
_LITERAL: Final = rx(r"'([^']*)'")
_COMPARED: Final = rx(r"[\w.()-]+ *[!=]= *'[^']*'|'[^']*' *[!=]= *[\w.()-]+")


Inputs = Mapping[str, Sequence[object]]
"""All values that the inputs of a workflow take, by name, where files say them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One thing a job holds, as conditions on a request, in words, with its line. `power`: more than to read the repository."""

    where: tuple[Where, ...]
    says: str
    line: int
    power: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """Something in a job that is not understood."""

    text: str
    line: int


def named(right: str, says: str, line: int, *, power: bool = True) -> Right:
    """A right known by one name."""
    return Right(where=(literals("right", right),), says=says, line=line, power=power)


def _alike(pattern: str, says: str, line: int) -> Right:
    return Right(where=(Where(dimension="right", among=(glob(pattern),)),), says=says, line=line)


def token_rights(stated: object, line: int) -> Iterator[Right | Odd]:
    """What `permissions:` grants; None is the repository's default."""
    if stated is None:
        reads = (Where(dimension="right", among=(glob("token:*:read"),)),)
        yield Right(where=reads, says="the repository's default token, which reads", line=line, power=False)
        writes = (
            Where(dimension="right", among=(glob("token:*"),)),
            Where(dimension="right", among=(glob("token:id-token:*"),), negated=True),
            literals("stated", "by the repository's default"),
        )
        yield Right(where=writes, says="the repository's default token, which may write", line=line, power=False)
        return
    if isinstance(stated, Text):
        yield from _all_scopes(stated)
        return
    if not isinstance(stated, dict):
        yield Odd(text=f"permissions {shown(stated)}", line=line)
        yield _alike("token:*", "permissions that are not understood", line)
        return
    for scope, level in stated.items():
        yield from _scope(scope, level)


def _all_scopes(stated: Text) -> Iterator[Right | Odd]:
    if stated == "read-all":
        yield Right(
            where=(Where(dimension="right", among=(glob("token:*:read"),)),),
            says="permissions: read-all",
            line=stated.line,
            power=False,
        )
    elif stated == "write-all":
        yield _alike("token:*", "permissions: write-all", stated.line)
    else:
        yield Odd(text=f"permissions {shown(stated)}", line=stated.line)
        yield _alike("token:*", "permissions that are not understood", stated.line)


def _scope(scope: Text, level: object) -> Iterator[Right | Odd]:
    says, line = f"{scope}: {shown(level)}", line_of(scope)
    if scope not in SCOPES or not isinstance(level, Text) or level not in {"read", "write", "none"}:
        yield Odd(text=f"permissions {says}", line=line)
        level = level if isinstance(level, Text) and level in {"read", "none"} else Text.of("write", line=line)
    if level == "read":
        yield named(f"token:{scope}:read", says, line, power=False)
    elif level == "write":
        yield Right(where=(literals("right", f"token:{scope}:write", f"token:{scope}:read"),), says=says, line=line)


def reads_code(stated: object) -> bool:
    """Whether the token reads the repository's code."""
    if isinstance(stated, dict):
        return any(scope == "contents" and shown(level) != "none" for scope, level in stated.items())
    return True


def writes(stated: object) -> bool:
    """Whether the token may write anything, or nobody can say."""
    if isinstance(stated, dict):
        return any(shown(level) not in {"read", "none"} for scope, level in stated.items() if scope != "id-token")
    return stated is None or shown(stated) != "read-all"


def mints(stated: object) -> bool:
    """Whether the job may have an identity token made for it."""
    if isinstance(stated, dict):
        return any(scope == "id-token" and shown(level) not in {"read", "none"} for scope, level in stated.items())
    return stated is not None and shown(stated) != "read-all"


def expressions(text: Text, *, bare: bool = False) -> Iterator[str]:
    """The expressions inside a text; `bare` where the whole text is one (an `if:`)."""
    found = EXPRESSION.findall(text)
    yield from found
    if bare and not found:
        yield str(text)


def secret_rights(value: object, given: frozenset[str] | None = None) -> Iterator[Right]:
    """Every secret that an expression inside this value names; all of them where the name is not literal.

    `given` are those that callers hand on, None where any may be there: a name that nobody gives is empty.
    """
    for text in texts_of(value):
        for inside in expressions(text):
            for groups in _SECRET.findall(inside):
                name = next(one for one in groups if one).upper()
                if name != "GITHUB_TOKEN" and (given is None or name in given):
                    yield named(f"secret:{name}", f"secrets.{name}", text.line)
            if _ANY_SECRET.search(inside) and given is None:
                yield _alike("secret:*", "all secrets", text.line)
            elif _ANY_SECRET.search(inside):
                yield from (named(f"secret:{name}", f"secrets.{name}", text.line) for name in sorted(given or ()))


def inherited(line: int) -> Right:
    """`secrets: inherit` to a workflow that is not here."""
    return _alike("secret:*", "secrets: inherit", line)


def matrix_values(job: Mapping[str, Any], name: str) -> list[object] | None:
    """The values that `matrix.name` takes, where they all stand in the file."""
    matrix = mapping(mapping(job.get("strategy")).get("matrix"))
    every = [
        *listed(matrix.get(name)),
        *(one.get(name) for one in listed(matrix.get("include")) if isinstance(one, dict) and name in one),
    ]
    if (
        not every
        or isinstance(mapping(job.get("strategy")).get("matrix"), Text)
        or isinstance(matrix.get("include"), Text)
    ):
        return None
    return None if any("${{" in shown(one) for one in every) or isinstance(matrix.get(name), Text) else every


def spread(value: object, job: Mapping[str, Any], inputs: Inputs | None = None) -> list[object]:
    """A value, or all values that it takes where it is a choice among entries of a matrix, inputs and literal texts."""
    whole = EXPRESSION.fullmatch(shown(value)) if isinstance(value, Text) else None
    if whole is None:
        return [value]
    found: list[object] = []
    for part in (piece.strip() for choice in whole[1].split("||") for piece in choice.split("&&")):
        entry, plain = _MATRIX.fullmatch(part), _LITERAL.fullmatch(part)
        if entry is not None:
            values = matrix_values(job, entry[1])
            if values is None:
                return [value]
            found += values
        elif (asked := _INPUT.fullmatch(part)) is not None and inputs is not None and asked[1].lower() in inputs:
            found += inputs[asked[1].lower()]
        elif plain is not None:
            found.append(Text.of(plain[1], line=line_of(value)))
        elif _COMPARED.fullmatch(part) is None:
            return [value]
    return found or [value]


def machine_rights(job: Mapping[str, Any], inputs: Inputs | None = None) -> Iterator[Right]:
    """The machines a job runs on, where they are not GitHub's own."""
    for one in spread(job.get("runs-on"), job, inputs):
        line = line_of(one, line_of(job))
        group = shown(one["group"]) if isinstance(one, dict) and "group" in one else ""
        labels = sorted({shown(label).lower() for label in listed(one.get("labels") if isinstance(one, dict) else one)})
        if one is None or (not group and len(labels) == 1 and HOSTED.fullmatch(labels[0])):
            continue
        name = " ".join((f"group {group}", *labels) if group else labels)
        yield named(f"runner:{name}", f"runs-on: {name}", line)


def container_rights(job: Mapping[str, Any]) -> Iterator[Right]:
    """Containers of a job that are let out of their box."""
    containers = [job.get("container"), *mapping(job.get("services")).values()]
    for settings in (mapping(one) for one in containers):
        for word in sorted(set(_PRIVILEGED.findall(shown(settings.get("options"))))):
            name = word.strip().rstrip("=")
            yield named(f"container:{name}", f"options: {name}", line_of(settings.get("options")))
        for volume in listed(settings.get("volumes")):
            yield named(f"container:volume {shown(volume)}", f"volume {shown(volume)}", line_of(volume))


def environment_of(job: Mapping[str, Any]) -> Text | None:
    """The name of the deployment environment of a job."""
    stated = job.get("environment")
    name = stated.get("name") if isinstance(stated, dict) else stated
    return name if isinstance(name, Text) and not name.empty else None


def environment_rights(job: Mapping[str, Any]) -> Iterator[Right]:
    """The secrets and variables of the environment that a job asks for."""
    name = environment_of(job)
    for one in spread(name, job) if name is not None else ():
        yield named(f"environment:{shown(one).lower()}", f"environment: {shown(one)}", line_of(one))


def waits_for(job: Mapping[str, Any]) -> tuple[Where, ...]:
    """That a run is let through by its environment: what protects it there protects all the job holds."""
    name = environment_of(job)
    if name is None:
        return ()
    return (Where(dimension="environment", among=tuple(literal(shown(one).lower()) for one in spread(name, job))),)
