"""Counting what bench_harmless.py measured, and writing the tables of docs/measured.md.

Every share carries its count and its Wilson 95 % interval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from baselines import BASELINES

PAGE = Path(__file__).resolve().parent.parent / "docs/measured.md"
START: Final = "<!-- figures: written by bench/bench_harmless.py -->"
END: Final = "<!-- end of figures -->"
Z: Final = 1.96
Row = dict[str, Any]

PAGES: Final = frozenset({"docs", "formatting", "comments"})
CLASSES_OF_KIND: Final[dict[str, frozenset[str]]] = {
    "prose": PAGES,
    "changelog": PAGES,
    "link": PAGES,
    "markdown layout": PAGES,
    "docs code": PAGES,
    "generated": PAGES | {"tests"},
    "config text": PAGES | {"benign_config"},
    "comments": frozenset({"comments", "docs", "formatting", "tests"}),
    "attributes": frozenset({"comments", "docs", "formatting", "lint", "code"}),
    "whitespace": frozenset({"formatting", "comments", "lint"}),
    "added test": frozenset({"tests"}),
    "changed test": frozenset({"tests", "comments", "formatting", "lint"}),
    "refactor": frozenset({"code", "lint", "formatting"}),
}
"""Which classes name a low-risk commit of a kind rightly."""


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share, in per cent."""
    if n == 0:
        return 0.0, 100.0
    share, z2 = hits / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z * ((share * (1 - share) + z2 / (4 * n)) / n) ** 0.5 / (1 + z2 / n)
    return round(100 * max(0.0, middle - reach), 1), round(100 * min(1.0, middle + reach), 1)


def share(rows: Sequence[Row], holds: Callable[[Row], bool]) -> Row:
    """Count, n and interval."""
    hits = sum(1 for row in rows if holds(row))
    return {"hits": hits, "n": len(rows), "interval": list(wilson(hits, len(rows)))}


def shown(found: Mapping[str, Any]) -> str:
    """`12/40 30 % (18-45)`."""
    if not found["n"]:
        return "-"
    low, high = found["interval"]
    return f"{found['hits']}/{found['n']} {100 * found['hits'] / found['n']:.0f} % ({low:.0f}-{high:.0f})"


def _auto(side: str) -> Callable[[Row], bool]:
    return lambda row: bool(row[side]["auto"])


def _at_most_one(row: Row) -> bool:
    return row["within"]["strictness"] in {"auto", "one"}


def _rightly_named(row: Row) -> bool:
    return _at_most_one(row) and set(row["within"]["classes"]) <= CLASSES_OF_KIND[row["kind"]]


def _by(rows: Sequence[Row], key: str) -> dict[str, Row]:
    groups = Counter(row[key] for row in rows)
    return {
        name: {
            "auto": share([row for row in rows if row[key] == name], _auto("within")),
            "at_most_one": share([row for row in rows if row[key] == name], _at_most_one),
        }
        for name, _ in groups.most_common()
    }


def summary(labels: Iterable[Row], found: Mapping[str, Row]) -> Row:
    """All figures; a commit that could not be measured counts as not recognised."""
    failed = {"auto": False, "strictness": "two", "classes": ["unknown"], "why": ["could not be judged"]}
    rows = [
        {"within": failed, "without": failed, "accepted_by": [], **label, **found[label["sha"]]}
        for label in labels
        if label["sha"] in found
    ]
    low, not_low = [r for r in rows if r["low"]], [r for r in rows if not r["low"]]
    why = Counter(text for row in low for text in row["within"]["why"])
    return {
        "headline": {
            "n_low": len(low),
            "n_not_low": len(not_low),
            "not_judged": sum(1 for row in rows if "error" in row),
            "auto_with_repository": share(low, _auto("within")),
            "auto_without": share(low, _auto("without")),
            "at_most_one": share(low, _at_most_one),
            "at_most_one_and_rightly_named": share(low, _rightly_named),
            "not_low_accepted": share(not_low, _auto("within")),
            "not_low_accepted_without": share(not_low, _auto("without")),
        },
        "random_stratum": share([r for r in low if r["stratum"] == "random"], _auto("within")),
        "accepted_not_low": sorted(f"{r['repo']} {r['sha']}" for r in not_low if r["within"]["auto"]),
        "kinds": _by(low, "kind"),
        "languages": _by(low, "language"),
        "why_not": dict(why.most_common(25)),
        "baselines": {
            name: {
                "low": share(low, lambda r, name=name: name in r["accepted_by"]),  # type: ignore[misc]
                "not_low": share(not_low, lambda r, name=name: name in r["accepted_by"]),  # type: ignore[misc]
            }
            for name in BASELINES
        },
    }


def _compared(whole: Row) -> list[str]:
    figures, sets = whole["figures"], whole["attacks"]
    head = figures["headline"]
    names = list(sets)
    lines = [
        f"| rule | low-risk let through | others let through | {' | '.join(f'attacks, {n}' for n in names)} |",
        "|" + "---|" * (3 + len(names)),
    ]
    rows = [("magistrate", "**Magistrate**, with the repository", head["auto_with_repository"])]
    rows += [(name, f"{name} {what}", figures["baselines"][name]["low"]) for name, (what, _) in BASELINES.items()]
    for name, what, low in rows:
        others = head["not_low_accepted"] if name == "magistrate" else figures["baselines"][name]["not_low"]
        cells = []
        for of in sets.values():
            needs_title = name[0] in "PC"
            n = of["titled"] if needs_title else of["n"]
            hits = of["through"].get(name, 0)
            cells.append(shown({"hits": hits, "n": n, "interval": wilson(hits, n)}) if n else "no titles")
        lines.append(f"| {what} | {shown(low)} | {shown(others)} | {' | '.join(cells)} |")
    return lines


def _table(title: str, groups: Mapping[str, Row]) -> list[str]:
    lines = ["", f"| {title} | automatic | one approval at most |", "|---|---|---|"]
    return lines + [f"| {name} | {shown(of['auto'])} | {shown(of['at_most_one'])} |" for name, of in groups.items()]


def write_page(whole: Row) -> None:
    """Put the tables between the marks of docs/measured.md."""
    figures = whole["figures"]
    head = figures["headline"]
    words = {
        "auto_with_repository": "low-risk commits that are automatic, with the repository",
        "auto_without": "the same without the repository",
        "at_most_one": "low-risk commits that ask for one approval at most",
        "at_most_one_and_rightly_named": "of them with every file's class rightly named",
        "not_low_accepted": "other commits that are automatic (must be 0)",
        "not_low_accepted_without": "the same without the repository (must be 0)",
    }
    lines = ["", "| what | measured |", "|---|---|"]
    lines += [f"| {text} | {shown(head[key])} |" for key, text in words.items()]
    lines += [f"| low-risk commits of the random part alone, automatic | {shown(figures['random_stratum'])} |"]
    lines += [f"| could not be judged | {head['not_judged']} |", ""]
    lines += _compared(whole)
    lines += [*_table("kind", figures["kinds"]), *_table("language", figures["languages"])]
    lines += ["", "| what stands in the way of low-risk commits | commits |", "|---|---|"]
    lines += [f"| {text.replace('|', '/')} | {count} |" for text, count in figures["why_not"].items()]
    text = PAGE.read_text()
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text("\n".join([before + START, *lines, "", END]) + after)
