"""Names that are taken for another: one letter off, letters that look alike, other separators.

Known limit: compared with the names of the same file and with some of the most used packages,
so a name that imitates something else is not noticed. References: PyPI's and npm's rules for
similar names; "SpellBound" (Taylor et al., 2020) for the kinds of typosquatting.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx

SHORT: Final = 4
ALIKE: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "3": "e", "4": "a", "8": "b", "q": "g"})
PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))
SEPARATORS: Final = rx(r"[-_.~/@]+")
AFFIXES: Final = rx(r"\A(?:python|py|node|js|lib|go|rust)[-_.]|[-_.](?:python|py|node|lib|rs|official)\Z|[-_.]?js\Z")
DIGITS: Final = rx(r"\d+")
KNOWN: Final = {
    "pypi": "requests urllib3 numpy pandas django flask boto3 botocore setuptools cryptography certifi pyyaml jinja2 click "
    "pydantic sqlalchemy pytest pillow scipy matplotlib fastapi httpx aiohttp selenium beautifulsoup4 colorama rich "
    "tensorflow torch transformers openai langchain celery redis psycopg2 pymongo paramiko werkzeug idna charset-normalizer "
    "python-dateutil packaging attrs virtualenv poetry black mypy ruff isort flake8 pylint tqdm protobuf grpcio",
    "npm": "lodash react react-dom express axios chalk commander debug typescript webpack eslint prettier jest mocha vite "
    "next vue angular jquery moment dayjs underscore async request bluebird uuid yargs inquirer ora glob rimraf semver "
    "dotenv cors mongoose redux cross-env nodemon eslint-config-prettier eslint-plugin-prettier ua-parser-js event-stream "
    "colors faker node-ipc coa rollup esbuild tailwindcss postcss autoprefixer body-parser cookie-parser minimist",
    "cargo": "serde serde_json serde_derive tokio rand regex clap anyhow thiserror log reqwest hyper syn quote libc "
    "futures bytes chrono lazy_static once_cell rustls openssl rayon crossbeam parking_lot tracing itertools bitflags",
}  # fmt: skip


def lookalike(name: str, others: Iterable[str], ecosystem: str) -> str | None:
    """The name that this one may be taken for, or None."""
    mine = name.lower()
    for other in sorted({*others, *KNOWN.get(ecosystem, "").split()}):
        theirs = other.lower()
        if other == name or not theirs:
            continue
        if theirs == mine:
            return other
        if _plain(mine) == _plain(theirs) or _one_off(_last(mine), _last(theirs), mine, theirs):
            return other
    return None


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1]


@lru_cache(maxsize=50_000)
def _plain(name: str) -> str:
    """A name without what the eye passes over: separators, pairs and figures that look like letters, a language's name."""
    bare = AFFIXES.sub("", name)
    bare = SEPARATORS.sub("", bare if len(bare) > SHORT else name)
    for pair, one in PAIRS:
        bare = bare.replace(pair, one)
    return bare.translate(ALIKE)


def _one_off(mine: str, theirs: str, whole: str, other: str) -> bool:
    """One letter more, less, other, or two that changed places; numbers at an end tell siblings apart."""
    if mine == theirs:
        ways = whole.rpartition("/")[0], other.rpartition("/")[0]
        return bool(ways[0] and ways[1]) and ways[0] != ways[1] and _one_off(*ways, "", "")
    if "/" in whole and "/" in other and whole.rpartition("/")[0] != other.rpartition("/")[0]:
        return False
    if min(len(mine), len(theirs)) <= SHORT or abs(len(mine) - len(theirs)) > 1:
        return False
    if DIGITS.sub("", mine) == DIGITS.sub("", theirs) and DIGITS.search(mine) and DIGITS.search(theirs):
        return False
    head = 0
    while head < min(len(mine), len(theirs)) and mine[head] == theirs[head]:
        head += 1
    a, b = mine[head:], theirs[head:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
