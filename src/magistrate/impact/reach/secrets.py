"""Where a text names a secret: in workflows, pipelines, clusters, Compose, Terraform, and where a program reads it.

Rule kept (R36): what names a secret without saying which (`secrets: inherit`, a computed name) is the name `*`,
which may be any of them. A name counts whatever stands around it, so that a place is rather listed once too often.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

from magistrate.impact.base import in_lower_case
from magistrate.impact.compiled import rx
from magistrate.impact.reach.imports import tongue_of
from magistrate.impact.screening import places

ANY: Final = "*"
"""The name of a secret that a text does not say."""
KEPT: Final = 2_048
KEPT_LINES: Final = 64
CALL: Final = 300
"""How much behind the name of a secret may say which version of it is meant."""
NAME: Final = r"[A-Za-z0-9_][\w.-]{0,120}"
"""The name of a secret, as a pattern."""
_LIKELY: Final = rx(
    r"(?i)token|secret|passw|passphrase|credential|apikey|private|dsn(?:_|\Z)|"
    r"(?:\A|_)(?:key|keys|pass|pwd|creds?|auth|cert|pat|salt|signing|webhook)(?:_|\d|\Z)|"
    r"(?:\A|_)(?:database|db|redis|mongo(?:db)?|amqp|rabbitmq|postgres(?:ql)?|mysql|broker)_ur[il]\Z|conn(?:ection)?_?str"
)
_PLAIN: Final = frozenset({"PWD", "OLDPWD"})
_WORKFLOW: Final = rx(r"(?i)\bsecrets\s*(?:\.\s*([\w-]+)|\[\s*['\"]([\w-]+)['\"]\s*\])")
_ALL: Final = rx(r"(?i)\bsecrets\s*\[\s*(?!['\"][\w-]+['\"]\s*\])|\bsecrets\s*:\s*inherit\b|\(\s*secrets\s*\)")
_SECRET_REF: Final = rx(
    r"\b(?:secret|\w+Secret)(?:KeyRef|Ref|KeySelector)\b[\"']?\s*:|(?<=\s)secret[\"']?[ \t]*:[ \t]*(?=\{|\n[ \t]+name[ \t]*:)"
)
_INNER_NAME: Final = rx(rf"(?:\A|[\s{{,])[\"']?name[\"']?\s*:\s*[\"']?({NAME})[\"']?\s*(?=[,}}\n]|\Z|\s#)")
_SECRET_NAME: Final = rx(rf"\bsecretName\b[\"']?\s*:\s*[\"']?({NAME})?")
OBJECT: Final = rx(r"(?m)^[ \t]*[\"']?kind[\"']?\s*:\s*[\"']?(?:\w*Secret)\b")
_LISTED: Final = rx(r"(?m)^(?P<in>[ \t]*)(?:secrets|imagePullSecrets):[ \t]*(?P<flow>\[[^\]\n]*\])?[ \t]*(?:#.*)?$")
_ITEM: Final = rx(rf"\A[ \t]*(?:-[ \t]*(?:(?:source|name):[ \t]*)?|source:[ \t]*)?[\"']?({NAME})[\"']?[ \t]*(?::.*)?\Z")
_CLOUD: Final = (
    r"(?:aws_secretsmanager_secret\w*|aws_ssm_parameter|random_password|google_secret_manager_secret\w*|"
    r"azurerm_key_vault_secret|vault_\w+|kubernetes_secret\w*|github_actions_\w*secret\w*|\w+_access_key)"
)
_BLOCK: Final = rx(rf"(?m)^[ \t]*(?:resource|data)[ \t]+\"({_CLOUD})\"[ \t]+\"([\w-]+)\"")
_REFERENCE: Final = rx(rf"\b({_CLOUD})\.([A-Za-z_][\w-]*)")
_HELD: Final = rx(
    r"(?m)^[ \t]*((?:master_|admin(?:istrator)?_(?:login_)?|root_|db_)?(?:password|auth_token))\w*[ \t]*="
)
_OWNER: Final = rx(r"(?m)^[ \t]*(?:resource|data|module|variable)[ \t]+\"([\w-]+)\"(?:[ \t]+\"([\w-]+)\")?")
_ENVIRONMENT: Final = (
    r"(?:\benviron\s*(?:\[|\.(?:get|pop|setdefault)\s*\()|\b(?:os\.)?[Gg]etenv\s*\(|\bLookupEnv\s*\(|\bGetEnvironmentVariable\s*\(|"
    r"\benv::var(?:_os)?\s*\(|\benv!\s*\(|\bENV\s*(?:\[|\.fetch\s*\()|\$_ENV\s*\[|\benv\s*\[)\s*"
)
_READ: Final = rx(_ENVIRONMENT + r"(?:[rbf]?['\"]([\w.-]+)['\"]|([A-Za-z_]))")
_COMPUTED: Final = rx(_ENVIRONMENT + r"(?![rbf]?['\"])[A-Za-z_]")
_DOTTED: Final = rx(r"\b(?:process|import\.meta|Deno|Bun)\.env\.(?:get\(\s*['\"])?([A-Za-z_]\w*)")
MIN_BOUND: Final = 6
_BOUND: Final = rx(
    r"[ \t]*(?:(?:export|const|let|var|final|static|public|private|readonly|val|pub|string|String|&?str)[ \t]+){0,5}"
    r"(?:\w+\.)*([A-Za-z_]\w{0,80})[ \t]*(?::[ \t]*[\w\[\]|&'. ]{1,60})?[ \t]*:?=(?!=)"
)
_TAKEN: Final = rx(
    r"(?:\$[({]?\s*|\{\{\s*(?!(?:env|inputs|vars)\.))([A-Za-z_]\w*)|(?<![\w-])(?:env|inputs|outputs|vars|variables|var|local)\.([A-Za-z_][\w-]*)"
)
_BY_ID: Final = rx(r"\b[Ss]ecret_?(?:[Ii]d|[Nn]ame)['\"]?\s*[=:]\s*['\"]([\w./:+=@-]{1,120})['\"]")
_HELD_AT: Final = rx(
    rf"/run/secrets/({NAME})|\bprojects/[^/\s'\"]{{1,80}}/secrets/({NAME})|\bvault\.azure\.net/secrets/({NAME})|"
    r"\bsecretsmanager:[\w-]*:\d*:secret:([\w/+=.@-]{1,120})|\bresolve:secretsmanager:([\w/+=.@-]{1,120})|"
    rf"\btype=secret,id=({NAME})|--secret(?:-id|-name)?[= ][\"']?(?:id=)?({NAME})|"
    r"\bresolve:ssm(?:-secure)?:([\w/.-]{1,120})|\bvault\s+(?:kv\s+get|read)\s+(?:-\S+\s+)*([\w/.-]{1,120})"
)
_ARN_END: Final = rx(r"[^/-]-[A-Za-z0-9]{6}\Z")
"""What the store of AWS puts behind the name of a secret."""
_STORED: Final = rx(r"(?m)^[ \t]*secret_?id[ \t]*=[ \t]*\"([\w./:+=@-]{1,120})\"")
_DEEPER: Final = rx(
    r"\A[ \t]+[\"']?(?:environment|name|external_name|vault|file|path|field|target)[\"']?\s*:\s*[\"']?([\w./@:-]{1,120})"
)
_UPPER: Final = rx(r"(?<![\w.-])[A-Z][A-Z0-9_]{2,80}(?![\w-])")
_MARKS: Final = (
    "secret", "env", "$", "{{", "inputs.", "outputs.", "vars.", "variables.", "var.", "local.", "vault", "resolve:ssm", "_id",
)  # fmt: skip
"""What a text has to hold, in small letters, to name or read anything, unless its name says that it is settings."""
_HELD_MARKS: Final = ("secret", "vault", "resolve:ssm")
YAML: Final = (".yml", ".yaml", ".json")
TERRAFORM: Final = (".tf", ".tfvars", ".hcl")
_SETTINGS: Final = (*YAML, *TERRAFORM, ".toml", ".ini", ".env", ".sh", ".bash", ".conf", ".cfg", ".properties", ".mk")
_SETTINGS_NAME: Final = rx(
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
        Named(name=name, text=_squeezed(said), line=bisect_right(starts, at)) for name, at, said in _found(path, text)
    }
    return tuple(sorted(found, key=lambda one: (one.line, one.name, one.text)))


def _found(path: str, text: str) -> Iterator[tuple[str, int, str]]:
    """Name, place and what stands there."""
    lowered = path.lower()
    if any(mark in in_lower_case(text) for mark in _HELD_MARKS):
        for one in places(_WORKFLOW, text):
            yield one[1] or one[2], one.start(), _line(text, one.start())
        for one in places(_HELD_AT, text):
            name, said = next(part for part in one.groups() if part), _line(text, one.start())
            yield name, one.start(), said
            if _ARN_END.search(name) is not None:
                yield name[:-7], one.start(), said
    if lowered.endswith(YAML):
        yield from ((ANY, one.start(), _line(text, one.start())) for one in _ALL.finditer(text))
        yield from _of_clusters(text)
        yield from _listed(text)
    if lowered.endswith(TERRAFORM):
        yield from _of_terraform(text)
    if _is_settings(path):
        yield from _variables(text)
    if tongue_of(path) is not None or not lowered.endswith(_SETTINGS):
        yield from _read(text)


def _is_settings(path: str) -> bool:
    name = path.lower().rsplit("/", 1)[-1]
    return name.endswith(_SETTINGS) or _SETTINGS_NAME.match(name) is not None or name.startswith(".")


def _of_clusters(text: str) -> Iterator[tuple[str, int, str]]:
    for at, name, said in references_in(text):
        yield name, at, said
    for one in _SECRET_NAME.finditer(text):
        yield one[1] or ANY, one.start(), _line(text, one.start())
    if OBJECT.search(text) is None:
        return
    at = 0
    for part in re.split(r"(?m)^(?=---)", text):
        held = OBJECT.search(part)
        if held is not None:
            inside = _INNER_NAME.search(part)
            yield (inside[1] if inside else ANY), at + held.start(), part
        at += len(part)


def references_in(text: str) -> Iterator[tuple[int, str, str]]:
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
            for name in re.findall(NAME, one["flow"]):
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


def entries_in(text: str) -> Iterator[tuple[str, str]]:
    """Entries under `secrets`, each with where its value comes from: another name, a variable, a path of a store.

    Of the long form in a service `target` is the entry: under that name the service finds it.
    """
    for one in _LISTED.finditer(text):
        margin, at, entry = len(one["in"]), one.end() + 1, ""
        inner = -1
        for line in text[at : at + 20_000].split("\n"):
            inside = len(line) - len(line.lstrip())
            if line.strip() and (inside < margin or (inside == margin and not line.lstrip().startswith("-"))):
                break
            inner = inside if inner < 0 and line.strip() else inner
            item = _ITEM.match(line)
            entry = item[1] if item is not None and inside == inner else entry
            deeper = _DEEPER.match(line)
            if deeper is not None and inside > inner and entry:
                yield (deeper[1], entry) if line.lstrip().startswith("target") else (entry, deeper[1])


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
    for one in _STORED.finditer(text):
        yield one[1], one.start(), _line(text, one.start())
    owners = [(one.start(), ".".join(part for part in one.groups() if part)) for one in _OWNER.finditer(text)]
    for one in _HELD.finditer(text):
        owner = next((name for at, name in reversed(owners) if at < one.start()), ANY)
        yield (ANY if owner == ANY else f"{owner}.{one[1]}"), one.start(), _line(text, one.start())


def words_of(path: str, text: str) -> frozenset[str]:
    """Every secret that a text names and every variable that it reads, in small letters."""
    lowered = in_lower_case(text)
    if not any(mark in lowered for mark in _MARKS) and not _is_settings(path):
        return frozenset()
    return frozenset({one.name.casefold() for one in named_in(path, text)} | {one.casefold() for one in reads_in(text)})


def reads_in(text: str) -> frozenset[str]:
    """Every variable of the environment, input or output that a text reads by its name, whatever the name says."""
    found = {one[1] or one[2] for one in _TAKEN.finditer(text)}
    found |= {one[1] for one in _all(_READ, text) if one[1]} | {one[1] for one in _all(_DOTTED, text)}
    return frozenset(found)


def given_in(text: str) -> Iterator[tuple[str, str]]:
    """Names of a program that say enough and are given what it reads, each with the variable or secret that it reads."""
    for pattern in (_READ, _DOTTED, _BY_ID):
        for one in _all(pattern, text):
            name = _bound_in(_line(text, one.start())) if one[1] else ""
            if name:
                yield name, one[1]


def unsaid(path: str, text: str) -> bool:
    """Whether a text uses a secret, or a variable of the environment, without saying which."""
    if path.lower().endswith((*YAML, *TERRAFORM)):
        return "secret" in in_lower_case(text) and any(one.name == ANY for one in named_in(path, text))
    return any(True for _ in _all(_COMPUTED, text))


def _variables(text: str) -> Iterator[tuple[str, int, str]]:
    for one in _UPPER.finditer(text):
        if likely(one[0]):
            yield one[0], one.start(), _line(text, one.start())


def _read(text: str) -> Iterator[tuple[str, int, str]]:
    """Variables of the environment that a program reads, and secrets that it asks a store for."""
    for one in _all(_READ, text):
        if one[1] is None or likely(one[1]):
            yield one[1] or ANY, one.start(), _line(text, one.start())
    for one in _all(_DOTTED, text):
        if likely(one[1]):
            yield one[1], one.start(), _line(text, one.start())
    for one in _all(_BY_ID, text):
        yield one[1], one.start(), _line(text, one.start()) + text[one.end() : one.end() + CALL].partition(")")[0]


def _all(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Every match; a text that holds none, as most do, is passed over in one go."""
    mark = "secret" if pattern is _BY_ID else "env"
    if mark in in_lower_case(text):
        yield from places(pattern, text)


def _line(text: str, at: int) -> str:
    return _line_from(text, text.rfind("\n", 0, at) + 1)


@lru_cache(maxsize=KEPT_LINES)
def _line_from(text: str, start: int) -> str:
    """One line, made once for all that is found in it: a line may be a million characters long."""
    end = text.find("\n", start)
    return text[start : end if end >= 0 else len(text)]


@lru_cache(maxsize=KEPT_LINES)
def _squeezed(said: str) -> str:
    return " ".join(said.split())


@lru_cache(maxsize=KEPT_LINES)
def _bound_in(line: str) -> str:
    """What a line of a program gives a value to, where its name says enough; else empty."""
    found = _BOUND.match(line)
    return found[1] if found is not None and len(found[1]) >= MIN_BOUND and "_" in found[1].strip("_") else ""
