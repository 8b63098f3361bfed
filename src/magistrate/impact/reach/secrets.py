"""Where a text names a secret: in workflows, pipelines, clusters, Compose, Terraform, and where a program reads it.

Rule kept (R36): what names a secret without saying which (`secrets: inherit`, a computed name) is the name `*`,
which may be any of them. A name counts whatever stands around it, so that a place is rather listed once too often.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

from magistrate.impact.reach.imports import tongue_of

ANY: Final = "*"
"""The name of a secret that a text does not say."""
KEPT: Final = 2_048
_NAME: Final = r"[A-Za-z0-9_][\w.-]{0,120}"
_LIKELY: Final = re.compile(
    r"(?i)token|secret|passw|passphrase|credential|apikey|private|dsn(?:_|\Z)|"
    r"(?:\A|_)(?:key|keys|pass|pwd|creds?|auth|cert|pat|salt|signing|webhook)(?:_|\d|\Z)|"
    r"(?:\A|_)(?:database|db|redis|mongo(?:db)?|amqp|rabbitmq|postgres(?:ql)?|mysql|broker)_ur[il]\Z|conn(?:ection)?_?str"
)
_PLAIN: Final = frozenset({"PWD", "OLDPWD"})
_WORKFLOW: Final = re.compile(r"(?i)\bsecrets\s*(?:\.\s*([\w-]+)|\[\s*['\"]([\w-]+)['\"]\s*\])")
_ALL: Final = re.compile(r"(?i)\bsecrets\s*\[\s*(?!['\"][\w-]+['\"]\s*\])|\bsecrets\s*:\s*inherit\b|\(\s*secrets\s*\)")
_SECRET_REF: Final = re.compile(r"\bsecret(?:KeyRef|Ref)\b[\"']?\s*:")
_INNER_NAME: Final = re.compile(rf"(?:\A|[\s{{,])[\"']?name[\"']?\s*:\s*[\"']?({_NAME})[\"']?\s*(?=[,}}\n]|\Z|\s#)")
_SECRET_NAME: Final = re.compile(rf"\bsecretName\b[\"']?\s*:\s*[\"']?({_NAME})?")
_OBJECT: Final = re.compile(r"(?m)^[ \t]*[\"']?kind[\"']?\s*:\s*[\"']?(?:\w*Secret)\b")
_LISTED: Final = re.compile(r"(?m)^(?P<in>[ \t]*)secrets:[ \t]*(?P<flow>\[[^\]\n]*\])?[ \t]*(?:#.*)?$")
_ITEM: Final = re.compile(rf"\A[ \t]*(?:-[ \t]*(?:source:[ \t]*)?|source:[ \t]*)?[\"']?({_NAME})[\"']?[ \t]*(?::.*)?\Z")
_CLOUD: Final = (
    r"(?:aws_secretsmanager_secret\w*|aws_ssm_parameter|random_password|google_secret_manager_secret\w*|"
    r"azurerm_key_vault_secret|vault_\w+|kubernetes_secret\w*|github_actions_\w*secret\w*|\w+_access_key)"
)
_BLOCK: Final = re.compile(rf"(?m)^[ \t]*(?:resource|data)[ \t]+\"({_CLOUD})\"[ \t]+\"([\w-]+)\"")
_REFERENCE: Final = re.compile(rf"\b({_CLOUD})\.([A-Za-z_][\w-]*)")
_HELD: Final = re.compile(
    r"(?m)^[ \t]*((?:master_|admin(?:istrator)?_(?:login_)?|root_|db_)?(?:password|auth_token))\w*[ \t]*="
)
_OWNER: Final = re.compile(r"(?m)^[ \t]*(?:resource|data|module|variable)[ \t]+\"([\w-]+)\"(?:[ \t]+\"([\w-]+)\")?")
_READ: Final = re.compile(
    r"(?:\benviron\s*(?:\[|\.(?:get|pop|setdefault)\s*\()|\b(?:os\.)?[Gg]etenv\s*\(|\bLookupEnv\s*\(|\bGetEnvironmentVariable\s*\(|"
    r"\benv::var(?:_os)?\s*\(|\benv!\s*\(|\bENV\s*(?:\[|\.fetch\s*\()|\$_ENV\s*\[|\benv\s*\[)\s*(?:[rbf]?['\"]([\w.-]+)['\"]|([A-Za-z_]))"
)
_DOTTED: Final = re.compile(r"\b(?:process|import\.meta|Deno|Bun)\.env\.(?:get\(\s*['\"])?([A-Za-z_]\w*)")
_BY_ID: Final = re.compile(r"\b[Ss]ecret_?(?:[Ii]d|[Nn]ame)['\"]?\s*[=:]\s*['\"]([\w./:+=@-]{1,120})['\"]")
_UPPER: Final = re.compile(r"(?<![\w.-])[A-Z][A-Z0-9_]{2,80}(?![\w-])")
_ALIAS: Final = re.compile(
    r"(?im)^[ \t-]*[\"']?([A-Za-z_]\w*)[\"']?[ \t]*[:=][^\n]{0,40}?\bsecrets\s*(?:\.\s*|\[\s*['\"])([\w-]+)"
)
_ENV_NAME: Final = re.compile(
    rf"(?m)\bname[\"']?\s*:\s*[\"']?({_NAME})[\"']?\s*,?\s*[\"']?valueFrom[\"']?\s*:\s*\{{?\s*[\"']?\Z"
)
_YAML: Final = (".yml", ".yaml", ".json")
_TERRAFORM: Final = (".tf", ".tfvars", ".hcl")
_SETTINGS: Final = (*_YAML, *_TERRAFORM, ".toml", ".ini", ".env", ".sh", ".bash", ".conf", ".cfg", ".properties", ".mk")
_SETTINGS_NAME: Final = re.compile(
    r"(?i)\A(?:\.env\b.*|.*\.env(?:\.\w+)?|(?:.*\.)?dockerfile(?:\..*)?|makefile|justfile|jenkinsfile)\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A secret as a text names it: `text` is what stands there, blanks as one; `line` is 1-based."""

    name: str
    text: str
    line: int


def likely(name: str) -> bool:
    """Whether a variable of this name may hold a secret."""
    return _LIKELY.search(name) is not None and name not in _PLAIN


@lru_cache(maxsize=KEPT)
def named_in(path: str, text: str) -> tuple[Named, ...]:
    """Every secret that a text names, by line and name."""
    starts = (0, *accumulate(len(line) for line in text.splitlines(keepends=True)))
    found = {
        Named(name=name, text=" ".join(said.split()), line=bisect_right(starts, at))
        for name, at, said in _found(path, text)
    }
    return tuple(sorted(found, key=lambda one: (one.line, one.name, one.text)))


@lru_cache(maxsize=KEPT)
def aliases_in(path: str, text: str) -> tuple[tuple[str, str], ...]:
    """Variables that are given the value of a secret, each with the name of that secret."""
    found = {(alias[1], alias[2]) for alias in _ALIAS.finditer(text)}
    if path.lower().endswith(_YAML):
        for at, name, _said in _references(text):
            before = _ENV_NAME.search(text[max(0, at - 200) : at])
            if before is not None:
                found.add((before[1], name))
    return tuple(sorted(found))


def _found(path: str, text: str) -> Iterator[tuple[str, int, str]]:
    """Name, place and what stands there."""
    lowered = path.lower()
    name = lowered.rsplit("/", 1)[-1]
    for one in _WORKFLOW.finditer(text):
        yield one[1] or one[2], one.start(), _line(text, one.start())
    if lowered.endswith(_YAML):
        yield from ((ANY, one.start(), _line(text, one.start())) for one in _ALL.finditer(text))
        yield from _of_clusters(text)
        yield from _listed(text)
    if lowered.endswith(_TERRAFORM):
        yield from _of_terraform(text)
    if lowered.endswith(_SETTINGS) or _SETTINGS_NAME.match(name) or name.startswith("."):
        yield from _variables(text)
    if tongue_of(path) is not None or not lowered.endswith(_SETTINGS):
        yield from _read(text)


def _of_clusters(text: str) -> Iterator[tuple[str, int, str]]:
    for at, name, said in _references(text):
        yield name, at, said
    for one in _SECRET_NAME.finditer(text):
        yield one[1] or ANY, one.start(), _line(text, one.start())
    if _OBJECT.search(text) is None:
        return
    at = 0
    for part in re.split(r"(?m)^(?=---)", text):
        held = _OBJECT.search(part)
        if held is not None:
            inside = _INNER_NAME.search(part)
            yield (inside[1] if inside else ANY), at + held.start(), part
        at += len(part)


def _references(text: str) -> Iterator[tuple[int, str, str]]:
    """Place, name and block of each reference to a secret of a cluster."""
    for one in _SECRET_REF.finditer(text):
        said = _block(text, one.start(), one.end())
        inside = _INNER_NAME.search(said, one.end() - one.start())
        yield one.start(), inside[1] if inside else ANY, said


def _block(text: str, start: int, end: int) -> str:
    """What belongs to a key: a flow mapping as far as its brace, else the lines that stand further in."""
    rest = text[end : end + 400]
    if rest.lstrip().startswith("{"):
        return text[start:end] + rest.partition("}")[0] + "}"
    margin = start - text.rfind("\n", 0, start) - 1
    lines = rest.split("\n")
    kept = [lines[0]]
    for line in lines[1:]:
        if line.strip() and len(line) - len(line.lstrip()) <= margin:
            break
        kept.append(line)
    return text[start:end] + "\n".join(kept)


def _listed(text: str) -> Iterator[tuple[str, int, str]]:
    """Secrets in lists and mappings named `secrets`, as Compose and pipelines have them."""
    for one in _LISTED.finditer(text):
        if one["flow"]:
            for name in re.findall(_NAME, one["flow"]):
                yield name, one.start(), one[0]
            continue
        margin, at, inner = len(one["in"]), one.end() + 1, -1
        for line in text[at : at + 20_000].split("\n"):
            inside = len(line) - len(line.lstrip())
            if line.strip() and (inside < margin or (inside == margin and not line.lstrip().startswith("-"))):
                break
            inner = inside if inner < 0 and line.strip() else inner
            item = _ITEM.match(line)
            if item is not None and (inside == inner or "source:" in line):
                yield item[1], at, line
            elif item is not None and inside > inner:
                yield _last_item(text, at, inner), at, line
            at += len(line) + 1


def _last_item(text: str, at: int, inner: int) -> str:
    """The entry of a mapping that a line further in belongs to."""
    for line in reversed(text[max(0, at - 2_000) : at].split("\n")[:-1]):
        item = _ITEM.match(line)
        if item is not None and len(line) - len(line.lstrip()) == inner:
            return ANY if line.lstrip().startswith("- ") and ":" in line and "source" not in line else item[1]
    return ANY


def _of_terraform(text: str) -> Iterator[tuple[str, int, str]]:
    for one in _BLOCK.finditer(text):
        end = text.find("\n}", one.end())
        yield f"{one[1]}.{one[2]}", one.start(), text[one.start() : end if end > 0 else len(text)]
    for one in _REFERENCE.finditer(text):
        yield f"{one[1]}.{one[2]}", one.start(), _line(text, one.start())
    owners = [(one.start(), ".".join(part for part in one.groups() if part)) for one in _OWNER.finditer(text)]
    for one in _HELD.finditer(text):
        owner = next((name for at, name in reversed(owners) if at < one.start()), ANY)
        yield (ANY if owner == ANY else f"{owner}.{one[1]}"), one.start(), _line(text, one.start())


def _variables(text: str) -> Iterator[tuple[str, int, str]]:
    for one in _UPPER.finditer(text):
        if likely(one[0]):
            yield one[0], one.start(), _line(text, one.start())


def _read(text: str) -> Iterator[tuple[str, int, str]]:
    """Variables of the environment that a program reads, and secrets that it asks a store for."""
    for one in _READ.finditer(text):
        if one[1] is None or likely(one[1]):
            yield one[1] or ANY, one.start(), _line(text, one.start())
    for one in _DOTTED.finditer(text):
        if likely(one[1]):
            yield one[1], one.start(), _line(text, one.start())
    for one in _BY_ID.finditer(text):
        yield one[1], one.start(), _line(text, one.start())


def _line(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)]


def same(one: str, others: Iterable[str]) -> bool:
    """Whether a name is among others, without regard to case, as code hosts compare them."""
    return one.casefold() in {other.casefold() for other in others}
