"""Shell commands without a way back: in scripts, recipes, images, the steps of workflows, and the scripts of packages.

Rule kept: every line is read for itself, and a quote that does not close ends with its line, so that nothing hides in
a quote. What `rm` removes counts unless it is a place for what is built or passes; a name that nothing in the file
says anything about may be data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.returning import sql_text
from magistrate.impact.returning.command_rules import BUILT, DATA, DRY, FIND, PASSING, RULES
from magistrate.impact.returning.model import Found, Operation, Side
from magistrate.impact.screening import finds

SCRIPTS: Final = rx(
    r"(?i)(?:\.(?:sh|bash|zsh|ksh|fish|mk|bats|cron|ps1|bat|cmd)|(?:^|/)(?:[^/]*makefile[^/]*|justfile|jenkinsfile[^/]*|crontab|procfile|(?:docker|container)file[^/]*|[^/]*\.dockerfile))\Z"
)
SHEBANG: Final = rx(r"\A#!.*\b(?:ba|z|da|k|fi)?sh\b")
WRAPPED: Final = rx(r"(?i)\.(?:ya?ml|json5?|toml|groovy|j2|tpl)\Z|(?:^|/)(?:jenkinsfile|vagrantfile)")
"""Formats whose values may be commands."""
_TOKEN: Final = rx(
    r"(?P<blank>\s+)|(?P<note>\#.*)|'(?P<one>[^']*)'|\"(?P<two>(?:[^\"\\]|\\.)*)\"|(?P<end>\|\||&&|\$\(|[;&|(){}`\n])|\\(?P<off>.)|(?P<word>(?:\$\{[^}]*\}|\$\([A-Za-z_]\w*\)|[^\s'\"\\;&|(){}`#]|(?<=\S)\#)+)|(?P<rest>.)"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ASSIGN: Final = rx(r"\A[A-Za-z_]\w*\+?=")
_PREFIX: Final = _words(
    "sudo doas env time nohup exec command then do else elif if while until ! builtin nice ionice setsid RUN CMD ENTRYPOINT "
    "- @ run: script: npx bunx dlx stdbuf caffeinate pkexec"
)
_ANY: Final = _words(
    "xargs ssh timeout docker podman kubectl oc sh bash zsh dash su eval parallel watch flock retry trap nsenter chroot poetry uv "
    "pipx uvx bundle yarn pnpm npm npx python python3 php ruby node find make cross-env dotenv op aws-vault chamber gosu at batch cron"
)
"""Programs that run what their words say."""
_KEY: Final = rx(r"^\s*(?:-\s+)?[\"']?(?P<key>[\w.-]+)[\"']?\s*[:=]\s*(?:[|>][+-]?\d?\s*$)?(?P<value>.*)$")
_QUIET_KEYS: Final = frozenset(
    {
        "name",
        "description",
        "title",
        "uses",
        "if",
        "id",
        "on",
        "summary",
        "message",
        "label",
        "labels",
        "comment",
        "help",
        "url",
    }
)
_SET: Final = rx(
    r"(?m)^[ \t]*(?:export[ \t]+|local[ \t]+|readonly[ \t]+|declare[ \t]+(?:-\w+[ \t]+)?)?([A-Za-z_]\w*)[ \t]*[:?+]{0,2}=[ \t]*(.*)$"
)
_SQL: Final = rx(
    r"\b(?:psql|mysql|mariadb|sqlite3|clickhouse-client|cqlsh|snowsql|sqlcmd|cockroach|duckdb|bq|sqlplus|trino|presto)\b"
)
REMOVES: Final = frozenset({"rm", "unlink", "rmdir", "Remove-Item", "del", "rd", "find", "truncate"})
NAMES: Final = frozenset(RULES) | REMOVES
_NAMED: Final = rx(r"[\w.-]+")
_DEPTH: Final = 4


def read(side: Side) -> Iterable[Found]:
    """Of a script, a recipe, an image, or a file whose values may be commands."""
    script = bool(SCRIPTS.search(side.path) or SHEBANG.match(side.text))
    if not script and not WRAPPED.search(side.path):
        return ()
    image = "dockerfile" in side.name or "containerfile" in side.name
    found = list(_lines(side.text, script=script, image=image)) if may_run(side.text) else []
    if finds(_SQL, side.text):
        found += sql_text.operations(re.sub(r"[\"']", " ", side.text))
    return tuple(found)


def _bare(text: str) -> str:
    return text.replace("\\", "").replace("'", "").replace('"', "")


def may_run(text: str) -> bool:
    """Whether a text names any program that can do something for good."""
    return not NAMES.isdisjoint(_NAMED.findall(_bare(text)))


def operations(command: str, line: int, known: Mapping[str, str] | None = None) -> Iterator[Operation]:
    """Every operation of one line of shell."""
    yield from _of_line(command, line, known or {}, 0, image=False)


def _lines(text: str, *, script: bool, image: bool) -> Iterator[Operation]:
    known = {name: value.strip() for name, value in _SET.findall(text)}
    naming = _naming(text)
    at, held = 1, ""
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.rstrip("\r")
        if not held:
            at = number
        if line.endswith("\\") and len(held) < 20_000:  # noqa: PLR2004 - a command of that length is no command
            held += line[:-1] + " "
            continue
        whole, held = held + line, ""
        for command in _commands(whole, script=script) if not naming.isdisjoint(range(at, number + 1)) else ():
            yield from _of_line(command, at, known, 0, image=image)


def _naming(text: str) -> set[int]:
    """The lines that name such a program; one that is put together over two lines is named on both."""
    bare = _bare(text)
    if "\\\n" in text:
        return set(range(1, text.count("\n") + 2))
    found: set[int] = set()
    line, at = 1, 0
    for word in _NAMED.finditer(bare):
        if word[0] in NAMES:
            line += bare.count("\n", at, word.start())
            at = word.start()
            found.add(line)
    return found


def _commands(line: str, *, script: bool) -> Iterator[str]:
    """A line of a script, without what makes a recipe or an instruction of it; of other formats the values."""
    stripped = line.strip()
    if not stripped or stripped[0] == "#":
        return
    if script:
        yield stripped.lstrip("@-+ \t") if stripped[0] in "@-+" else stripped
        return
    found = _KEY.match(line)
    if found is None:
        yield stripped.removeprefix("- ").strip("\"', ")
    elif found["key"].lower() not in _QUIET_KEYS:
        yield found["value"].strip().rstrip(",").strip("\"'")


def _of_line(command: str, line: int, known: Mapping[str, str], depth: int, *, image: bool) -> Iterator[Operation]:
    piped = re.search(r"\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b", command) is not None
    for words in _split(command):
        start = range(len(words)) if piped else _start(words)
        for at in start:
            yield from _of_words(words[at:], line, known, image=image)
        inner = words if piped or (words and words[0].rsplit("/", 1)[-1] in _ANY | _PREFIX) else ()
        for word in inner if depth < _DEPTH else ():
            if " " in word:
                yield from _of_line(word, line, known, depth + 1, image=image)
    for nested in re.findall(r"\"[^\"]*\$\(([^()]*)\)", command) if depth < _DEPTH else ():
        yield from _of_line(nested, line, known, depth + 1, image=image)


def _split(command: str) -> Iterator[list[str]]:
    """The words of each command of a line, without quotes; a quote that does not close is a sign."""
    words: list[str] = []
    word: str | None = None
    for token in _TOKEN.finditer(command):
        kind, text = token.lastgroup, token[token.lastgroup or 0]
        if kind in {"blank", "note", "end"}:
            if word is not None:
                words.append(word)
            word = None
            if kind == "note" and (token.start() == 0 or command[token.start() - 1].isspace()):
                break
            if kind == "end":
                yield words
                words = []
        else:
            word = (word or "") + (text if kind != "rest" or text not in "'\"" else "")
    if word is not None:
        words.append(word)
    yield words


def _start(words: Sequence[str]) -> Sequence[int]:
    """Where programs are named: behind assignments and wrappers, anywhere behind a program that runs its words."""
    at = 0
    while at < len(words):
        base = words[at].rsplit("/", 1)[-1]
        if base in _ANY or (at and words[at].startswith("-")):  # an option in front may take a value
            return range(at, len(words))
        if base in _PREFIX or _ASSIGN.match(words[at]):
            at += 1
            continue
        return [at]
    return []


def _of_words(words: Sequence[str], line: int, known: Mapping[str, str], *, image: bool) -> Iterator[Operation]:
    base = words[0].rsplit("/", 1)[-1].removesuffix(".exe")
    text = " ".join(words)
    if base in REMOVES:
        yield from _removal(base, words, line, known, image=image)
        return
    rules = RULES.get(base, ())
    if not rules or DRY.search(text):
        return
    told = text.replace(words[0], base, 1)
    for one in rules:
        found = one.pattern.match(told)
        if found is not None:
            shown = " ".join(words[:3]) if len(words[0]) < 40 else base  # noqa: PLR2004 - a name that long is none
            why = f"`{_quiet(shown)}`: {one.why}"
            yield Operation(name=one.name, text=text, line=line, why=why)
            return


def _quiet(shown: str) -> str:
    """Words of a command that may be shown: nothing that could be a key or an address with one."""
    return " ".join(word if len(word) < 30 and "://" not in word and "@" not in word else "…" for word in shown.split())  # noqa: PLR2004


def _removal(
    base: str, words: Sequence[str], line: int, known: Mapping[str, str], *, image: bool
) -> Iterator[Operation]:
    """`rm` and its like, for each thing removed that may be data; an image being built has none."""
    if image:
        return
    text = " ".join(words)
    for target in _targets(base, words, text):
        meant = _meant(target, known, 0)
        if not _passing(meant):
            why = f"`{_quiet(target)}` may be data: it does not come back"
            yield Operation(name="remove files", text=text, line=line, why=why)
            return


def _targets(base: str, words: Sequence[str], text: str) -> list[str]:
    """What is removed; of single files only those that look like data."""
    if base == "find":
        found = FIND.match(text)
        return found["roots"].split() if found else []
    plain = [word for word in words[1:] if not word.startswith("-")]
    if base == "truncate":
        return [word for word in plain if not re.fullmatch(r"\d+\w?", word)]
    plain = [word for word in plain if not (base in {"del", "rd"} and word[0] == "/")]
    if any(re.match(r"-[a-zA-Z]*[rR]|--recursive|-Recurse|/s", word) for word in words[1:]):
        return plain or ["what is piped in"]
    return [word for word in plain if DATA.search(word) and "/" in word]


def _meant(target: str, known: Mapping[str, str], depth: int) -> str:
    """A path with the names filled in that the file sets; a temporary one is `/tmp/`."""

    def put(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[3]
        value = known.get(name or "")
        if value is None:
            return found[0]
        if "mktemp" in value:
            return "/tmp/made"  # noqa: S108 - a text that is compared, not a place
        return value.strip("\"'") if depth >= _DEPTH else _meant(value.strip("\"'"), known, depth + 1)

    return re.sub(r"\$\{([A-Za-z_]\w*)(?:[:?-][^}]*)?\}|\$\(([A-Za-z_]\w*)\)|\$([A-Za-z_]\w*)", put, target)


def _passing(path: str) -> bool:
    if ".." in path.split("/"):
        return False
    if PASSING.match(path):
        return True
    named = re.sub(r"\A\$[({]?\w*(?:tmp|temp|build|cache|dist|out)\w*[)}]?", "tmp", path, flags=re.IGNORECASE)
    if BUILT.match(named) and (not DATA.search(named) or "node_modules" in named):
        return True
    relative = bool(re.match(r"\A[\w.@+-]", path)) and "$" not in path and path not in {".", "*"}
    return relative and not DATA.search(path)
