"""What else than a command only takes a page as a file: lists of packages, steps of releases, sentences about it.

Allow-list: each shape is read whole. A program that makes releases may take the text of a page, for notes and for
the page itself, where it shows no sign that it runs, loads or fills in what it reads; then one person judges, and
is told. What a release is made from (a title, a version) stays for two where a workflow starts such a program.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.documents.examples import example_changes
from magistrate.impact.documents.pages import MARKDOWN
from magistrate.impact.documents.uses import FOR_AGENTS, only_put
from magistrate.impact.languages.python_nodes import walk

_NAMES: Final = r"[\w./*@-]+"
_QUOTED: Final = rf"[\"']{_NAMES}[\"']"
_LIST: Final = rf"(?:{_QUOTED}|[\[(]\s*(?:{_QUOTED}\s*+(?:,\s*+)?+)*+[\])])"
PACKED: Final = (
    (rx(r"(?:^|/)mix\.exs\Z"), rx(rf"\s*(?:files|extras):\s*(?:~w[({{\[][\w\s./*-]*[)}}\]]|{_LIST})\s*,?\s*\Z")),
    (rx(r"(?:^|/)conanfile\.py\Z"), rx(rf"\s+exports(?:_sources)?\s*=\s*{_QUOTED}(?:\s*,\s*{_QUOTED})*\s*\Z")),
    (rx(r"\.gradle(?:\.kts)?\Z"), rx(rf"\s*(?:from|include)\s*\(?\s*{_QUOTED}(?:\s*,\s*{_QUOTED})*\s*\)?\s*\Z")),
    (rx(r"(?:^|/)dockerfile[^/]*\Z"), rx(rf"(?:copy|add)(?:\s+--(?:link|chown=[\w:]+))*(?:\s+(?!--){_NAMES})+\s+(?:\.|{_NAMES}/)\s*\Z", re.IGNORECASE)),
)  # fmt: skip
"""By file: lines that put a page among the files of a package or an image, under its own name."""
PACKAGE_KEYS: Final = frozenset(
    {"package_data", "data_files", "include_files", "extra_files", "exclude_package_data", "license_files"}
)
"""Arguments of `setup()` that list files of a package (setuptools, cx_Freeze)."""
ABOUT: Final = rx(
    r"""\s*[\"']?(?:description|desc|summary|help|hint|message|title|comment)[\"']?\s*(?::|=(?!=))\s*(?P<quote>["'])(?P<said>[^"'`$\\{}]{1,300})(?P=quote)\s*[,)]*\s*\Z"""
)
"""A key that describes, with one plain text."""
MIN_WORDS: Final = 3
FIRST_WORD: Final = rx(r"[A-Z][a-z]+(?:/[a-z]+)?\Z")
COMMAND: Final = rx(r"""\s*(?:[\w-]+:\s*)?(?P<quote>["'])(?P<said>[^"'`$\\|;<>]{1,300})(?P=quote)\s*,?\s*\Z""")
"""A line of a table of commands, which is one text."""
WORKFLOW: Final = rx(r"(?:^|/)\.github/(?:workflows|actions)/.+\.ya?ml\Z|(?:^|/)\.gitlab-ci|(?:^|/)\.circleci/")
TAKES_FILES: Final = rx(
    r"\s*(?:-\s+)?uses:\s*[\"']?(?:softprops/action-gh-release|ncipollo/release-action|actions/upload-artifact|"
    r"stefanzweifel/git-auto-commit-action|peter-evans/create-pull-request|endbug/add-and-commit|svenstaro/upload-release-action)@[\w./-]+[\"']?\s*(?:#.*)?\Z",
    re.IGNORECASE,
)
"""Actions that attach files to a release, keep them, or commit them, and run none of them."""
FILE_INPUT: Final = rx(
    rf"\s*(?:(?:files|file|file_pattern|add-paths|add|path|artifacts|body_path|bodyfile):\s*(?:[|>][+-]?\s*)?)?(?:[\"']?+{_NAMES}+[\"']?+[\s,]*+)++\Z",
    re.IGNORECASE,
)
"""Nothing is given back: a name ends where no sign of it follows, and one text is one list in one way only."""
SPEAKS: Final = rx(
    r"\s*(?:-\s+)?uses:\s*[\"']?(?:peter-evans/(?:find-comment|create-or-update-comment)|marocchino/sticky-pull-request-comment|"
    r"actions/(?:stale|first-interaction)|mshick/add-pr-comment)@[\w./-]+[\"']?\s*(?:#.*)?\Z",
    re.IGNORECASE,
)
"""Actions that look for a comment or write one, and open no file for what they are told to say."""
SAID_KEY: Final = rx(
    r"\s*(?:body(?:-includes)?|message|comment|[\w-]+[-_]message)\s*:(?:\s+[|>][+-]?\s*\Z|\s+(?![|>&*!]))"
)
USES: Final = rx(r"\s*(?:-\s+)?(?:uses|run):", re.IGNORECASE)
RELEASES: Final = rx(
    r"(?i)\A(?:[^/]+/)*[^/]*(?<![a-z])(?:releas\w*|changelogs?|change_log|bump\w*|release_?notes|linkify\w*)(?![a-z])[^/]*(?:/main)?\.(?:py|go|[cm]?[jt]s)\Z"
)
"""Programs whose names say that they make releases or write lists of changes, in languages whose calls can be told."""
OWN_PLACE: Final = rx(
    r"(?i)\A(?:\.github/scripts|scripts?|support|tools?|cmd/[\w-]*release|cmd/[\w-]*changelog|hack|misc|maint\w*|dev|devtools|admin|utils?|bin|build|ci|\.?meta|contrib|release)/"
)
STARTS: Final = rx(
    r"(?i)(?<![.\w])(?:eval|exec|execfile|execsync|execfilesync|system|popen|spawnsync|__import__|compile)(?:\s*\(|\s+[\"'`])|(?-i:\bFunction\s*\()|"
    r"\bexec\.command(?:context)?\(\s*(?:ctx\s*,\s*)?(?!\"(?:git|gh)\")|\bshlex\b|getattr\(\s*(?:subprocess|os|sys)\b|\bchild_process\b|"
    r"\b(?:runpy|importlib|worker_threads|execa\w*|shelljs|zx|pty|vm|pickle|marshal|plugin)\b|node:vm|new\s+function|shell\s*[=:]\s*true|"
    r"\bos\.(?:system|exec\w*|spawn\w*|popen|chmod|symlink|link|rename)|\bgetoutput\b|\bgetstatusoutput\b|"
    r"(?<![\w.])[\"'`](?:/usr/bin/|/bin/|/usr/bin/env )?(?:ba|z|da|k|c)?sh[\"'`]|[\"'`](?:cmd|powershell|pwsh|perl|ruby|node|deno|bun|php|lua|xargs|env)(?:\.exe)?[\"'`]|"
    r"[\"'`]-[ec][\"'`]|\binput\s*=|\bstdin\b|(?:sys\.executable|[\"']python[\d.]*[\"'])\s*,\s*(?![\"']-m[\"'])|"
    r"(?:text|html)/template|template\s*\(|template\.\w|\.render\(|jinja|mustache|handlebars|nunjucks|\bejs\b|yaml\.(?:load|unsafe)|unsafe_load|"
    r"\b(?:require|import)\s*\((?!\s*[\"'])|\b(?:chmod|symlink\w*)\b|\.write_bytes|\.agents?\b|setattr\(|globals\(\)"
)
"""Signs that a program runs, loads or fills in what it has read or written."""
CALLS_OUT: Final = rx(r"\b(?:subprocess|os/exec)\b")
PRODUCT_FILE: Final = rx(r"""[\"'`/](?!setup\.py|(?:_|__)?(?:version|about|init)(?:__|_)?\.)[\w-]+\.(?:py|[cm]?jsx?|[cm]?tsx?|go|rs|rb|sh|ps1|php|java|kt|vue|svelte)[\"'`]""")  # fmt: skip
"""A program that is named by one that makes releases: the text of the page may be written into it."""
PROGRAM_PAGE: Final = rx(r"\.(?:mdx|html?|astro)\b")
BRACED: Final = rx(r"[{}<>]|^\s*(?:import|export)\b")
HEAD: Final = rx(r"\s{0,3}(?:#|=+\s*\Z|-+\s*\Z)")
PLAIN_HEAD: Final = rx(r"[^\"'`$;\\<>{}|&]*\Z")
"""What a title may hold that a release is named after."""
CODE_SPAN: Final = rx(r"(?<!`)`[^`]+`(?!`)")
ENTRY: Final = rx(r"\s*\Z|\s*[-*+]\s|\s+\S")
VERSION: Final = rx(r"(?i)\d+\.\d+|\d{4}-\d|unreleased|version|release")
PAGES: Final = rx(r"(?i)(?:^|/)(?:changelog|changes|history|news|releases?|readme)[^/]*\Z")
LONGEST: Final = 500
STEP: Final = 40
"""Lines of a step of a workflow that are looked at, up and down."""
MAX_PROGRAM: Final = 100_000


def taken_as_file(text: str, where: str, start: int, shown: str) -> bool:
    """Whether the mention at `start` only lists the page as a file, attaches or commits it, or speaks of it."""
    at = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start)
    line = text[at : end if end >= 0 else len(text)]
    lower = where.lower()
    if len(line) > LONGEST or FOR_AGENTS.search(line):
        return False
    if any(names.search(lower) and shape.match(line) for names, shape in PACKED):
        return not text[:at].rstrip().endswith("\\")
    said = ABOUT.match(line)
    if said is not None and not WORKFLOW.search(lower):
        words = said["said"].split()
        return len(words) >= MIN_WORDS and FIRST_WORD.match(words[0]) is not None
    if lower.endswith((".js", ".cjs", ".mjs", ".ts")) and (command := COMMAND.match(line)) is not None:
        return only_put(command["said"], shown)
    if lower.endswith(("package.json", "setup.py")):
        number = text.count("\n", 0, start) + 1
        return _in_package_list(text, number, shown) if lower.endswith("setup.py") else _only_copied(text, line, shown)
    return WORKFLOW.search(lower) is not None and _in_known_step(text, at, line)


def _only_copied(text: str, line: str, shown: str) -> bool:
    """Whether every script of a package.json that names the page puts it somewhere."""
    told = [one for one in scripts_of(text).values() if shown in one.lower()]
    return bool(told) and line.lower().count(shown) == 1 and all(only_put(one, shown) for one in told)


@lru_cache(maxsize=32)
def scripts_of(text: str) -> Mapping[str, str]:
    """The entries of `scripts` of a package.json; none where it cannot be read."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    scripts = found.get("scripts") if isinstance(found, dict) else None
    return {str(name): str(one) for name, one in scripts.items()} if isinstance(scripts, dict) else {}


def _in_known_step(text: str, at: int, line: str) -> bool:
    """Whether a line of a workflow is a file that an action takes, or what one says in a comment."""
    if FILE_INPUT.match(line) is not None and _step_of(TAKES_FILES, text, at):
        return True
    return _is_said(text, at, line) and _step_of(SPEAKS, text, at)


def _is_said(text: str, at: int, line: str) -> bool:
    """Whether a line is the text of a comment, or one of its lines: the key that it belongs to says so."""
    if SAID_KEY.match(line):
        return True
    indent = len(line) - len(line.lstrip())
    above = (one for one in reversed(text[:at].split("\n")[:-1][-STEP:]) if one.strip())
    opener = next((one for one in above if len(one) - len(one.lstrip()) < indent), "")
    return SAID_KEY.match(opener) is not None and opener.rstrip().endswith(("|", ">", "-", "+"))


def _step_of(actions: re.Pattern[str], text: str, at: int) -> bool:
    """Whether the step of a workflow around a line is one of these actions, and nothing else."""
    above, below = text[:at].split("\n")[:-1], text[at:].split("\n")
    indent = len(below[0]) - len(below[0].lstrip())
    step: list[str] = []
    for line in reversed(above[-STEP:]):
        step.append(line)
        if not line.strip():
            continue
        deep = len(line) - len(line.lstrip())
        if line.lstrip().startswith("- ") and deep < indent:
            break
        indent = min(indent, deep)
    else:
        return False
    first = len(step[-1]) - len(step[-1].lstrip())
    for line in below[:STEP]:
        if line.strip() and len(line) - len(line.lstrip()) <= first:
            break
        step.append(line)
    acts = [line for line in step if USES.match(line)]
    return len(acts) == 1 and actions.match(acts[0]) is not None


@lru_cache(maxsize=32)
def _packaged(text: str) -> tuple[tuple[int, str], ...]:
    """Each text in an argument of `setup()` that lists files of a package: its line, in lower case."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    calls = (one for one in walk(tree) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name | ast.Attribute))
    setups = (one for one in calls if (one.func.id if isinstance(one.func, ast.Name) else one.func.attr) == "setup")  # type: ignore[attr-defined]
    lists = [key.value for one in setups for key in one.keywords if key.arg in PACKAGE_KEYS]
    return tuple(found for value in lists for found in _plain_texts(value))


def _plain_texts(value: ast.expr) -> Iterator[tuple[int, str]]:
    """Texts of a list or mapping of nothing but texts; nothing where anything is computed or agents look there."""
    nodes = [one for one in walk(value) if not isinstance(one, ast.expr_context)]
    if not all(isinstance(one, ast.Dict | ast.List | ast.Tuple | ast.Constant) for one in nodes):
        return
    texts = [(one.lineno, one.value) for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if not any(FOR_AGENTS.search(said) for _, said in texts):
        yield from ((line, said.lower()) for line, said in texts)


def _in_package_list(text: str, line: int, shown: str) -> bool:
    if len(text) > MAX_PROGRAM or text.split("\n")[line - 1].lower().count(shown) != 1:
        return False
    return any(number == line and said.rpartition("/")[2] == shown for number, said in _packaged(text))


def makes_releases(where: str, file: ChangedFile, base: BaseTree) -> bool:
    """Whether a program of the base takes this page for a release and shows no sign that it runs what it says."""
    if PAGES.search(file.path) is None or RELEASES.search(where) is None or OWN_PLACE.match(where) is None:
        return False
    text = base.files[where]
    if (
        len(text) > MAX_PROGRAM
        or _may_run(where, text)
        or (CALLS_OUT.search(text) and example_changes(file) is not None)
    ):
        return False
    if PROGRAM_PAGE.search(text) and any(BRACED.search(CODE_SPAN.sub("", line.text)) for line in file.lines):
        return False
    free = HEAD if file.name.endswith(MARKDOWN) else re.compile(r"\S")
    if any(free.match(line.text) and not PLAIN_HEAD.match(line.text) for line in file.lines):
        return False
    return entries_only(file) or not _started_by_workflow(where, base)


def _may_run(where: str, text: str) -> bool:
    """Whether a program shows a sign that it runs, loads or hands to programs or agents what it reads."""
    signs = STARTS.search(text) or PRODUCT_FILE.search(text) or FOR_AGENTS.search(text.replace(".github", ""))
    return signs is not None or (where.endswith(".py") and not calls_named_programs(text))


@lru_cache(maxsize=32)
def calls_named_programs(text: str) -> bool:
    """Whether every program that a script starts is named there by a text, and nothing is unpacked into a call."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    nodes = list(walk(tree))
    given = {one.args.vararg.arg for one in nodes if isinstance(one, ast.FunctionDef) and one.args.vararg}
    modules = {
        a.asname or a.name for one in nodes if isinstance(one, ast.Import) for a in one.names if a.name == "subprocess"
    }
    brought = [one for one in nodes if isinstance(one, ast.ImportFrom) and one.module == "subprocess"]
    names = {a.asname or a.name for one in brought for a in one.names}
    joined = {_target(one) for one in nodes if isinstance(one, ast.Assign) and _joins(one.value)}
    if any(isinstance(one, ast.Starred) and getattr(one.value, "id", "") not in given for one in nodes):
        return False
    starts = [one for one in nodes if isinstance(one, ast.Call) and _starts(one.func, modules, names)]
    uses = sum(isinstance(one, ast.Name) and one.id in modules | names for one in nodes)
    return uses == len(starts) and all(call.args and _names_program(call.args[0], given, joined) for call in starts)


def _starts(func: ast.expr, modules: set[str], names: set[str]) -> bool:
    if isinstance(func, ast.Attribute):
        return isinstance(func.value, ast.Name) and func.value.id in modules
    return isinstance(func, ast.Name) and func.id in names


def _names_program(argument: ast.expr, given: set[str], joined: set[str]) -> bool:
    while isinstance(argument, ast.BinOp):
        argument = argument.left
    if isinstance(argument, ast.Name):
        return argument.id in given
    if not isinstance(argument, ast.List | ast.Tuple) or not argument.elts:
        return False
    first = argument.elts[0]
    if isinstance(first, ast.Name):
        return first.id in joined
    return isinstance(first, ast.Constant) or ast.unparse(first) == "sys.executable"


def _joins(value: ast.expr) -> bool:
    """Whether a value is a path that ends with a text."""
    called = isinstance(value, ast.Call) and ast.unparse(value.func) == "os.path.join" and value.args
    return bool(called) and isinstance(value, ast.Call) and isinstance(value.args[-1], ast.Constant)


def _target(statement: ast.Assign) -> str:
    return getattr(statement.targets[0], "id", "")


def entries_only(file: ChangedFile) -> bool:
    """Whether nothing but items of an existing list change, without a version, a date or a title."""
    whole = file.change.before is None or file.change.after is None
    return not whole and all(ENTRY.match(line.text) and not VERSION.search(line.text) for line in file.lines)


def _started_by_workflow(where: str, base: BaseTree) -> bool:
    """Whether a workflow names the program, its folder where it is all of a command, or a script of the package."""
    folder, _, name = where.lower().rpartition("/")
    stem = name.rpartition(".")[0]
    words = {f"{folder}/{stem}", folder if stem == "main" else name}
    return any(WORKFLOW.search(path.lower()) and any(word in text for word in words) for path, text in base.lowered.items())  # fmt: skip
