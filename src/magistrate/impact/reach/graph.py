"""Who depends on a file, directly or over others: an import graph of numbers, searched without recursion.

Rule kept: an import that may mean several files is an edge to each of them, so that nothing that depends on a file
is left out because its name is not unique. Searching visits each edge once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from magistrate.impact.base import BaseTree
from magistrate.impact.reach.imports import imports_of, tongue_of
from magistrate.impact.reach.resolution import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Nodes by number; `users[n]` are the nodes that import node n. The first `files` nodes are files, the rest units."""

    paths: tuple[str, ...]
    numbers: Mapping[str, int]
    users: tuple[tuple[int, ...], ...]

    def dependents(self, paths: Iterable[str]) -> frozenset[str]:
        """Every file that depends on one of these, themselves left out."""
        started = [self.numbers[path] for path in paths if path in self.numbers]
        reached = reach(self.users, started)
        named = len(self.paths)
        return frozenset(self.paths[n] for n in reached if n < named) - frozenset(self.paths[n] for n in started)


def reach(users: tuple[tuple[int, ...], ...], started: Iterable[int]) -> set[int]:
    """Every node that can be reached, those to start with among them."""
    seen = bytearray(len(users))
    line = list(dict.fromkeys(started))
    for node in line:
        seen[node] = 1
    found = set(line)
    while line:
        for user in users[line.pop()]:
            if not seen[user]:
                seen[user] = 1
                found.add(user)
                line.append(user)
    return found


def graph_of(base: BaseTree) -> Graph:
    """The import graph of a base tree, made once for it."""
    kept = base.looked_up.get("import graph")
    if not isinstance(kept, Graph):
        kept = base.looked_up["import graph"] = _made(base.files)
    return kept


def _made(files: Mapping[str, str]) -> Graph:
    paths = tuple(sorted(path for path in files if tongue_of(path) is not None))
    numbers = {path: number for number, path in enumerate(paths)}
    index = Index(files, paths)
    units = {unit: len(paths) + number for number, unit in enumerate(index.units)}
    users: list[set[int]] = [set() for _ in range(len(paths) + len(units))]
    for number, path in enumerate(paths):
        tongue = tongue_of(path)
        if tongue is None:
            continue
        unit = index.unit_of(path)
        if unit is not None:  # a file of a package sees all of the package without importing it
            users[number].add(units[unit])
            users[units[unit]].add(number)
        for written in imports_of(tongue, files[path]):
            for target in index.targets(path, tongue, written):
                node = units[target] if target in units else numbers[target]
                if node != number:
                    users[node].add(number)
    return Graph(paths=paths, numbers=numbers, users=tuple(tuple(sorted(one)) for one in users))
