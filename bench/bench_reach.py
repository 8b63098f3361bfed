"""Searching an import graph of 100,000 nodes against one plain pass over its edges, and building one of 2,000 files.

Run: `python bench/bench_reach.py`. Made trees: packages of Python modules that import ten others each. The peer of the search
adds up all edges once, which no search can do without; the peer of building reads the same texts with one pattern.
"""

from __future__ import annotations

import random
import re
from typing import Any, Final

from measured import in_turn, milliseconds, spread

from magistrate.impact.base import BaseTree
from magistrate.impact.reach.graph import graph_of, reach
from magistrate.impact.reach.imports import imports_of

MEASURES = (
    "src/magistrate/impact/reach/graph.py",
    "src/magistrate/impact/reach/imports.py",
    "src/magistrate/impact/reach/resolution.py",
)
NODES: Final = 100_000
EDGES: Final = 10
FILES: Final = 2_000
ROUNDS: Final = 9


def main() -> dict[str, Any]:
    """Milliseconds and ratios."""
    return {**_searched(), **_built()}


def _searched() -> dict[str, Any]:
    chance = random.Random(7)  # noqa: S311  a made graph, the same each time
    users = tuple(tuple(sorted(chance.sample(range(NODES), EDGES))) for _ in range(NODES))

    def passed() -> int:
        return sum(node for row in users for node in row)

    found = len(reach(users, (0,)))
    if found < NODES * 0.99:
        raise RuntimeError(f"only {found} of {NODES} nodes were reached")
    ours, peer = in_turn(lambda: reach(users, (0,)), passed, ROUNDS)
    return {
        "nodes": NODES,
        "edges": NODES * EDGES,
        "reached": found,
        "search_ms": spread(ours),
        "peer_pass_over_edges_ms": spread(peer),
        "ratio_of_medians": round(spread(ours)["median"] / spread(peer)["median"], 2),
    }


def _built() -> dict[str, Any]:
    chance = random.Random(11)  # noqa: S311  as above
    files = {
        f"shop/p{n % 40}/m{n}.py": "".join(
            f"from shop.p{m % 40} import m{m}\n" for m in (chance.randrange(FILES) for _ in range(EDGES))
        )
        + "\n\ndef f(a):\n    return a\n" * 20
        for n in range(FILES)
    }
    pattern = re.compile(r"(?m)^(?:from|import) .*$")

    def made() -> int:
        imports_of.cache_clear()
        return len(graph_of(BaseTree(files=files, known=True)).users)

    ours = [milliseconds(made) for _ in range(3)]
    peer = [milliseconds(lambda: [pattern.findall(text) for text in files.values()]) for _ in range(3)]
    return {
        "built_files": FILES,
        "build_ms": spread(ours),
        "peer_pattern_ms": spread(peer),
        "build_ratio": round(spread(ours)["median"] / spread(peer)["median"], 2),
    }


if __name__ == "__main__":
    import json

    print(json.dumps(main(), indent=2))
