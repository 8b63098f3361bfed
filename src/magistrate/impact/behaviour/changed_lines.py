"""Files that no grammar here reads, by the shapes of their changed lines: many languages, SQL, interfaces, settings.

A line is looked at by itself, so that what it names has no place but its line; comments are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from magistrate.impact.base import ChangedFile, ChangedLine
from magistrate.impact.behaviour.facts import LIMITS, Fact, Kind, Named, Side, named, named_kind
from magistrate.impact.compiled import rx

LITERAL: Final = (
    r"(?:-?\d[\w.%*+ ]{0,30}|\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|true|false|True|False|null|nil|None|on|off|yes|no)"
)
SETTING: Final = rx(
    rf"\s*(?:[\w:<>*&\[\]]+\s+){{0,5}}[$@]?([A-Za-z_][\w.-]*|\"[\w .-]+\"|'[\w .-]+')\s*(?:=>|:=|[:=])\s*({LITERAL})\s*[;,]?\s*(?:(?:#|//|--).*)?$"
)
DEFINED: Final = rx(r"\s*#\s*define\s+([A-Za-z_]\w*)\s+(\S.{0,200})$")
PLAIN_SETTING: Final = rx(r"\s*(?:export\s+|set\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.{0,300}?)\s*$")
DIRECTIVE: Final = rx(r"\s*([a-z_]+)\s+([^{};]{1,200});\s*$")
WITHIN: Final = rx(
    rf"(?i)\b(\w*(?:{'|'.join(sorted(LIMITS - {'age', 'size', 'min', 'rate', 'depth', 'period', 'window', 'wait'}))})\w*)\s*(?:=>|[:=])\s*(\d[\w.]*)"
)
FIXED: Final = rx(
    r"\s*(FROM|CMD|ENTRYPOINT|EXPOSE|USER|HEALTHCHECK|STOPSIGNAL|SHELL|WORKDIR|VOLUME|RUN|COPY|ADD)\s+(.+)$",
    re.IGNORECASE,
)
GIVEN: Final = rx(r"\s*(?:ENV|ARG|LABEL)\s+([\w.-]+)(?:=|\s+)(.+)$", re.IGNORECASE)
ENDS: Final = rx(
    r"(?:^|[^\w.\"'`$-])((?:raise|throw)(?=[\s(;]|$)[^;\n]{0,200}|(?:sys\.|os\.|process\.|System\.|std::)?(?:_?exit|abort|die|exit!)"
    r"(?:\s*\([^)\n]{0,80}\)?|\s+-?\d+|\s*;|\s*$)|head\s+:\w+|"
    r"render\b[^\n]*\bstatus:\s*:?\w+|(?:Environment\.Exit|fatalError|exitProcess|Process\.exit)\s*\([^)\n]{0,80}\))"
)
CAUGHT: Final = rx(
    r"^\s*\}?\s*(rescue\b[^\n]{0,120}|catch\b[^\n{]{0,120}|except\b[^\n:]{0,120}|on\s+error\b[^\n]{0,80})"
)
EARLY: Final = rx(r"^\s*(return\b[^;\n]{0,80}\s+(?:if|unless)\s[^\n]{1,120})")
ROUTES: Final = (
    rx(
        r"^\s*(get|post|put|patch|delete|match|root|resources?|namespace|mount)\s*\(?\s*(:\w+|['\"][^'\"\s]*['\"])(?!\s*[.=])"
    ),
    rx(
        r"\bRoute::(get|post|put|patch|delete|any|match|resource|apiResource|view|redirect|prefix)\s*\(\s*(['\"][^'\"\n]*['\"])"
    ),
    rx(r"\[(Http(?:Get|Post|Put|Delete|Patch)|Route)\s*\(\s*(\"[^\"\n]*\")"),
    rx(r"\bMap(Get|Post|Put|Delete|Patch)\s*\(\s*(\"[^\"\n]*\")"),
    rx(r"->(get|post|put|patch|delete|map)\s*\(\s*(['\"]/[^'\"\n]*['\"])"),
    rx(r"^\s*(location)\s+(?:[=~^*]+\s+)?(\S+)\s*\{"),
    rx(
        r"@(?:\w+\.)?(route|get|post|put|delete|patch|(?:Get|Post|Put|Delete|Patch|Request)Mapping)\s*\(\s*(['\"][^'\"\n]*['\"])"
    ),
)
SIGNATURES: Final = (
    rx(r"^\s*(?:async\s+)?def\s+(?:self\.)?([a-z_]\w*[?!=]?)\s*(\([^)\n]*\)?|\n|$)"),
    rx(r"^\s*(?:(?:public|protected|static|final|abstract|override|open|suspend|inline|export|async|virtual)\s+)*(?:function|fun|func)\s+&?(?:\w+\.)?(\w+)\s*(\([^)\n]*\)?[^{\n]*)"),
    rx(r"^\s*(?:(?:public|protected)\s+)(?:(?:static|final|abstract|override|async|virtual|sealed|readonly|synchronized)\s+)*[\w<>\[\],.?]+\s+(\w+)\s*(\([^)\n]*\)?)"),
    rx(r"^(?!\s|return|else|typedef|static|case)[A-Za-z_][\w\s*:<>,&]*?[\s*&]([A-Za-z_]\w*)\s*(\([^;{}\n]*\))\s*(?:const\s*)?\{?\s*$"),
    rx(r"^(?:function\s+)?([A-Za-z_][\w-]*)\s*(\(\))\s*\{?\s*$"),
    rx(r"^\s*(?:(?:public|final|abstract|sealed|data|export|partial|internal)\s+)*(?:class|interface|module|struct|trait|enum)\s+(\w+)([^{\n]*)"),
)  # fmt: skip
MIGRATION: Final = rx(
    r"^\s*((?:add|remove|rename|change|create|drop)_(?:column|table|index|reference|foreign_key|join_table|timestamps|null|default|column_default|column_null)\b.{0,200})"
)
TABLE_FIELD: Final = rx(r"^\s*(?:t|\$table->)\.?(\w+)\s*\(?\s*(:\w+|['\"]\w+['\"])(.{0,160})")
SQL: Final = rx(
    r"(?i)^\s*((?:create|alter|drop|rename|truncate)\s+(?:or\s+replace\s+)?(?:unique\s+)?\w+.{0,200}|(?:add|drop|modify|alter)\s+(?:column\s+)?[\w\"`]+.{0,200})"
)
SQL_FIELD: Final = rx(
    r"(?i)^\s*[\"`\[]?(\w+)[\"`\]]?\s+((?:big|small|tiny)?(?:int|serial|char|varchar|text|bool|date|time|numeric|decimal|float|double|real|json|uuid|blob|bytea|enum|citext|inet|binary)\w*.{0,160})"
)
PROTO_FIELD: Final = rx(
    r"^\s*((?:optional\s+|repeated\s+|required\s+)?(?:map<[^>]+>|[\w.]+))\s+(\w+)\s*=\s*(\d+)\s*(.{0,80})"
)
PROTO_OTHER: Final = rx(r"^\s*(rpc|message|service|enum|reserved|oneof|extend)\s+(.{1,200}?)\s*\{?\s*$")
GRAPH_FIELD: Final = rx(r"^\s*(\w+)\s*(\([^)\n]*\))?\s*:\s*([\[\]!\w]+)(.{0,80})$")
PRISMA_FIELD: Final = rx(r"^\s+(\w+)\s+([\w\[\]?]+(?:\s+@.{0,120})?)\s*$")
SPREAD: Final = (".sql", ".ddl", ".proto", ".graphql", ".graphqls", ".gql", ".prisma")
NOT_CODE: Final = (
    ".md",
    ".markdown",
    ".rst",
    ".txt",
    ".adoc",
    ".css",
    ".scss",
    ".less",
    ".svg",
    ".po",
    ".csv",
    ".tsv",
    ".lock",
    ".html",
    ".xml",
    ".mdc",
    ".mdx",
    ".cursorrules",
    ".patch",
    ".diff",
    ".log",
    ".snap",
)
NEEDED: Final = rx(
    r"^\s*(?:require\s+|gem\s+|implementation\s*\(?\s*|api\s*\(?\s*|replace\s+)?[\"']?([\w./:@-]*[A-Za-z][\w./@-]*?)[\"']?(?:\[[\w,]*\])?(?:\s*,\s*|\s+|:(?=\d)|(?=[=<>~!]))"
    r"[\"']?((?:v|[=<>~!^]+\s*)?\d[\w.+<>=~!, -]*)"
)
NEED_FILES: Final = rx(
    r"(?:go\.mod|requirements[^/]*\.(?:txt|in)|constraints[^/]*\.txt|gemfile|[^/]*\.gemspec|[^/]*\.gradle(?:\.kts)?)\Z"
)
SHELL_LIKE: Final = rx(
    r"(?:\.env(?:\.\w+)*|\.(?:sh|bash|env|properties|ini|cfg|conf|tf|tfvars|hcl|mk|cmake)|makefile|\.npmrc|\.editorconfig)\Z"
)
NO_VERB: Final = {"location": "any method", "mount": "any method", "root": "any method", "match": "any method"}
Told = tuple[Kind, str, str]


def read(file: ChangedFile) -> Named | None:
    """What the changed lines name; nothing in files of words, looks and lists."""
    if file.name.endswith(NOT_CODE) and not NEED_FILES.search(file.name):
        return None
    sides: list[Side] = []
    for content, added in ((file.change.before, False), (file.change.after, True)):
        facts = [fact for line in file.code_lines if line.added is added for fact in _facts(file.name, line)]
        sides.append(Side(facts=tuple(facts), scopes=frozenset({""} if content is not None else ())))
    return named(*sides)


def _facts(name: str, line: ChangedLine) -> Iterator[Fact]:
    text = line.text[:1_000].rstrip("\r")
    if not text.strip():
        return
    reader = (
        _interface
        if name.endswith(SPREAD)
        else _docker
        if "dockerfile" in name or "containerfile" in name
        else _program
    )
    for kind, what, value in reader(name, text):
        yield Fact(kind=kind, what=what, value=" ".join(value.split()), line=line.number)


def _interface(name: str, text: str) -> Iterator[Told]:
    if name.endswith((".sql", ".ddl")):
        if found := SQL.match(text):
            yield Kind.SCHEMA, f"`{' '.join(found[1].split()[:3])}`", found[1].strip()
        elif found := SQL_FIELD.match(text):
            yield Kind.SCHEMA, f"column `{found[1]}`", found[2].rstrip(", ")
    elif name.endswith(".proto"):
        if (found := PROTO_FIELD.match(text)) and found[1] not in {"option", "package"}:
            yield Kind.SCHEMA, f"field `{found[2]}`", f"{found[1]} = {found[3]}{found[4].rstrip()}"
        elif found := PROTO_OTHER.match(text):
            kind = Kind.ROUTE if found[1] == "rpc" else Kind.SCHEMA
            yield kind, f"{found[1]} `{found[2].split('(')[0].strip()}`", found[2]
    elif name.endswith(".prisma"):
        if found := PRISMA_FIELD.match(text):
            yield Kind.SCHEMA, f"field `{found[1]}`", found[2]
    elif found := GRAPH_FIELD.match(text):
        yield Kind.SCHEMA, f"field `{found[1]}`", f"{found[2] or ''}: {found[3]}{found[4]}".lstrip(": ")


def _docker(name: str, text: str) -> Iterator[Told]:
    del name
    if found := GIVEN.match(text):
        yield named_kind(found[1], found[2]), f"`{found[1]}`", found[2]
    elif found := FIXED.match(text):
        yield Kind.DEFAULT, f"`{found[1].upper()}`", found[2]


def _program(name: str, text: str) -> Iterator[Told]:
    for pattern in ROUTES:
        if found := pattern.search(text):
            yield (
                Kind.ROUTE,
                f"`{found[2].strip(chr(34) + chr(39))}`",
                NO_VERB.get(found[1], re.sub(r"^HTTP|MAPPING$", "", found[1].upper())),
            )
            return
    if found := MIGRATION.match(text):
        yield Kind.SCHEMA, f"`{' '.join(found[1].replace(',', ' ').split()[:3])}`", found[1]
        return
    if (found := TABLE_FIELD.match(text)) and name.endswith((".rb", ".php")):
        yield Kind.SCHEMA, f"column `{found[2].strip(':' + chr(34) + chr(39))}`", found[1] + found[3]
        return
    yield from _ways(text)
    if NEED_FILES.search(name) and (found := NEEDED.match(text)):
        yield Kind.OTHER, f"dependency `{found[1]}`", found[2]
        return
    signature = next((found for pattern in SIGNATURES if (found := pattern.match(text))), None)
    if signature is not None:
        if not signature[1].startswith("_") and signature[1] not in {
            "if",
            "for",
            "while",
            "switch",
            "return",
            "else",
            "catch",
        }:
            given = signature[2].strip(" {")
            whole = given.count("(") == given.count(")")
            yield Kind.SIGNATURE, f"`{signature[1]}`", signature[1] + (given if whole else "(…)")
        return
    yield from _settings(name, text)


def _ways(text: str) -> Iterator[Told]:
    if found := EARLY.match(text):
        yield Kind.EXIT, "early return", found[1]
    elif found := CAUGHT.match(text):
        yield Kind.EXIT, "error handling", found[1].strip()
    elif found := ENDS.search(text):
        yield Kind.EXIT, f"`{re.split(r'[ (]', found[1].strip())[0]}`", text.strip()[:200]


def _settings(name: str, text: str) -> Iterator[Told]:
    patterns = [SETTING, DEFINED]
    patterns += [PLAIN_SETTING] if SHELL_LIKE.search(name) else []
    patterns += [DIRECTIVE] if name.endswith(".conf") else []
    found = next((one for pattern in patterns if (one := pattern.match(text))), None)
    if found is not None:
        key = found[1].strip("\"'")
        kind = named_kind(key, found[2])
        if kind is not Kind.DEFAULT or SHELL_LIKE.search(name) or key.isupper() or DEFINED.match(text):
            yield kind, f"`{key}`", found[2]
            return
    for inner in WITHIN.finditer(text):
        yield Kind.LIMIT, f"`{inner[1]}`", inner[2]
