"""The independent re-check of a proof: what the provers claim, found out again by other means.

None of it uses `magistrate.impact`. Python is compiled and its code objects compared, Markdown is
read by markdown-it, other languages by Pygments, the tools run again over a real folder, and paths, modes, bytes and digests are
looked at with the standard library alone.
"""

from __future__ import annotations

import ast
import base64
import dis
import hashlib
import inspect
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tokenize
import tomllib
import types
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.token import Comment, Punctuation, String  # type: ignore[import-untyped]
from soak.subject import BrokenError

from magistrate.domain.impact import FileChange

RUFF = Path(sys.executable).with_name("ruff")
VERBS = {
    "ruff-format/1": ("format",),
    "ruff-fix/1": ("check", "--fix-only", "--no-unsafe-fixes", "--extend-unfixable", "I,RUF100", "--exit-zero"),
}
AGAIN: dict[str, tuple[str, ...]] = {
    "black/1": (sys.executable, "-m", "black", "--quiet"),
    "gofmt/1": ("gofmt", "-w"),
    "rustfmt/1": ("rustfmt", "--quiet"),
    "prettier/1": ("prettier", "--write", "--embedded-language-formatting=off"),
    "clang-format/1": (str(RUFF.with_name("clang-format")), "-i"),
    "shfmt/1": (str(RUFF.with_name("shfmt")), "-w"),
    "taplo/1": (str(RUFF.with_name("taplo")), "format"),
}
"""Formatters, which change a file in place where its project has it."""
NEEDS_BASE = {
    *AGAIN, "documentation/1", "import-order/1", "type-annotations/1", "python-docstrings/1", "benign-config/1",
    *VERBS, "typescript-types/1",
}  # fmt: skip
NEVER_LOW_HERE = re.compile(r"(?:[a-z-]+-comment-text|documentation-text|test-text|python-tests)/1")
"""Proofs that ask for one person, or that need the run of a project's tests: none of them is low here."""
READ_BY_TOOLS = re.compile(
    r"(?i)noqa|type:|nosec|pragma|pylint|pyright|mypy|fmt:|ruff|isort|yapf|coding[:=]|#!|///|nosemgrep|nosonar|lgtm"
    r"|codeql|flake8|nolint|go:|\+build|cgo|output:|eslint|@ts-|prettier|webpack|@generated|source(?:mapping)?url|region\b|%%|shellcheck|spdx"
)
SAME_ENCODING = re.compile(r"(?i)coding[:=]\s*utf-?8\b")
"""Says what holds without it."""
SINGLE = re.compile(r"'[^'\"\\\n]*'")
LEXERS = {
    "go": "go", "java": "java", "rust": "rust", "json": "json", "jsonc": "js", "toml": "toml", "yaml": "yaml",
    "ini": "ini", "properties": "properties", "hcl": "terraform", "dockerfile": "docker", "shell": "bash",
    "javascript": "js", "typescript": "ts", "tsx": "ts", "ruby": "ruby", "c": "c", "c-header": "c", "cpp": "cpp", "css": "css",
}  # fmt: skip
READERS: dict[str, Callable[[str], object]] = {
    "json": lambda text: json.loads(text, object_pairs_hook=list, parse_float=str, parse_int=str),
    "toml": tomllib.loads,
    "yaml": lambda text: [(type(e).__name__, getattr(e, "value", ""), getattr(e, "tag", "")) for e in yaml.parse(text)],
}
CODE_PARTS = (
    "co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags", "co_argcount", "co_kwonlyargcount",
    "co_posonlyargcount", "co_name", "co_qualname",
)  # fmt: skip


def verify_proof(change: FileChange, file: Mapping[str, Any], base: Mapping[str, str]) -> None:
    """Believe that one low file is what its proof says, by other means; raises BrokenError."""
    proof = file["proof"]
    _hold(proof["status"] == "proven", f"a low class on a proof with the status `{proof['status']}`")
    before, after = change.before, change.after
    if before is None and after is not None and proof["rule"] == "documentation/1":
        _hold(proof["witness"].get("after_sha256") == sha256(after), "the witness names other bytes")
        _verify_plain(change)
        _verify_page(change.path, "", after.decode())
        return
    if before is None or after is None:
        raise BrokenError("a file that is added or deleted as a whole is low")
    named = (proof["witness"].get("before_sha256"), proof["witness"].get("after_sha256"))
    _hold(named == (sha256(before), sha256(after)), "the witness names other bytes")
    _verify_plain(change)
    _verify_not_pinned(before, base)
    rule = str(proof["rule"])
    if rule in {"python-formatting/1", "python-comments/1"}:
        _verify_python(before, after, comments_may_change=rule == "python-comments/1")
    elif rule == "documentation/1":
        _verify_page(change.path, before.decode(), after.decode())
    elif rule == "import-order/1":
        _verify_imports(before, after)
    elif rule in EQUAL:
        find, otherwise = EQUAL[rule]
        _hold(find(change.path, before) == find(change.path, after), otherwise)
    elif rule in AGAIN:
        _hold(_in_place(AGAIN[rule], change.path, before, base) == after, f"{rule}: the tool makes other bytes")
    elif rule in VERBS:
        _hold(proof["witness"].get("tool_digest") == f"sha256:{_ruff_digest()}", "the witness names another tool")
        _hold(_ruff_again(rule, change.path, before, base) == after, f"{rule}: the tool makes other bytes")
    elif claimed := re.fullmatch(r"([a-z-]+)-(formatting|comments)/1", rule):
        _verify_words(claimed[1], before, after, comments_may_change=claimed[2] == "comments")
    else:
        raise BrokenError(f"no independent re-check of the rule `{rule}` exists; write one in soak/recheck.py")


def _verify_imports(before: bytes, after: bytes) -> None:
    """What the compiler makes of the imports: the same names of the same things, and strangers in the same order."""
    old, new = _imports(before), _imports(after)
    gone = set(old) - set(new)
    _hold(set(new) <= set(old), "an import gives another name, or another thing")
    _hold(
        not {bound for _, _, bound in gone} & set(re.findall(r"\w+", after.decode())),
        "a name goes that the text still says",
    )
    _hold(
        all(module.split(".")[0] in sys.stdlib_module_names for module, _, _ in gone),
        "a module goes that is no library's",
    )
    strangers = [
        [module for module, _, _ in side if module.split(".")[0] not in sys.stdlib_module_names] for side in (old, new)
    ]
    _hold(list(dict.fromkeys(strangers[0])) == list(dict.fromkeys(strangers[1])), "strangers change their order")
    rest = [
        [ast.dump(one) for one in ast.parse(side).body if not isinstance(one, ast.Import | ast.ImportFrom)]
        for side in (before, after)
    ]
    _hold(rest[0] == rest[1], "more than imports changes")


def _imports(content: bytes) -> list[tuple[str, str, str]]:
    """Module, attribute and bound name of every import that runs when the module is loaded, in order."""
    found, module, attribute = [], "", ""
    for step in dis.get_instructions(_compiled(content)):
        if step.opname == "IMPORT_NAME":
            module, attribute = str(step.argval), ""
        elif step.opname == "IMPORT_FROM":
            attribute = str(step.argval)
        elif step.opname == "STORE_NAME" and module:
            found.append((module, attribute, str(step.argval)))
            module = module if attribute else ""  # after `import a` the next store is another statement's
        elif step.opname == "POP_TOP":
            module = ""
    return found


def _leaves(content: bytes) -> list[str]:
    """The code of every function that makes no other one: annotations are made by whoever makes a function."""
    pending, found = [_compiled(content)], []
    while pending:
        code = pending.pop()
        inner = [one for one in code.co_consts if isinstance(one, types.CodeType)]
        pending += inner
        if code.co_flags & inspect.CO_NEWLOCALS and not inner:
            plain = [one for one in code.co_consts if not isinstance(one, types.CodeType)]
            found.append(repr([getattr(code, part) for part in CODE_PARTS] + plain))
    return sorted(found)


def _compiled(content: bytes, optimize: int = -1) -> types.CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(content, "subject", "exec", dont_inherit=True, optimize=optimize)


def _settings(path: str, content: bytes) -> object:
    """A file of settings with every value replaced by its kind."""
    text = content.decode()
    kind = path.rsplit(".", 1)[-1]
    if kind in {"json", "toml", "yaml", "yml"}:
        read = {"json": json.loads, "toml": tomllib.loads}.get(kind, yaml.safe_load)
        return _kinds(read(text))
    return [re.sub(r"([=:]).*", r"\1", line) for line in text.split("\n")]


def _kinds(value: object) -> object:
    if isinstance(value, dict):
        return [(key, _kinds(one)) for key, one in value.items()]
    if isinstance(value, list):
        return [_kinds(one) for one in value]
    return type(value).__name__


def _emitted(path: str, content: bytes) -> bytes:
    """A digest of what TypeScript's own compiler emits, by `node` with `typescript@5` in its NODE_PATH."""
    oracle = Path(__file__).resolve().parent.parent / "fuzz/oracles/typescript_emitted.js"
    asked = [shutil.which("node") or "node", str(oracle), path.rpartition(".")[2]]
    try:
        done = subprocess.run(asked, input=b"%d\n%s" % (len(content), content), capture_output=True, check=False)
    except OSError as error:
        raise BrokenError("`node` is not here, by which types are checked again") from error
    digest = done.stdout.strip()
    _hold(done.returncode == 0 and len(digest) == 64, "TypeScript's compiler does not accept it, or is not here")
    return digest


EQUAL: dict[str, tuple[Callable[[str, bytes], object], str]] = {
    "type-annotations/1": (lambda _, side: _leaves(side), "the code of a function changes beside its annotations"),
    "python-docstrings/1": (lambda _, side: _shape(_compiled(side, 2)), "the program changes beside its docstrings"),
    "benign-config/1": (_settings, "more than values of settings changes"),
    "typescript-types/1": (_emitted, "TypeScript's compiler emits another program"),
}
"""What has to be equal on both sides, by rule."""


def can_check(rule: str) -> bool:
    """Whether a proof by this rule can be checked here."""
    language, _, claim = rule.removesuffix("/1").rpartition("-")
    known = {"python", *LEXERS} if claim in {"formatting", "comments"} else set()
    return rule in NEEDS_BASE or language in known or NEVER_LOW_HERE.fullmatch(rule) is not None


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hold(true: object, otherwise: str) -> None:
    if not true:
        raise BrokenError(otherwise)


def _verify_plain(change: FileChange) -> None:
    sides = ((change.mode_before, change.before), (change.mode_after, change.after))
    modes = {mode for mode, side in sides if side is not None}
    _hold(len(modes) == 1 and modes <= {"100644", "100755"}, f"low with the modes {modes}")
    path = change.path
    _hold(re.fullmatch(r"[\x20-\x7e]+", path), "low with a path that is not plain")
    parts = path.split("/")
    odd = [p for p in parts if p in {"", ".", ".."} or (p.lower().startswith(".git") and p.lower() != ".github")]
    _hold(not odd and "\\" not in path and not re.match(r"[A-Za-z]:", path), f"low with the path `{path}`")
    for side in (change.before, change.after):
        text = (side or b"").decode("utf-8", "strict")
        _hold(len(side or b"") <= 1_000_000, "low and larger than a megabyte")
        hidden = [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs"} and c not in "\t\n\r\x0c"]
        _hold(not hidden, f"low with hidden characters {hidden[:3]!a}")
        _hold(not text.startswith("version https://git-lfs"), "low and a pointer to elsewhere")


def _verify_not_pinned(before: bytes, base: Mapping[str, str]) -> None:
    blob = hashlib.sha1(b"blob %d\0" % len(before) + before, usedforsecurity=False).hexdigest()
    integrity = base64.b64encode(hashlib.sha512(before).digest()).decode().rstrip("=")
    for path, text in base.items():
        pinned = sha256(before) in text.lower() or blob in text.lower() or integrity in text
        _hold(not pinned, f"`{path}` pins these bytes by a digest")


def _verify_python(before: bytes, after: bytes, *, comments_may_change: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trees = [_tree(side) for side in (before, after)]
        codes = [compile(side, "same", "exec", dont_inherit=True, optimize=0) for side in (before, after)]
    _hold(trees[0] == trees[1], "the syntax trees differ")
    _hold(_shape(codes[0]) == _shape(codes[1]), "the compiled programs differ")
    old, new = (list(_comments(side)) for side in (before, after))
    if not comments_may_change:
        _hold(old == new, "comments differ where only layout may")
        return
    _verify_comments(old, new)


def _tree(content: bytes) -> str:
    """The tree in words; the line of a `type: ignore` and the old `u` before a text say nothing to a program."""
    tree = ast.parse(content, type_comments=True)
    tree.type_ignores = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.kind = None
    return ast.dump(tree)


def _verify_words(language: str, before: bytes, after: bytes, *, comments_may_change: bool) -> None:
    """Any other language: the same data to the standard reader, and the same words to Pygments, comments apart."""
    if language not in LEXERS:
        raise BrokenError(f"no independent re-check of `{language}` exists; name its lexer in soak/recheck.py")
    if language in READERS:
        read = [repr(READERS[language](side.decode())) for side in (before, after)]
        _hold(read[0] == read[1], f"the {language} holds other data")
    old, new = (list(_words(LEXERS[language], side.decode())) for side in (before, after))
    codes = [[word for kind, word in side if kind != "comment"] for side in (old, new)]
    codes = [[w for w, after_it in pairwise([*code, ""]) if w != "," or after_it not in {*")]}"}] for code in codes]
    _hold(codes[0] == codes[1], "the words of the code differ")
    comments = [[word for kind, word in side if kind == "comment"] for side in (old, new)]
    if comments_may_change:
        _verify_comments(*comments)
    else:
        _hold(comments[0] == comments[1], "comments differ where only layout may")


def _words(lexer: str, text: str) -> Iterator[tuple[str, str]]:
    text += "\n"  # Pygments knows no comment at the end of a file without a line end
    if lexer == "docker":  # blanks before a comment are nothing there, which Pygments does not know
        text = re.sub(r"(?m)^[ \t]+#", "#", text)
    for kind, word in get_lexer_by_name(lexer, stripnl=False, ensurenl=False).get_tokens(text):
        documented = lexer == "rust" and kind in String.Doc  # `///` is an attribute, which rustc alone may read
        if documented or (kind in Comment and kind not in Comment.Preproc):
            rows = [row.strip() for row in word.strip().split("\n")]
            yield from (("comment", row.lstrip("/") if documented else row) for row in rows if row)
        elif kind in Punctuation:
            yield from (("code", sign) for sign in word if sign.strip())
        elif lexer in {"js", "ts"} and kind in String and SINGLE.fullmatch(word):
            yield "code", f'"{word[1:-1]}"'  # either quotes are one value around a text that needs neither
        elif word.strip():
            yield "code", word if kind in String else word.strip()


def _verify_comments(old: list[str], new: list[str]) -> None:
    for text in (Counter(old) - Counter(new)) + (Counter(new) - Counter(old)):
        _hold(READ_BY_TOOLS.search(text) is None, f"a comment that tools read changes: `{text[:80]}`")


def _shape(code: types.CodeType) -> tuple[object, ...]:
    consts = tuple(_shape(c) if isinstance(c, types.CodeType) else (type(c).__name__, repr(c)) for c in code.co_consts)
    return (*(getattr(code, part) for part in CODE_PARTS), consts)


def _comments(content: bytes) -> Iterator[str]:
    for token in tokenize.tokenize(io.BytesIO(content).readline):
        if token.type == tokenize.COMMENT and not (token.start[0] <= 2 and SAME_ENCODING.search(token.string)):
            yield token.string


def _verify_page(path: str, before: str, after: str) -> None:
    """Nothing but words, links inside one owner and (in a list of changes) numbers of issues differ."""
    entries = re.search(r"(?i)(?:changelog|changes|history)[^/]*$", path) is not None
    sides = [re.sub(r"https?://([^/\s)>]+)[^\s)>\"']*", r"\1", side) for side in (before, after)]
    sides = [re.sub(r"\]\((?![a-z]+:)[\w./#-]*\)", "](#here)", side) for side in sides]
    active = [
        Counter(_active(MarkdownIt("commonmark").parse(side)) if ".m" in path else _marked(side)) for side in sides
    ]
    _hold(not active[0] - active[1], f"more than words goes: {next(iter(active[0] - active[1]), '')!a}")
    more = [one for one in active[1] - active[0] if not (one[0] == "link_open" and "#" in str(one)) and not entries]
    _hold(not more or not before, f"more than words comes: {next(iter(more), '')!a}")
    _hold(
        before or not any(one[0] in {"fence", "code_block", "html_block", "directive"} for one in more),
        "a new page has code",
    )
    numbers = [re.findall(r"\d+", side) for side in sides]
    _hold(numbers[0] == numbers[1] or entries, "a number changes")


def _marked(text: str) -> Iterator[tuple[str, ...]]:
    for line in text.splitlines():
        if re.match(r"\s*(?:\.\. |>>>|:\w+:\s)", line):
            yield "directive", line.strip()
        for code in re.findall(r"`[^`]+`", line):
            yield "code", code


def _owner(target: str) -> str:
    """Whose the target of a link is: a page beside this one is the repository's own."""
    return "(here)" if re.fullmatch(r"[\w.-][\w./-]*(?:#[\w.-]*)?", target) and ".." not in target else target


def _active(tokens: list[Token]) -> Iterator[tuple[str, ...]]:
    """Everything in a page that is more than words, in order."""
    for token in tokens:
        if token.type in {"fence", "code_block", "html_block", "code_inline", "html_inline"}:
            yield token.type, token.info, token.content
        elif token.type in {"link_open", "image"}:
            yield token.type, *(f"{name}={_owner(str(value))}" for name, value in sorted(token.attrs.items()))
        yield from _active(token.children or [])


def _unlike(old: list[tuple[str, ...]], new: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [a for a, b in zip(old, new, strict=False) if a != b] or [*old[len(new) :], *new[len(old) :]] or [("?",)]


@cache
def _ruff_digest() -> str:
    return sha256(RUFF.resolve().read_bytes())


def _in_place(argv: tuple[str, ...], path: str, before: bytes, base: Mapping[str, str]) -> bytes:
    """The tool over a real folder with the whole base in it, as a person runs it there."""
    with tempfile.TemporaryDirectory(prefix="magistrate-recheck-") as made:
        folder = Path(made).resolve()
        for other, content in {**{name: text.encode() for name, text in base.items()}, path: before}.items():
            (folder / other).parent.mkdir(parents=True, exist_ok=True)
            (folder / other).write_bytes(content)
        subprocess.run([*argv, path], cwd=folder, check=True, capture_output=True)
        return (folder / path).read_bytes()


def _ruff_again(rule: str, path: str, before: bytes, base: Mapping[str, str]) -> bytes:
    """The tool over a real folder with the configuration of the whole base, in place."""
    with tempfile.TemporaryDirectory(prefix="magistrate-recheck-") as made:
        folder = Path(made).resolve()
        for other, text in base.items():
            if re.search(r"(?:^|/)(?:\.?ruff|pyproject)\.toml$", other):
                (folder / other).parent.mkdir(parents=True, exist_ok=True)
                (folder / other).write_text(text)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(before)
        isolated = () if any(p.name != target.name for p in folder.rglob("*.toml")) else ("--isolated",)
        argv = [str(RUFF), *VERBS[rule], "--no-cache", "--quiet", "--force-exclude", *isolated, str(target)]
        subprocess.run(argv, cwd=folder, check=True, capture_output=True)
        return target.read_bytes()
