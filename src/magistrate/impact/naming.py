"""Mentions of a page that read nothing prose could change: package descriptions, lists, filters, comments.

Each rule names what it believes: a tool's own configuration in its own file, or a line whose shape
says that the name is not opened. What fits no rule is a reader.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.python_nodes import walk

LISTS: Final = rx(
    r"(?:^|/)(?:\.(?:git|docker|npm|prettier|eslint|helm|gcloud|stylelint|vscode|markdownlint|lychee|codespell|nuget|cfn|ansible-lint)"
    r"\w*ignore|codeowners|\.mailmap|labeler\.ya?ml|\.editorconfig|mkdocs[\w-]*\.ya?ml|\.?readthedocs\.ya?ml|\.markdownlint[\w.-]*|"
    r"\.vale\.ini|\.lycheeignore|\.codespellrc|_?typos\.toml|\.typos\.toml|manifest\.in|\.all-contributorsrc|\.mdlrc|"
    r"dependabot\.ya?ml|\.prettierrc[\w.]*|cspell\.json|\.cspell\.json|\.yamllint[\w.]*|py\.typed)\Z"
)
"""Files that list what a tool leaves out, checks or shows, and run nothing."""
CHECKERS: Final = rx(
    r"\b(?:prettier(?:_\w+)?|markdownlint(?:-cli2?)?|mdl|textlint|cspell|codespell|alex|vale|lychee|linkinator|markdown-link-check|"
    r"write-good|misspell|typos|doc8|rstcheck|proselint|pymarkdown|mdformat|yamllint)\b"
)
BUILDERS: Final = rx(
    r"\bsphinx-(?:build|autobuild|apidoc)\b|-m sphinx\b|\bmkdocs (?:build|serve)\b|\$\(MAKE\) -C |\bmake -C |\bcd docs?\b(?: && make \w+)?\s*\Z|"
    r"\bFROM \S+ AS \w+\s*\Z",
    re.IGNORECASE,
)
"""What makes pages out of pages and shows them."""
MAKE_NAME: Final = rx(r"\$\([A-Z_]+\)/")
CHAINED: Final = rx(r"&&|\|\||[;|`]|\$\(|>")
FILTER: Final = rx(r"\s*(?:-\s+)?[\"']?[!\w./*{},\[\]()^$\\+?|-]+[\"']?\s*,?\s*\Z")
FILTER_KEYS: Final = rx(
    r"\s*(?:-\s+)?(?:paths|paths-ignore|paths_ignore|exclude|exclude_paths|ignore|skip)\s*:\s*(?:[|>][+-]?)?\s*\Z"
)
EXCLUDE_LINE: Final = rx(r"\s*(?:-\s+)?(?:exclude|paths-ignore|skip|ignore|omit|exclude_paths)\s*[:=]")
COMMENT: Final = rx(r"\s*(?:#+\s|//+\s|\*\s|--\s|;+\s|rem\s|<!--|/\*+\s)")
ACTS: Final = rx(
    r"(?i)includ|import|embed|read_|open\(|exec|run\b|generat|doctest|sync|source|load|cog\b|snippet|test\b"
)
ADDRESS: Final = rx(r"https?://[^\s\"'<>)]*\Z")
RAW_ADDRESS: Final = rx(r"(?i)://(?:raw\.|gist\.|cdn\.|[\w.]*jsdelivr|unpkg)|/raw/|/releases/|/archive/")
FETCHES: Final = rx(r"(?i)fetch|curl|wget|\bget\(|request|urlopen|download|raw=")
LINES: Final = (
    (
        rx(r"conf\.py\Z"),
        rx(
            r"#|(?:source_suffix|master_doc|root_doc|exclude_patterns|html_\w+|latex_documents|man_pages|texinfo_documents|"
            r"epub_\w+|templates_path|html_sidebars)\s*=|\s+[\"'][\w./-]+[\"']\s*(?:,|:\s*[\"']\w+[\"'],?)?\s*\Z|"
            r"\s*\([\"'][\w./-]+[\"'],"
        ),
    ),
    (rx(r"galaxy\.ya?ml\Z"), rx(r"(?:readme|documentation|license_file)\s*:")),
    (rx(r"\.gitattributes\Z"), rx(
        r"\S+(?:\s+(?:-?text|text=auto|eol=\w+|-?diff(?:=\w+)?|binary|export-ignore|linguist-[\w-]+(?:=\w+)?|whitespace=\S+))*\s*\Z"
    )),
    (rx(r"\.tf\Z"), rx(r"\s*source\s*=\s*\"")),
    (rx(r"\.ya?ml\Z"), rx(r"\s*(?:-\s+)?name:\s[^$]*\Z")),
    (rx(r"\.s?css\Z"), rx(r"(?!.*(?:@import|url\())")),
)  # fmt: skip
"""By file: lines that only set what a tool shows, leaves out or calls something."""
MAX_PROGRAM: Final = 200_000
LONG_LINE: Final = 2_000
FILTER_LINES: Final = 40


def harmless(text: str, where: str, start: int, shown: str) -> bool:
    """Whether a mention at `start` in the text of the file `where` reads nothing that prose could change."""
    lower = where.lower()
    if LISTS.search(lower):
        return True
    if whole_file_spares(text, lower, shown.strip("\"'/ ")):
        return True
    at = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start)
    line = text[at : end if end >= 0 else len(text)]
    return len(line) <= LONG_LINE and _harmless_line(line, text, at, start - at, lower)


def _harmless_line(line: str, text: str, at: int, column: int, where: str) -> bool:  # noqa: PLR0911 - one rule, one exit
    name = where.rsplit("/", 1)[-1]
    own = next((rule for names, rule in LINES if names.search(name)), None)
    if own is not None and own.match(line):
        return True
    if where.endswith((".yml", ".yaml")) and _in_filter(line, text, at):
        return True
    if where.endswith(".py") and len(text) < MAX_PROGRAM and _in_docstring(text, text.count("\n", 0, at) + 1):
        return True
    if ADDRESS.search(line[:column]) and not RAW_ADDRESS.search(line) and not FETCHES.search(line):
        return True
    bare = MAKE_NAME.sub("", line)
    if BUILDERS.search(bare) and not re.search(r"doctest|linkcheck-run|exec|python -c|\|", bare):
        return True
    if CHECKERS.search(bare) and not CHAINED.search(bare) and not re.search(r"(?i)docker|npx|curl|node ", line):
        return True
    return COMMENT.match(line) is not None and ACTS.search(line) is None


def _in_filter(line: str, text: str, at: int) -> bool:
    """Whether a line of YAML is in a list of paths that start or skip a job: no program is given them."""
    if EXCLUDE_LINE.match(line):
        return True
    if not FILTER.match(line):
        return False
    above = text[:at].split("\n")[-FILTER_LINES - 1 : -1]
    for one in reversed(above):
        if FILTER_KEYS.match(one):
            return True
        if one.strip() and not FILTER.match(one) and not one.lstrip().startswith("#"):
            return False
    return False


@lru_cache(maxsize=256)
def whole_file_spares(text: str, where: str, shown: str) -> bool:
    """Whether a file with rules of its own, read as a whole, only describes or lists the page."""
    name = where.rsplit("/", 1)[-1]
    readers = {
        "package.json": _package_json,
        "pyproject.toml": _pyproject,
        "cargo.toml": _cargo,
        "setup.py": _setup_py,
        "setup.cfg": _setup_cfg,
    }
    return name in readers and readers[name](text, shown)


def _package_json(text: str, shown: str) -> bool:
    """npm: `files` and `readme` are published; scripts and tool settings are not spared."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    for key in ("files", "readme", "homepage", "bugs", "description"):
        found.pop(key, None)
    return all(_checks(one) for one in _texts(found) if _names(one, shown))


def _checks(text: str) -> bool:
    return CHECKERS.search(text) is not None and not CHAINED.search(text)


def _pyproject(text: str, shown: str) -> bool:
    """PEP 621 and the build back ends: the page is the package's description, or a file of the archive."""
    spared = (
        "project.readme", "project.license", "project.license-files", "project.urls", "tool.poetry.readme",
        "tool.poetry.include", "tool.poetry.exclude", "tool.setuptools.dynamic.readme", "tool.flit.sdist", "tool.hatch.build.include", "tool.hatch.build.exclude", "tool.hatch.build.targets.sdist", "tool.hatch.build.targets.wheel",
        "tool.hatch.metadata.hooks.fancy-pypi-readme", "tool.codespell", "tool.typos", "tool.pdm.build", "tool.check-manifest",
        "tool.flit.metadata.description-file", "tool.uv.build-backend", "tool.mdformat",
    )  # fmt: skip
    return _toml(text, shown, spared)


def _cargo(text: str, shown: str) -> bool:
    spared = (
        "package.readme",
        "package.include",
        "package.exclude",
        "workspace.package.readme",
        "package.license-file",
        "package.metadata.deb.assets",
        "package.metadata.deb.extended-description-file",
    )
    return _toml(text, shown, spared)


def _toml(text: str, shown: str, spared: tuple[str, ...]) -> bool:
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    for path in spared:
        holder: Any = found
        *parts, last = path.split(".")
        for part in parts:
            holder = holder.get(part, {}) if isinstance(holder, dict) else {}
        if isinstance(holder, dict):
            holder.pop(last, None)
    return not any(_names(one, shown) for one in _texts(found))


def _setup_cfg(text: str, shown: str) -> bool:
    """setuptools: `long_description = file:` reads pages and publishes them."""
    rest = re.sub(
        r"(?im)^\s*(?:long[_-]description|description-file|license_files?)\s*[:=][^\n]*(?:\n[ \t]+[^\n]*)*", "", text
    )
    return not _names(rest, shown)


def _names(text: str, shown: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(shown)}(?![\w-])", text, re.IGNORECASE) is not None


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, keys too; one after the other, however deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one


@lru_cache(maxsize=32)
def _docstrings(text: str) -> tuple[range, ...]:
    tree = _program(text)
    if tree is None:
        return ()
    return tuple(
        range(one.lineno, (one.end_lineno or one.lineno) + 1)
        for one in walk(tree)
        if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
    )


def _in_docstring(text: str, line: int) -> bool:
    """Whether a line of a program is in a text that stands by itself and does nothing; doctests do something."""
    return any(line in lines for lines in _docstrings(text)) and ">>>" not in text


@lru_cache(maxsize=32)
def _program(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


READS: Final = frozenset(
    [
        "open",
        "read",
        "join",
        "dirname",
        "abspath",
        "realpath",
        "Path",
        "resolve",
        "read_text",
        "strip",
        "rstrip",
        "splitlines",
        "decode",
        "replace",
        "format",
        "len",
        "str",
    ]
)


def _setup_py(text: str, shown: str) -> bool:
    """A program: the page goes from the file into `long_description` and nowhere else."""
    tree = _program(text)
    if tree is None:
        return False
    functions = [one for one in walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    inner = {id(node) for function in functions for node in walk(function)}
    scopes: list[list[ast.AST]] = [[node for node in walk(tree) if id(node) not in inner]]
    scopes += [list(walk(function)) for function in functions]
    names: list[set[str]] = [set() for _ in scopes]
    before = -1
    while sum(map(len, names)) != before:
        before = sum(map(len, names))
        for at, nodes in enumerate(scopes):
            seen = names[0] | names[at]
            names[at] |= {name for node in nodes for name in _carries(node, seen, shown)}
            names[0] |= {name for node in nodes for name in _gives(node, seen, shown)}
    return all(_spared(node, names[0] | names[at], shown) for at, nodes in enumerate(scopes) for node in nodes)


def _carries(statement: ast.AST, names: set[str], shown: str) -> Iterator[str]:
    """Names that a statement gives the page's text or handle to."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign) and _holds(statement.value, names, shown):
        targets = statement.targets
    elif isinstance(statement, ast.AugAssign | ast.NamedExpr) and _holds(statement.value, names, shown):
        targets = [statement.target]
    elif isinstance(statement, ast.With):
        held = (item for item in statement.items if _holds(item.context_expr, names, shown))
        targets = [item.optional_vars for item in held if item.optional_vars is not None]
    yield from (one.id for target in targets for one in walk(target) if isinstance(one, ast.Name))


def _gives(statement: ast.AST, names: set[str], shown: str) -> Iterator[str]:
    """The name of a function that returns the page."""
    if isinstance(statement, ast.FunctionDef):
        returned = (one.value for one in walk(statement) if isinstance(one, ast.Return) and one.value is not None)
        if any(_holds(value, names, shown) for value in returned):
            yield statement.name


def _holds(node: ast.AST, names: set[str], shown: str) -> bool:
    return any(
        (isinstance(one, ast.Constant) and isinstance(one.value, str) and _names(one.value, shown))
        or (isinstance(one, ast.Name) and one.id in names)
        for one in walk(node)
    )


def _spared(node: ast.AST, names: set[str], shown: str) -> bool:
    """Whether a statement that holds the page only reads it, or gives it to `long_description`."""
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = [*node.args, *(k.value for k in node.keywords if k.arg != "long_description")]
        given += [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return called in READS or called in names or not any(_holds(one, names, shown) for one in given)
    if isinstance(node, ast.ClassDef | ast.Match | ast.Yield | ast.YieldFrom | ast.Await | ast.arguments):
        return not _holds(node, names, shown)
    if isinstance(node, ast.If | ast.While | ast.For | ast.Assert | ast.Subscript | ast.JoinedStr | ast.Lambda):
        head = getattr(node, "test", getattr(node, "iter", getattr(node, "value", None)))
        return head is None or not isinstance(head, ast.AST) or not _holds(head, names, shown)
    return True
