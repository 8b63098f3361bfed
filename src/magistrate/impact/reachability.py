"""Who in the base tree reads a document: looked up once for a base, in every file that is no page.

Rule kept (R19): a page that some code, test, build or CI file opens, includes or collects is no
documentation. Naming it as the package's description, in a list of pages, in a filter of paths or
in a comment reads nothing that prose could change; everything else that names it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from magistrate.impact.base import KEPT_TEXTS, BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.naming import harmless

PAGE_NAMES: Final = rx(r"(?i)\.(?:md|markdown|rst|adoc)\Z|(?:^|/)(?:readme|authors|thanks|contributors)[^/]*\.txt\Z")
"""Files that are read by people: they name pages in words and links."""
AGENT_NAMES: Final = rx(
    r"(?i)(?:^|/)(?:claude|agents?|gemini|skill|copilot|conventions|llms|\.cursor|\.claude|\.codex|\.gemini|\.windsurf|"
    r"\.clinerules|\.aider|\.roo|\.continue|\.github/(?:instructions|prompts|chatmodes)|prompts?|skills)[^/]*(?:/|\Z)"
)
PROGRAM_NAMES: Final = rx(
    r"(?i)\.(?:py|pyi|js|mjs|cjs|jsx|ts|mts|cts|tsx|go|rs|java|kt|kts|scala|groovy|gradle|rb|rake|php|pl|pm|c|cc|cpp|h|hpp|cs|fs|swift|"
    r"sh|bash|zsh|ps1|bat|cmd|mk|cmake|lua|ex|exs|erl|hs|ml|clj|dart|r|jl|sql|vue|svelte)\Z|"
    r"(?:^|/)(?:[^/]*makefile[^/]*|rakefile|jenkinsfile|(?:docker|container|just|earth|proc|brew)file[^/]*|taskfile\.ya?ml|tox\.ini|"
    r"package\.json|cmakelists\.txt|mise\.toml|\.envrc|\.pre-commit-config\.ya?ml|(?:azure|bitbucket)-pipelines[^/]*\.ya?ml|"
    r"\.(?:gitlab-ci|travis|drone|appveyor|cirrus)[^/]*\.ya?ml|appveyor\.ya?ml|cloudbuild\.ya?ml|buildspec\.ya?ml)\Z|"
    r"(?:^|/)\.(?:github/(?:workflows|actions)|gitlab|circleci|buildkite|woodpecker)[^/]*/"
)
"""Programs, build files, and what runs them: where the name of a page may be opened."""
STEM: Final = rx(r"[\w.*}%$+-]*\Z")
OPEN_STEM: Final = rx(r"(?:\A|.*[*}%$])\Z", re.DOTALL)
"""What stands before `.md` where a name is put together or stands for many."""
INCLUDING: Final = rx(
    r"(?i)\{%-?\s*\w*(?:include|import|embed)|--8<--|^\s*\.\. +[\w:-]*(?:include|import|embed|automodule|mdinclude)|\{\w*include\w*\}|"
    r"!include|@import|@include|!\[\[|<!--\s*\w*(?:include|import|embed|snippet|automd|mdsnippet|auto-generated)|\{\{[<%]|\[\[\[cog|"
    r":include:|':include|::include|\binclude::",
    re.MULTILINE,
)
BEFORE: Final = 120
OUTSIDE: Final = rx(r"(?:^|[\s:=])/(?:var|usr|etc|srv|tmp|opt/local|www)/|[a-z0-9-]\.[a-z]{2,}(?::|/)|_build/|://")
"""Paths of machines and addresses of servers: not of this tree."""
TARGET_NAME: Final = rx(
    r"\b(?:make|-e|-s|--session|run|target|extras?|group|--group|only|tox_?env|tox\.env|nox_?session)[ =:]+[\"']?\Z"
)
"""What stands before the name of a job."""
DATA_FILES: Final = (".po", ".pot", ".svg", ".csv", ".map", ".lock", ".sum", ".css", ".scss", ".snap", ".mo", ".sql")
"""Files that no program runs and that name no file to one."""
COMMAND_FILES: Final = rx(
    r"(?i)(?:^|/)(?:[^/]*makefile[^/]*|tox\.ini|noxfile\.py|tasks\.py|dockerfile[^/]*|justfile|rakefile|gruntfile\.\w+|gulpfile\.\w+|"
    r"jenkinsfile|package\.json|[^/]*\.(?:sh|bash|zsh|ya?ml|bat|ps1|cmd|mk|cmake))\Z"
)
"""Files where a bare word may be what a command is given."""
FOLDER_BEFORE: Final = rx(r"(?<![\w.$}%])([\w-]+)/\Z")
BRACKETS: Final = (("/", "/"), ('"', '"'), ("'", "'"), ('"', "/"), ("'", "/"), ("/", '"'), ("/", "'"))
COMMON_STEM: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One place in the base tree that may stand for a page."""

    path: str
    start: int
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Everything in a base that may stand for pages: by name, and by pattern."""

    by_name: Mapping[str, tuple[Mention, ...]]
    patterns: tuple[Mention, ...]


def reader_of(path: str, base: BaseTree) -> str | None:
    """Who reads a page, or may, in words; None when nothing does."""
    kept = base.readers_found
    if path not in kept:
        kept[path] = next(_readers(path, base), None)
    return kept[path]


def program_mentions(path: str, base: BaseTree) -> Iterator[Mention]:
    """Every place where a program or a workflow names a page and may open it."""
    name = path.rsplit("/", 1)[-1].lower()
    for one in mentions_in(base, name.rpartition(".")[2]).by_name.get(name, ()):
        if one.path == path or not PROGRAM_NAMES.search(one.path):
            continue
        elsewhere = _elsewhere(one, path, base.lowered[one.path], folders_in(base))
        if not elsewhere and not harmless(base.files[one.path], one.path, one.start, one.shown):
            yield one


def agents_sent(path: str, base: BaseTree) -> str | None:
    """Which page of orders sends agents to this page, in words."""
    name = path.rsplit("/", 1)[-1].lower()
    return next((why for why in _pages_including(path, name, name.rpartition(".")[2], base) if "agents" in why), None)


def _readers(path: str, base: BaseTree) -> Iterator[str]:
    name = path.rsplit("/", 1)[-1].lower()
    stem, _, ending = name.rpartition(".")
    mentions = mentions_in(base, ending)
    named = mentions.by_name.get(name, ())
    named = tuple(one for one in named if not _elsewhere(one, path, base.lowered[one.path], folders_in(base)))
    for one in (
        *named,
        *mentions.patterns,
        *_stems(stem, ending, path.lower().split("/")[:-1], base),
        *_folders(path, base),
    ):
        if one.path != path and not harmless(base.files[one.path], one.path, one.start, one.shown):
            yield said_of(one, base)
    yield from _pages_including(path, name, ending, base)


def said_of(one: Mention, base: BaseTree) -> str:
    """A mention in words, with its place."""
    line = base.lowered[one.path].count("\n", 0, one.start) + 1
    return f"`{one.path}` line {line} may read this page (`{one.shown[:40]}`)"


def mentions_in(base: BaseTree, ending: str) -> Mentions:
    """All names of pages with an ending, and patterns for them, in files that are no pages; found in one pass."""
    key = f"mentions {ending}"
    kept = base.looked_up.get(key)
    if not isinstance(kept, Mentions):
        by_name: dict[str, list[Mention]] = {}
        patterns: list[Mention] = []
        for path in readers_in(base):
            text = base.lowered[path]
            for needle in (f".{ending}", f'"{ending}"', f"'{ending}'"):
                for one in _found(path, text, needle):
                    if needle[0] != "." or OPEN_STEM.match(one.shown.removesuffix(needle)):
                        patterns.append(one)
                    else:
                        by_name.setdefault(one.shown.lstrip("-+."), []).append(one)
        names = {name: tuple(found) for name, found in by_name.items()}
        kept = base.looked_up[key] = Mentions(by_name=names, patterns=tuple(patterns))
    return kept


def readers_in(base: BaseTree) -> tuple[str, ...]:
    """Paths of all files that may read others."""
    kept = base.looked_up.get("readers")
    if not isinstance(kept, tuple):
        kept = tuple(p for p in sorted(base.files) if not PAGE_NAMES.search(p) and not p.lower().endswith(DATA_FILES))
        base.looked_up["readers"] = kept
    return kept


def folders_in(base: BaseTree) -> frozenset[str]:
    """Names of all folders of the base tree, in lower case."""
    kept = base.looked_up.get("folders")
    if not isinstance(kept, frozenset):
        kept = frozenset(part for path in base.files for part in path.lower().split("/")[:-1])
        base.looked_up["folders"] = kept
    return kept


@lru_cache(maxsize=2 * KEPT_TEXTS)
def _found(path: str, text: str, needle: str) -> tuple[Mention, ...]:
    """Every place of one text, in lower case, that may stand for pages with this ending."""
    found: list[Mention] = []
    at = text.find(needle)
    while at >= 0:
        if needle[0] != ".":
            found.append(Mention(path=path, start=at, shown=needle))
        elif not text[at + len(needle) : at + len(needle) + 1].isalnum():
            whole = STEM.search(text[max(0, at - BEFORE) : at])
            head = whole[0] if whole else ""
            found.append(Mention(path=path, start=at - len(head), shown=head + needle))
        at = text.find(needle, at + 1)
    return tuple(found)


def _elsewhere(one: Mention, page: str, text: str, folders: frozenset[str]) -> bool:
    """Whether a name stands behind a folder of this tree that is not the page's own."""
    above = FOLDER_BEFORE.search(text[max(0, one.start - BEFORE) : one.start])
    own = page.lower().split("/")[:-1][-1:]
    return above is not None and above[1] in folders and [above[1]] != own


def _stems(stem: str, ending: str, folders: Sequence[str], base: BaseTree) -> Iterator[Mention]:
    """Quoted or globbed names without their ending, in files that know the ending or the folder as well."""
    if len(stem) < COMMON_STEM:
        return
    pattern = re.compile(rf"[\"'/]{re.escape(stem)}(?:[\"'*?{{]|\.[\"'*{{(]|\[)")
    beside = [f".{ending}", f'"{ending}"', f"'{ending}'", *(f"{q}{one}{r}" for one in folders for q, r in BRACKETS)]
    for one in _search(stem, pattern, base):
        if one.shown[-1:] not in "\"'" or any(word in base.lowered[one.path] for word in beside):
            yield one


def _folders(path: str, base: BaseTree) -> Iterator[Mention]:
    """The folder of the page, named as a whole: whatever walks it meets the page."""
    parts = path.lower().split("/")[:-1]
    for depth, folder in enumerate(parts):
        rest = "/".join([*parts[depth + 1 :], ""])
        deeper = "|".join(re.escape(rest[: i + 1]) for i, char in enumerate(rest) if char == "/")
        goes_on = rf"(?:{deeper})?" if deeper else ""
        pattern = re.compile(
            rf"(?:[^\w-]|\A){re.escape(folder)}(?:/{goes_on}(?![\w.-])|[\"'](?!\s*:)|[ \t]*$|[ \t](?=[^\n]))",
            re.MULTILINE,
        )
        key = f"folder {folder} {rest}"
        found = base.looked_up.get(key)
        if not isinstance(found, tuple):
            hits = (one for one in _search(folder, pattern, base) if _is_argument(one, folder, parts[:depth], base))
            found = base.looked_up[key] = tuple(hits)
        yield from found


def _is_argument(one: Mention, folder: str, above: list[str], base: BaseTree) -> bool:
    """Whether the name of a folder is one there: not a word of a sentence, not a place outside of this tree."""
    text = base.lowered[one.path]
    start = text.rfind("\n", 0, one.start) + 1
    before = text[start : one.start]
    path = re.search(r"[\w./:~-]*\Z", before)
    if path is not None and OUTSIDE.search(path[0]):
        return False
    if path is not None and (named := re.search(r"([\w-]+)/\Z", path[0])) and above and named[1] != above[-1]:
        return named[1] not in folders_in(base)
    if before.lstrip().startswith(("# ", "// ", ".phony")) or TARGET_NAME.search(before):
        return False
    if one.shown.strip("\"'/= \t") != one.shown.lstrip(" \t=:\"'(,[") or one.shown[-1:] in "\"'/":
        return True
    after = text[one.start + len(folder) : one.start + len(folder) + 1]
    if not before.strip() and after in {"\n", "", "\r"} and not text[:start].rstrip("\n").endswith("\\"):
        return False  # a word on a line of its own names an environment, a job or a key
    return after in {"\n", "", "\r"} or (COMMAND_FILES.search(one.path) is not None and before[-1:] in {" ", "\t", "="})


def _search(word: str, pattern: re.Pattern[str], base: BaseTree) -> Iterator[Mention]:
    """Where a pattern matches from the blank, quote or slash before a word, in files that are no pages."""
    for path in readers_in(base):
        text = base.lowered[path]
        at = text.find(word)
        while at >= 0:
            found = pattern.match(text, max(0, at - 1))
            if found is not None:
                yield Mention(path=path, start=at, shown=found[0].strip())
            at = text.find(word, at + 1)


def _pages_including(path: str, name: str, ending: str, base: BaseTree) -> Iterator[str]:
    """Pages that include others and name this one, and pages that agents read as orders and name it."""
    imports = re.compile(rf"(?:\bfrom|import\(?)\s*[\"'][^\"'\n]*{re.escape(name)}")
    for other in sorted(base.files):
        if other == path or not PAGE_NAMES.search(other):
            continue
        text = base.lowered[other]
        if AGENT_NAMES.search(other) and (name in text or _folder_in(path, text)):
            yield f"`{other}` sends agents to this page"
        elif (name in text or f"*.{ending}" in text) and (INCLUDING.search(base.files[other]) or imports.search(text)):
            yield f"`{other}` includes files and names this page"


def _folder_in(path: str, text: str) -> bool:
    folder = path.lower().rpartition("/")[0]
    return bool(folder) and f"{folder}/" in text
