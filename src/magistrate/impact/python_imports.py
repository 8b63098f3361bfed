"""What loading a module of Python's standard library does, and which imports a text has.

Rule kept: an allow-list. A module stands here when loading it does nothing that another module
could see, in every CPython from 3.9 on: no hook, no handler, no change of terminal or browser, no
message. `antigravity`, `this`, `readline`, `rlcompleter`, `site`, `pdb`, `tkinter`, `test`,
`distutils` and whatever is new are not here. A name of this list that the repository also has as
a file of its own may be another module: see `shadowed`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from magistrate.impact.base import BaseTree
from magistrate.impact.languages.python import read_tree


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


QUIET: Final = _words("""
    abc argparse array ast base64 binascii bisect calendar cmath collections colorsys configparser contextlib copy csv
    dataclasses decimal difflib dis enum errno fnmatch fractions functools getopt glob graphlib gzip hashlib heapq hmac html
    inspect io ipaddress itertools json keyword math mimetypes numbers operator pathlib pprint quopri re reprlib secrets shlex
    stat statistics string stringprep struct textwrap token tokenize traceback types typing unicodedata uuid weakref zlib zoneinfo
""")
"""Also of no interest to those that patch other modules when they are loaded."""
INERT: Final = QUIET | _words("""
    asyncio bz2 codecs concurrent contextvars copyreg datetime email fcntl filecmp fileinput ftplib gc getpass gettext grp http
    imaplib importlib linecache locale logging lzma marshal mmap multiprocessing netrc ntpath opcode os pickle pickletools
    pkgutil platform plistlib poplib posixpath queue random resource sched select selectors shelve shutil signal smtplib
    socket socketserver sqlite3 ssl subprocess symtable sys sysconfig tarfile tempfile termios threading time timeit tracemalloc
    tty unittest urllib warnings wave xml zipapp zipfile
""")
SUBMODULES: Final = _words("""
    collections.abc concurrent.futures concurrent.futures.process concurrent.futures.thread email.errors email.header
    email.headerregistry email.message email.mime email.mime.application email.mime.base email.mime.image email.mime.multipart
    email.mime.text email.parser email.policy email.utils html.entities html.parser http.client http.cookiejar http.cookies
    http.server importlib.abc importlib.machinery importlib.metadata importlib.resources importlib.util json.decoder json.encoder
    logging.config logging.handlers multiprocessing.pool os.path unittest.mock urllib.error urllib.parse urllib.request
    urllib.response urllib.robotparser xml.dom xml.dom.minidom xml.etree xml.etree.ElementTree xml.sax xml.sax.saxutils
""")
PACKAGES: Final = _words("""
    asyncio collections concurrent ctypes email html http importlib json logging multiprocessing unittest urllib xml zoneinfo
""")
"""Whose lower-case names may be submodules, which then stay loaded for everybody."""
STARTED: Final = frozenset({"abc", "codecs", "io", "os", "os.path", "stat", "sys", "time"})
"""Loaded before the first line of any program, so that importing them as a whole loads nothing."""
BLOCKS: Final = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where a statement, a handler or a case holds further statements."""


class Atom(NamedTuple):
    """One name that one import gives: `import module as alias`, or `from module import name as alias`.

    A relative module keeps its dots in front; `name` is empty for `import module`.
    """

    module: str
    name: str
    alias: str

    @property
    def bound(self) -> str:
        """The name that the text has afterwards."""
        return self.alias or self.name or self.module.split(".", 1)[0]


def is_inert(module: str) -> bool:
    """Whether loading a module (dotted, absolute) does nothing else; an empty name is relative, and is not."""
    top, _, rest = module.partition(".")
    return top in INERT and (not rest or module in SUBMODULES)


def is_quiet(module: str) -> bool:
    """Whether nothing that patches others when it is loaded has reason to touch it, or need of it."""
    return module in QUIET or module == "collections.abc"


def may_go(atom: Atom) -> bool:
    """Whether nothing but the name is missed: no submodule that others find loaded by chance."""
    top = atom.module.split(".", 1)[0]
    if not is_inert(atom.module) or ("." in atom.module and atom.module not in {"os.path", "collections.abc"}):
        return False
    return not atom.name or top not in PACKAGES or not atom.name.islower()


def shadowed(module: str, base: BaseTree) -> str | None:
    """A file of the base that a script beside it would load instead of a module of the library."""
    tops: dict[str, str] = {}
    if "python modules" in base.looked_up:
        tops = base.looked_up["python modules"]  # type: ignore[assignment]
    else:
        for path in sorted(base.files):
            if path.endswith((".py", ".pyi", ".pyx", ".pyc", ".pth")):
                parts = path.rsplit(".", 1)[0].split("/")
                tops.setdefault(
                    parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1].split(".")[0], path
                )
        base.looked_up["python modules"] = tops
    return tops.get(module.split(".", 1)[0])


def atoms_in(statement: ast.stmt) -> tuple[Atom, ...]:
    """The names of one import, in order; nothing for another statement."""
    if isinstance(statement, ast.Import):
        return tuple(Atom(one.name, "", one.asname or "") for one in statement.names)
    if isinstance(statement, ast.ImportFrom):
        module = "." * statement.level + (statement.module or "")
        return tuple(Atom(module, one.name, one.asname or "") for one in statement.names)
    return ()


def atoms_of(content: bytes) -> frozenset[Atom]:
    """Every import of a text, wherever it stands (raises UnreadableError)."""
    return frozenset(atom for statement in _statements(read_tree(content)) for atom in atoms_in(statement))


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Every statement of a text, however deep; expressions hold none and are passed over."""
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.stmt):
            yield one
        for block in BLOCKS:
            waiting += getattr(one, block, ())
