"""Who reads docstrings: packages that make help, tests, grammars, interfaces or prompts of them.

Rule kept (R19): a docstring is a text for people only where nothing gets hold of it. The file that has it,
and every file of the base that names it or its module, take in packages from a list of silent ones and of this
repository; nothing in the whole base asks for a docstring by any usual name, and no known reader is taken in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.reachability import PAGE_NAMES


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


SILENT: Final = _listed(
    # of the standard library; left out: argparse, cmd, code, ctypes, doctest, idlelib, importlib, inspect, optparse,
    # pdb, pkgutil, pydoc, runpy, turtle, unittest, xmlrpc and others that read or load
    "__future__ abc array asyncio base64 binascii bisect bz2 calendar codecs collections colorsys concurrent configparser contextlib "
    "contextvars copy csv dataclasses datetime decimal difflib email enum errno fcntl filecmp fnmatch fractions functools gc "
    "getpass gettext glob graphlib grp gzip hashlib heapq hmac html http io ipaddress itertools json keyword locale "
    "logging lzma mailbox math mimetypes mmap multiprocessing netrc numbers operator os pathlib pickle platform plistlib posixpath "
    "pprint pwd queue quopri random re resource sched secrets select selectors shelve shlex shutil signal site smtplib socket "
    "socketserver sqlite3 ssl stat statistics string stringprep struct subprocess sys syslog tarfile tempfile termios textwrap "
    "threading time timeit tomllib traceback types typing unicodedata urllib uuid warnings wave weakref xml zipfile zlib zoneinfo "
    # of others
    "numpy scipy pandas requests httpx aiohttp urllib3 yaml attr attrs six packaging typing_extensions dateutil pytz certifi idna "
    "charset_normalizer chardet cryptography nacl lxml bs4 PIL psycopg2 psycopg redis boto3 botocore jinja2 markupsafe werkzeug "
    "toml tomli tomli_w tomlkit ujson orjson msgspec simplejson colorama termcolor tabulate tqdm psutil filelock platformdirs "
    "pathspec regex zstandard lz4 h5py trio anyio sniffio outcome websockets wrapt more_itertools sortedcontainers cachetools "
    "frozenlist multidict yarl aiosignal async_timeout pytest mock hypothesis freezegun responses respx"
)
"""Packages that are known to read no docstring of those who take them in."""
READERS: Final = _listed(
    "absl agno airflow alembic aiohttp_apispec anthropic apispec ariadne asyncclick autogen behave bentoml chainlit clea cleo cliff "
    "clize click connexion crewai cyclopts dagster defopt discord docopt docstring_parser doctest doit drf_spectacular drf_yasg dspy "
    "ell errbot fabric falcon fastapi fastmcp fire flasgger flask_apispec flask_restful flask_restplus flask_restx flask_smorest google "
    "gradio graphene griffe guidance haystack hug instructor invoke jsonargparse kfp langchain langchain_core langgraph lark letta litellm "
    "litestar llama_index llama_parse magentic manim manimlib marimo marvin mcp metaflow mirascope mistralai modal ninja nox ollama "
    "openai outlines parglare paver pdoc phi plac ply prefect promptflow pydantic_ai pydoc pyparsing pyrogram quart_schema rest_framework "
    "rich_click robot sacred salt sanic semantic_kernel simple_parsing sly smolagents snakemake spectree spyne strawberry streamlit "
    "swarm sybil tap telebot telegram textx toolz_docs transformers typer tyro vertexai xdoctest xmlrpc zeep zope"
)
"""Packages that make something out of docstrings: nothing is proven of a repository that takes one in."""
MANIFESTS: Final = rx(
    r"(?:^|/)(?:pyproject\.toml|setup\.(?:py|cfg)|pipfile|[^/]*requirements[^/]*|constraints[^/]*\.txt|environment\.ya?ml|tox\.ini|noxfile\.py)\Z"
)
LISTED: Final = rx(
    rf"(?:^|[\s\"'\[,])({'|'.join(sorted(one.replace('_', '[-_.]') for one in READERS))})(?:\[[^\]\n]*\])?(?:[ \t]*[<>=~!;,\"'\]#]|[ \t]*$)",
    re.MULTILINE,
)
"""A known reader in a list of dependencies."""
ASKS: Final = rx(
    r"__doc__|getdoc\b|doctest|get_docstring|docstring_parser|parse_docstring|docstring\.parse|getsource\b|testmod|"
    r"func_doc|\bsybil\b|flasgger|\brobot\.|griffe|pydoc\.|help_from_doc|\bast\.parse|\bast import\b|\bimport ast\b|only_ast|co_consts|\bimport tokenize\b|libcst|parso|redbaron|lib2to3|"
    rf"tree_sitter|astroid|-m[ \t\"',]+(?:{'|'.join(sorted(READERS))})\b"
)
SPHINX_TARGETS: Final = rx(r"(?:^|/)docs?/(?:[^/]+/)?(?:makefile|make\.bat)\Z")
"""Where Sphinx has a target `doctest` in every project; a docstring with examples never changes as wording."""
COPIES: Final = rx(r"[ \t]*[\w.]+\.__doc__[ \t]*=[ \t]*[\w.]+\.__doc__[ \t]*(?:#[^\n]*)?\r?\n?\Z")
"""A docstring that is handed on as it is: who reads the other one is asked as well."""
IMPORTS: Final = rx(
    r"(?m)(?:^|[;:])[ \t]*\"?(?:import[ \t]+(?P<names>[\w.]+(?:[ \t]+as[ \t]+\w+)?(?:[ \t]*,[ \t]*[\w.]+(?:[ \t]+as[ \t]+\w+)?)*)"
    r"|from[ \t]+(?P<source>\.*[\w.]*)[ \t]+import\b)"
)
LOADS: Final = rx(r"__import__|import_module|\\[ \t]*\r?\n[ \t]*import\b|\bimport[ \t]*\\")
SOURCE_ROOTS: Final = frozenset({"src", "lib", "python"})
MODULES: Final = (".py", ".pyi", ".pyx", ".ipynb", ".pyw")


def reader_of_docstrings(path: str, names: Iterable[str], base: BaseTree) -> str | None:
    """Who may read docstrings of a module with these names in it, in words; None where nobody is known to."""
    found = _anywhere(base)
    if found is not None:
        return found
    imports, own = imports_in(base), own_packages(base)
    mentions = _mentions(path, names)
    for other, text in sorted(base.files.items()):
        if other == path or PAGE_NAMES.search(other):
            continue
        said = (mentions.file if other in imports else mentions.outside).search(text)
        if said is not None:
            return f"`{other}` names `{said[0].strip()[:60]}`, and may read it or hand it to a tool"
        if other not in imports:
            continue
        if mentions.inside.search(text):
            strange = min(imports[other] - SILENT - own, default=None)
            if strange is not None or LOADS.search(text):
                return f"`{other}` names it or its module and takes in `{strange or 'modules by text'}`, which may read docstrings"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mentions:
    """How a module or a name of it is named in other modules, how its file is, and how both are in files that are no modules."""

    file: re.Pattern[str]
    inside: re.Pattern[str]
    outside: re.Pattern[str]


def _mentions(path: str, names: Iterable[str]) -> _Mentions:
    *folders, name = path.split("/")
    stem = name.rpartition(".")[0]
    module = folders[-1] if stem == "__init__" and folders else stem
    above = [re.escape(folder) for folder in folders if folder.isidentifier()]
    handed = rf"|[(,=\[][ \t]*(?:{'|'.join(above)})[ \t]*(?:[),\]]|$)" if above else ""
    every = "|".join(sorted(re.escape(one) for one in {*names, module}))
    dotted = rf"(?<![\w.]){re.escape(folders[-1])}\.{re.escape(stem)}\b|" if folders and stem != "__init__" else ""
    file = rf"(?<![\w.-]){re.escape(name)}\b"
    return _Mentions(
        file=re.compile(file),
        inside=re.compile(rf"(?m)\b(?:{every})\b{handed}"),
        outside=re.compile(rf"{dotted}{file}|[:.\"'](?:{every})(?:[\"'(]|\s*$)", re.MULTILINE),
    )


def strange_import(text: str, base: BaseTree) -> str | None:
    """The first package that a file takes in and that is not known to be silent."""
    if LOADS.search(text):
        return "what it names at run time"
    return min(imports_of(text) - SILENT - own_packages(base), default=None)


def _anywhere(base: BaseTree) -> str | None:
    kept = base.looked_up.get("docstrings asked")
    if not isinstance(kept, tuple):
        kept = base.looked_up["docstrings asked"] = (next(_asking(base), None),)
    found = kept[0]
    return found if isinstance(found, str) else None


def _asking(base: BaseTree) -> Iterator[str]:
    for path, text in sorted(base.lowered.items()):
        if PAGE_NAMES.search(path):
            continue
        if path.endswith(".robot"):
            yield f"`{path}` may read docstrings of its libraries"
        listed = LISTED.search(text) if MANIFESTS.search(path) else None
        if listed is not None:
            yield f"`{path}` asks for `{listed[1]}`, which makes something out of docstrings"
        for found in () if SPHINX_TARGETS.search(path) else ASKS.finditer(text):
            start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.start())
            if not COPIES.match(text[start : len(text) if end < 0 else end]):
                yield f"`{path}` line {text.count(chr(10), 0, start) + 1} may read docstrings (`{found[0]}`)"
    for path, taken in sorted(imports_in(base).items()):
        reader = min(taken & READERS, default=None)
        if reader is not None:
            yield f"`{path}` takes in `{reader}`, which makes something out of docstrings"


def imports_in(base: BaseTree) -> Mapping[str, frozenset[str]]:
    """What every module of the base takes in, by the first part of its name."""
    kept = base.looked_up.get("modules and their imports")
    if not isinstance(kept, dict):
        kept = {path: imports_of(text) for path, text in base.files.items() if _is_module(path, text)}
        base.looked_up["modules and their imports"] = kept
    return kept


def _is_module(path: str, text: str) -> bool:
    return path.lower().endswith(MODULES) or (text.startswith("#!") and "python" in text.split("\n", 1)[0])


def imports_of(text: str) -> frozenset[str]:
    """The first parts of the names that a text takes in; what comes from beside it is left out."""
    found: set[str] = set()
    for one in IMPORTS.finditer(text):
        if one["names"]:
            found |= {name.split()[0].split(".")[0] for name in one["names"].split(",")}
        elif not one["source"].startswith("."):
            found.add(one["source"].split(".")[0])
    return frozenset(found - {""})


def own_packages(base: BaseTree) -> frozenset[str]:
    """Names by which modules of this tree are taken in, from its root or from `src`; except names of known readers."""
    kept = base.looked_up.get("packages of this tree")
    if not isinstance(kept, frozenset):
        parts = [path.split("/") for path in base.files if path.endswith(".py")]
        inner = [one[1:] if one[0] in SOURCE_ROOTS and len(one) > 1 else one for one in parts]
        own = {one[0].removesuffix(".py") for one in inner}
        kept = base.looked_up["packages of this tree"] = frozenset(own) - READERS
    return kept
