"""Rights in SQL: migrations of one folder replayed in the order of their names into one catalogue.

Files that take migrations back are left out (`x.down.sql`, Flyway's `U1__x.sql`, sqitch's `revert` and
`verify`, and the part below `-- +goose Down`, `-- migrate:down`, `-- +migrate Down` where all
files of the folder are written for that tool). Of Alembic the literal texts of `execute` are replayed.

Rule kept: what one tool would leave out and another would run is unknown as soon as it may touch a right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.sql_alembic import in_order, is_migration, texts_of
from magistrate.impact.privilege.domains.sql_replay import RIGHTS, Replay
from magistrate.impact.privilege.domains.sql_rights import DOMAIN, grants_of, usual
from magistrate.impact.privilege.model import Edge, Grants, Holder, Layer, Place, Reader, Statement, Unknown
from magistrate.impact.privilege.patterns import TooManyError

_SQL: Final = rx(r"(?i).*\.(?:sql|psql|pgsql|ddl)")
_BACK: Final = rx(r"(?i)(?:.*/)?(?:[^/]*[._-](?:down|rollback|undo|revert)\.\w+|(?:revert|verify)/(?:.*/)?[^/]*)")
_FLYWAY: Final = rx(r"(?P<kind>[VUBR])(?P<version>[0-9][0-9._]*)?__.*")
_MARKS: Final = (
    (rx(r"(?im)^\s*--\s*\+goose\s+Up\b"), rx(r"(?im)^\s*--\s*\+goose\s+Down\b")),
    (rx(r"(?im)^\s*--\s*\+migrate\s+Up\b"), rx(r"(?im)^\s*--\s*\+migrate\s+Down\b")),
    (rx(r"(?im)^\s*--\s*migrate:up\b"), rx(r"(?im)^\s*--\s*migrate:down\b")),
)


class Migrations:
    """The reader of SQL."""

    @property
    def domain(self) -> str:
        """Name of the domain."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """Files of SQL, and Alembic's versions."""
        return _SQL.fullmatch(path) is not None or is_migration(path)

    def grants(self, files: Mapping[str, str]) -> Grants:
        """The rights that stand after all migrations of each folder."""
        folders: dict[str, dict[str, str]] = {}
        for path in sorted(files):
            if not _taken_back(path, files):
                folders.setdefault(path.rpartition("/")[0], {})[path] = files[path]
        parts = [Grants(holders=(usual(folders),))]
        for folder, texts in folders.items():
            replay = Replay()
            for path, text in _replayed(texts, replay):
                replay.run(text, path)
            made = _rights(replay, folder, texts)
            unknown = tuple(
                Unknown(
                    domain=DOMAIN,
                    why="SQL that may touch a right is not understood",
                    text=text,
                    place=Place(path=path, line=line),
                )
                for text, line, path in replay.unknown
            )
            parts.append(Grants(holders=made.holders, edges=made.edges, live=made.live, unknown=unknown))
        return _together(parts)


READER: Final[Reader] = Migrations()


def _rights(replay: Replay, folder: str, texts: Mapping[str, str]) -> Grants:
    """The rights of one folder; where its conditions are too many, all that it says is unknown."""
    try:
        return grants_of(replay.catalogue, folder)
    except (TooManyError, RecursionError):
        replay.unknown += [(" ".join(text.split()), 1, path) for path, text in texts.items()]
        return Grants()


def _taken_back(path: str, files: Mapping[str, str]) -> bool:
    """Whether a file takes another one back, which is beside it."""
    name = path.rsplit("/", 1)[-1]
    flyway = _FLYWAY.fullmatch(name)
    if flyway is not None and flyway.group("kind") == "U":
        return any(_FLYWAY.fullmatch(other.rsplit("/", 1)[-1]) for other in files if other != path and "V" in other)
    if _BACK.fullmatch(path) is None:
        return False
    for back, forth in (
        ("down", "up"),
        ("rollback", "up"),
        ("undo", "do"),
        ("revert/", "deploy/"),
        ("verify/", "deploy/"),
    ):
        if back in path and path.replace(back, forth) in files:
            return True
    return re.sub(r"(?i)[._-](?:down|rollback|undo|revert)(?=\.\w+$)", "", path) in files


def _natural(path: str) -> tuple[object, ...]:
    name = path.rsplit("/", 1)[-1]
    flyway = _FLYWAY.fullmatch(name)
    repeated = flyway is not None and flyway.group("kind") == "R"
    version = flyway.group("version") if flyway is not None else None
    if version:
        return repeated, tuple(int(part) for part in re.findall(r"\d+", version)), name
    found = re.match(r"(\d+)", name)
    return repeated, (int(found.group(1)),) if found else (1 << 63,), name


def _replayed(texts: Mapping[str, str], replay: Replay) -> list[tuple[str, str]]:
    """The texts of one folder in order, less what takes them back."""
    python = {path: text for path, text in texts.items() if not _SQL.fullmatch(path)}
    line: list[tuple[str, str]] = []
    for path in in_order(python):
        for text, known in texts_of(python[path]):
            if known:
                line.append((path, text))
            else:
                replay.unknown.append((text, 1, path))
    sql = sorted((path for path in texts if path not in python), key=_natural)
    line += [(path, _forward(path, texts, sql, replay)) for path in sql]
    return line


def _forward(path: str, texts: Mapping[str, str], beside: list[str], replay: Replay) -> str:
    text = texts[path]
    for up, down in _MARKS:
        if down.search(text) is None:
            continue
        kept, cut = _halves(text, up, down)
        if all(up.search(texts[other]) for other in beside):
            return kept
        if RIGHTS & set(re.findall(r"[a-z]+", cut.lower())):
            replay.unknown.append((" ".join(cut.split()), 1, path))
        return kept
    return text


def _halves(text: str, up: re.Pattern[str], down: re.Pattern[str]) -> tuple[str, str]:
    """The lines that go forward, the others empty so that lines keep their numbers; and the lines that go back."""
    kept: list[str] = []
    cut: list[str] = []
    forward = True
    for line in text.splitlines():
        forward = True if up.match(line) else False if down.match(line) else forward
        kept.append(line if forward else "")
        cut.append("" if forward else line)
    return "\n".join(kept), "\n".join(cut)


def _together(parts: list[Grants]) -> Grants:
    """Several folders: a role of one name is one holder."""
    held: dict[str, list[Statement]] = {}
    for part in parts:
        for holder in part.holders:
            held.setdefault(holder.name, []).extend(holder.layers[0].statements)
    edges: dict[tuple[str, str], Edge] = {}
    for part in parts:
        for edge in part.edges:
            edges.setdefault((edge.actor, edge.holder), edge)
    return Grants(
        holders=tuple(
            Holder(name=name, domain=DOMAIN, layers=(Layer(statements=tuple(held[name])),)) for name in sorted(held)
        ),
        edges=tuple(edges.values()),
        live=frozenset().union(*(part.live for part in parts)),
        unknown=tuple(unknown for part in parts for unknown in part.unknown),
    )
