"""Write docs/provers.md from the provers themselves: claims, rules, refusals, limits, cases.

What is listed is `impact/assess.py` PROVERS, in its order; the words come from the docstrings, from
docs/reference/provers/ and from the README of each case. `--check` writes nothing and exits 1 when
the page is not what the provers say.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from magistrate.domain.impact import STRICTNESS_ORDER, Strictness, strictness_of
from magistrate.impact.assess import BASE_RULE, GATE_RULE, NO_PROVER, PROVERS
from magistrate.impact.base import Prover

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/provers.md"
REFERENCE = ROOT / "docs/reference/provers"
CASES = ROOT / "tests/corpus/provers"
ASKS = {"auto": "nobody", "one": "one person", "two": "two people", "deny": "denied"}
PARAGRAPH = re.compile(r"\*\*(Claim|Cases)\.\*\*.*?(?=\n\n|\Z)", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)\s]+)\)")
HEAD = f"""# What is proven, and how

<!-- written by `make docs` from the provers; do not edit -->

A file starts as `unknown` and asks for two people. Each prover below reads files of its kind and may lower one, with a
proof about the bytes that an independent checker can verify again; the first proof that holds, in the order of this
page, is the one that counts. Sensors and denials only raise: nothing here takes back what they say
(`docs/reference/sensors/`). `magistrate assess --explain FILE` shows everything that was tried for a file.

All proofs of equality mean: equal up to source positions and source-text reflection. A prover that crashes, runs out of
time or is in doubt proves nothing.

## before-any-proof

| rule | when |
|---|---|
| `{GATE_RULE}` | a path, a mode, an encoding, a size or hidden text bars every proof, before any prover looks |
| `{BASE_RULE}` | the bytes would prove it, yet without the whole base tree nobody knows what pins or reads the file |
| `{NO_PROVER}` | no prover reads this kind of file |
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One folder of the corpus: its name, what it shows, and whether it must be proven."""

    name: str
    shows: str
    proven: bool


def units() -> dict[str, list[Prover]]:
    """The provers by the module that they are in, in order."""
    found: dict[str, list[Prover]] = {}
    for prover in PROVERS:
        found.setdefault(type(prover).__module__.rsplit(".", 1)[-1], []).append(prover)
    return found


def language_of(prover: Prover) -> str | None:
    """The language that a prover reads, where it reads one."""
    name = getattr(getattr(prover, "language", None), "name", None)
    return name if isinstance(name, str) else None


def cases_of(unit: str) -> list[Case]:
    """Every case of a unit, the proven first."""
    folder = CASES / unit
    found = []
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        readme = place / "README.md"
        said = readme.read_text().strip().split("\n")[0].lstrip("# ") if readme.is_file() else ""
        found.append(Case(name=place.name, shows=said, proven=not place.name.endswith("_refuted")))
    return sorted(found, key=lambda case: (not case.proven, case.name))


def languages_table() -> Iterator[str]:
    """What is proven of each language, by unit."""
    named = {unit: [p for p in provers if language_of(p)] for unit, provers in units().items()}
    columns = [unit for unit, provers in named.items() if provers]
    rows: dict[str, dict[str, str]] = {}
    for unit in columns:
        for prover in named[unit]:
            rows.setdefault(str(language_of(prover)), {})[unit] = prover.name
    yield "| language | " + " | ".join(f"[{unit}](#{unit})" for unit in columns) + " | cases |"
    yield "|---" * (len(columns) + 2) + "|"
    corpus = {unit: cases_of(unit) for unit in columns}
    for name in sorted(rows):
        cells = [_cell(rows[name].get(unit), name, corpus[unit]) for unit in columns]
        own = [case for unit in columns for case in corpus[unit] if case.name.startswith(f"{name}_")]
        count = f"{sum(case.proven for case in own)} proven, {sum(not case.proven for case in own)} refuted"
        yield f"| {name} | " + " | ".join(cells) + f" | {count} |"


def _cell(rule: str | None, language: str, cases: list[Case]) -> str:
    """A rule of a language; where the corpus has no case of it that is proven, that is said."""
    if rule is None:
        return ""
    proven = any(case.proven and case.name.startswith(f"{language}_") for case in cases)
    return f"`{rule}`" if proven else f"`{rule}`, no case proven"


def kinds_table() -> Iterator[str]:
    """Every unit with the class that it proves and what that asks for."""
    yield "| proof | class | asks for | rules | cases |"
    yield "|---|---|---|---|---|"
    for unit, provers in units().items():
        kinds = sorted({prover.change_class for prover in provers})
        asked = ASKS[max((*map(strictness_of, kinds), *_least(provers[0])), key=STRICTNESS_ORDER.index)]
        cases = cases_of(unit)
        names = [prover.name for prover in provers if language_of(prover) is None]
        rules = ", ".join(f"`{name}`" for name in names) or f"one for each of {len(provers)} languages"
        yield f"| [{unit}](#{unit}) | {', '.join(map(str, kinds))} | {asked} | {rules} | {len(cases)} |"


def _least(prover: Prover) -> list[Strictness]:
    """What the proofs of a module ask for at least, as its source says it (`asks=Strictness.ONE`)."""
    source = inspect.getsource(sys.modules[type(prover).__module__])
    return [Strictness[name] for name in re.findall(r"asks=Strictness\.([A-Z]+)", source)]


def unit_section(unit: str, provers: list[Prover]) -> Iterator[str]:
    """One prover module: claim, how it is made, rules, refusals, limits, cases."""
    module = sys.modules[type(provers[0]).__module__]
    claim, _, rest = (inspect.getdoc(module) or "").partition("\n\n")
    yield f"## {unit}\n"
    yield f"**Claim.** {claim.removeprefix('Claim: ')[:1].upper()}{claim.removeprefix('Claim: ')[1:]}\n"
    if rest:
        yield f"{rest}\n"
    for kind in dict.fromkeys(type(prover) for prover in provers):
        said = inspect.getdoc(kind)
        if said and not said.startswith(kind.__name__ + "("):
            yield f"{said}\n"
    reference = REFERENCE / f"{unit}.md"
    if reference.is_file():
        body = reference.read_text().split("\n", 1)[1]
        yield _moved(PARAGRAPH.sub("", body)).strip() + "\n"
    cases = cases_of(unit)
    yield f"**Cases.** {sum(c.proven for c in cases)} proven and {sum(not c.proven for c in cases)} refuted, in "
    yield f"`tests/corpus/provers/{unit}/`; those that end with `_refuted` must never be proven.\n"
    yield "<details><summary>all cases</summary>\n"
    for case in cases:
        yield f"- `{case.name}`" + (f": {case.shows}" if case.shows else "")
    yield "\n</details>\n"


def page() -> str:
    """The whole page."""
    parts = [HEAD, "## What there is\n", *kinds_table(), "\n## By language\n", *languages_table(), ""]
    for unit, provers in units().items():
        parts += unit_section(unit, provers)
    lines = "\n".join(parts).split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).rstrip() + "\n"


def _moved(text: str) -> str:
    """Links of a page below docs/reference/provers/, as they are written in docs/."""
    return LINK.sub(lambda found: f"]({_from_docs(found[1])})", text)


def _from_docs(target: str) -> str:
    path, sign, anchor = target.partition("#")
    place = (REFERENCE / path).resolve()
    return _relative(place) + sign + anchor


def _relative(place: Path) -> str:
    docs = PAGE.parent
    return place.relative_to(docs).as_posix() if docs in place.parents else f"../{place.relative_to(ROOT).as_posix()}"


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    text = page()
    current = PAGE.is_file() and PAGE.read_text() == text
    if "--check" in arguments:
        if not current:
            print("docs/provers.md is not what the provers say: run `make docs`")
        return 0 if current else 1
    if not current:
        PAGE.write_text(text)
        print("wrote docs/provers.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
