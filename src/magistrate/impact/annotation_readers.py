"""Who could read the annotations of functions when a program runs: packages that do not are listed, all others might.

Rule kept: an allow-list. A repository in which another package is imported, or a word of the
library that gives out annotations stands in a program, has a reader.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx
from magistrate.impact.python_imports import INERT

IMPORT: Final = rx(
    r"(?:^|[;:])[ \t]*(?:from[ \t]+(\w+)[\w.]*[ \t]+import\b|import[ \t]+(\w+(?:[\w.]|[ \t]+as[ \t]+\w+|[ \t]*,[ \t]*)*))",
    re.MULTILINE,
)
READS: Final = rx(
    r"__annot|annotationlib|get_type_hints|get_annotations|\.annotation\b|return_annotation|getfullargspec|getargspec|"
    r"formatargspec|\binspect\s*\.\s*signature\b|\bsignature\s*\(|\bsignature\s+as\b|\bimport\b[^\n]*\bsignature\b|^\s*signature\s*,?\s*\)?\s*$|"
    r"\bgetattr\s*\(\s*(?:typing|inspect)\b|\bSignature\b|\bsingledispatch\w*|"
    r"\b__import__\b|\bimport_module\b|importorskip|ForwardRef|getmembers",
    re.MULTILINE,
)
COMPILED: Final = rx(
    r"(?i)\b(?:mypyc\w*|cython\w*|pythran|transonic|nuitka|codon|pyodide-build|typed_python|typeguard|beartype)\b"
)
"""Compilers to which annotations are types, and checkers that are switched on by settings."""
BUILD_NAME: Final = rx(
    r"(?i)(?:^|/)(?:[^/]*\.(?:toml|ini|cfg)|setup\.py|meson\.build|makefile|cmakelists\.txt|[^/]*requirements[^/]*\.txt)\Z"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LIBRARY: Final = INERT | _words("""
    __future__ __main__ aifc asynchat asyncore atexit audioop bdb builtins cProfile cgi cgitb chunk cmd code codeop compileall crypt
    ctypes curses dbm distutils doctest ensurepip encodings faulthandler formatter idlelib imghdr imp lib2to3 mailbox mailcap
    modulefinder msilib msvcrt nis nntplib nt optparse ossaudiodev parser pdb pipes posix profile pstats pty pwd py_compile pyclbr
    pyexpat readline rlcompleter site smtpd sndhdr spwd sunau syslog tabnanny telnetlib test this tkinter tomllib trace turtle uu
    venv webbrowser winreg winsound wsgiref xdrlib zipimport _thread _collections_abc
""")
"""The standard library, without what hands out annotations by itself."""
NO_READERS: Final = _words("""
    OpenSSL PIL _pytest aiohttp anyio asgiref backports blinker boto3 botocore brotli bs4 certifi cffi chardet
    charset_normalizer click colorama coverage cryptography dateutil defusedxml django docker docutils
    eventlet exceptiongroup flask freezegun frozenlist gevent greenlet gunicorn h11 h2 hpack httpcore httpx hyperframe idna
    importlib_metadata importlib_resources iniconfig itsdangerous jinja2 jwt kombu lxml markdown markupsafe matplotlib mistune
    mock multidict networkx numpy oauthlib packaging pandas paramiko pkg_resources platformdirs pluggy psutil psycopg2 pyasn1
    pycparser pygments pylint pymysql pyparsing pytest pytz redis requests requests_toolbelt rich ruamel scipy setuptools
    simplejson six sniffio socks soupsieve sphinx sphinx_rtd_theme pallets_sphinx_themes tabulate tenacity termcolor tomli tomlkit
    tornado tox nox tqdm trio trustme typing_extensions tzdata tzlocal ujson urllib3 uvicorn uvloop vine watchdog wcwidth
    websocket websockets werkzeug wheel wrapt wsproto xmltodict yaml yarl zipp zstandard httpbin pytest_httpbin
""")
"""Packages that call, wrap or render functions without reading what their annotations say."""


def reader_of_annotations(base: BaseTree) -> str | None:
    """Why something in the base may read the annotations of functions when it runs, or None; found once per base."""
    key = "readers of annotations"
    if key not in base.looked_up:
        base.looked_up[key] = _reader(base)
    found = base.looked_up[key]
    return None if found is None else str(found)


def _reader(base: BaseTree) -> str | None:
    own = {
        part.split(".", 1)[0]
        for path in base.files
        if path.endswith((".py", ".pyi", ".pyx"))
        for part in path.split("/")
    }
    for path, text in sorted(base.files.items()):
        if BUILD_NAME.search(path) and (found := COMPILED.search(text)):
            return f"`{path}` names `{found[0]}`, to which annotations are types"
        if not path.endswith((".py", ".pyi", ".pyx", ".pxd", ".ipynb")):
            continue
        if path.endswith((".pyx", ".pxd", ".ipynb")):
            return f"`{path}` may read annotations when it runs"
        read = READS.search(text)
        if read is not None:
            return f"`{path}` has `{read[0].strip()}`, which may read annotations when it runs"
        other = next((name for name in sorted(_imported(text)) if name not in LIBRARY | NO_READERS | own), None)
        if other is not None:
            return f"`{path}` imports `{other}`, which is not known to leave annotations alone"
    return None


def _imported(text: str) -> frozenset[str]:
    """Top names of every import, by line; words in strings count as well, which only refuses more."""
    names: set[str] = set()
    for found in IMPORT.finditer(text.replace("\\\n", " ")):
        if found[1]:
            names.add(found[1])
        else:
            names |= {one.split()[0].split(".", 1)[0] for one in found[2].split(",") if one.strip()}
    return frozenset(names)
