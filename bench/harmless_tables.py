"""Counting what bench_harmless.py measured, and writing the tables of docs/measured.md.

Every share carries its count and its Wilson 95 % interval. Set 1 was tuned on after its first figure;
set 2 is told by its first figure, which stays, and by the newest one beside it.
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
    return {name: _of_group([row for row in rows if row[key] == name]) for name, _ in groups.most_common()}


def _of_group(rows: Sequence[Row]) -> Row:
    return {
        "auto": share(rows, _auto("within")),
        "at_most_one": share(rows, _at_most_one),
        "stands": dict(_stands(rows).most_common(3)),
    }


def _stands(rows: Iterable[Row]) -> Counter[str]:
    """What keeps low-risk commits at more than one person, without what only repeats another reason."""
    return Counter(
        text
        for row in rows
        if not _at_most_one(row)
        for text in row["within"]["why"]
        if "; no ordinary code" not in text
    )


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
        "random_at_most_one": share([r for r in low if r["stratum"] == "random"], _at_most_one),
        "accepted_not_low": sorted(f"{r['repo']} {r['sha']}" for r in not_low if r["within"]["auto"]),
        "kinds": _by(low, "kind"),
        "languages": _by(low, "language"),
        "why_not": dict(why.most_common(25)),
        "why_more_than_one": dict(_stands(low).most_common(25)),
        "baselines": {
            name: {
                "low": share(low, lambda r, name=name: name in r["accepted_by"]),  # type: ignore[misc]
                "not_low": share(not_low, lambda r, name=name: name in r["accepted_by"]),  # type: ignore[misc]
            }
            for name in BASELINES
        },
    }


HEADLINES: Final = {
    "auto_with_repository": "low-risk commits that are automatic, with the repository",
    "auto_without": "the same without the repository",
    "at_most_one": "low-risk commits that ask for one approval at most",
    "at_most_one_and_rightly_named": "of them with every file's class rightly named",
    "not_low_accepted": "other commits that are automatic (must be 0)",
    "not_low_accepted_without": "the same without the repository (must be 0)",
}


def _headlines(tuned: Row, unseen: Row, first: Row) -> list[str]:
    whole_of = [tuned, first, unseen]
    shown_of = [whole["figures"] for whole in whole_of]
    lines = [
        "| what | set 1 (tuned on), measured last | **set 2, first figure** | set 2, measured last |",
        "|---|---|---|---|",
        f"| measured with the version at | {' | '.join(whole.get('at', '')[:7] or '-' for whole in whole_of)} |",
    ]
    for key, text in HEADLINES.items():
        lines.append(f"| {text} | {' | '.join(shown(of['headline'][key]) for of in shown_of)} |")
    for key, text in (("random_stratum", "automatic"), ("random_at_most_one", "one approval at most")):
        random = " | ".join(shown(of[key]) for of in shown_of)
        lines.append(f"| low-risk commits of the random part alone, {text} | {random} |")
    failed = " | ".join(str(of["headline"]["not_judged"]) for of in shown_of)
    return [*lines, f"| could not be judged | {failed} |"]


def _compared(tuned: Row, first: Row) -> list[str]:
    """Each rule on both sets and on the attacks; Magistrate on set 2 by its first figure."""
    sets = tuned["attacks"]
    heads = [
        "set 1, low-risk let through",
        "set 1, others let through",
        "set 2, low-risk let through",
        "set 2, others let through",
        *(f"attacks, {name}" for name in sets),
    ]
    lines = [f"| rule | {' | '.join(heads)} |", "|" + "---|" * (1 + len(heads))]
    named = {"magistrate": "**Magistrate**, with the repository"}
    named |= {name: f"{name} {what}" for name, (what, _) in BASELINES.items()}
    for name, what in named.items():
        cells = []
        for of in (tuned["figures"], first["figures"]):
            mine = {"low": of["headline"]["auto_with_repository"], "not_low": of["headline"]["not_low_accepted"]}
            rule = mine if name == "magistrate" else of["baselines"][name]
            cells += [shown(rule["low"]), shown(rule["not_low"])]
        cells += [_attacked(name, of) for of in sets.values()]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return lines


def _attacked(name: str, of: Row) -> str:
    n = of["titled"] if name[0] in "PC" else of["n"]
    hits = of["through"].get(name, 0)
    return shown({"hits": hits, "n": n, "interval": wilson(hits, n)}) if n else "no titles"


def _table(title: str, tuned: Mapping[str, Row], first: Mapping[str, Row]) -> list[str]:
    heads = [title]
    heads += [f"{of}: {what}" for of in ("set 1", "set 2, first figure") for what in ("automatic", "one at most")]
    heads += ["set 2, first figure: what most often asks for more than one"]
    lines = ["", f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for name in [*first, *(name for name in tuned if name not in first)]:
        cells = [
            shown(of[name][key]) if name in of else "-" for of in (tuned, first) for key in ("auto", "at_most_one")
        ]
        stands = "; ".join(f"{_cell(text)} ({n})" for text, n in first.get(name, {}).get("stands", {}).items())
        lines.append(f"| {name} | {' | '.join(cells)} | {stands or '-'} |")
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "/")


def _causes(title: str, why: Mapping[str, int]) -> list[str]:
    lines = ["", f"| {title} | commits |", "|---|---|"]
    return lines + [f"| {_cell(text)} | {count} |" for text, count in why.items()]


def write_page(tuned: Row, unseen: Row, first: Row) -> None:
    """Put the tables between the marks of docs/measured.md.

    `tuned` and `unseen` are the newest results of the sets, `first` the first of the second set.
    """
    mine, theirs = tuned["figures"], first["figures"]
    lines = ["", *_headlines(tuned, unseen, first), "", *_compared(tuned, first)]
    lines += _table("kind", mine["kinds"], theirs["kinds"])
    lines += _table("language", mine["languages"], theirs["languages"])
    lines += _causes("set 2, first figure: what asks for more than one person", theirs["why_more_than_one"])
    lines += _causes("set 1: what stands in the way of being automatic", mine["why_not"])
    text = PAGE.read_text()
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text("\n".join([before + START, *lines, "", END]) + after)
