"""Real changes to begin with: the project's own corpus, its decision records and the judge's own source."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from paths import PACKAGE, ROOT, TESTS
from soak.mutations import Draft

from magistrate.domain.impact import FileChange
from magistrate.impact.case import parse_case

CORPUS = TESTS / "corpus"
RUFF_TOML = "line-length = 120\n[format]\nskip-magic-trailing-comma = true\n"


@cache
def corpus() -> tuple[Draft, ...]:
    """Every case of the provers' corpus and of our own attacks."""
    places = sorted(place for unit in (CORPUS / "provers").iterdir() for place in unit.iterdir())
    return (*map(_folder, places), *_attacks())


def _folder(place: Path) -> Draft:
    old, new, base = (_side(place / name) for name in ("before", "after", "base"))
    step = tuple(FileChange(path=path, before=old.get(path), after=new.get(path)) for path in sorted({*old, *new}))
    texts = {path: content.decode() for path, content in {**base, **old}.items()}
    return Draft(steps=(step,), base=texts, complete="unknown_base" not in place.name)


def _side(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


def _attacks() -> tuple[Draft, ...]:
    found = []
    for path in sorted((CORPUS / "attacks").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            case = parse_case(json.loads(line))
            found.append(Draft(steps=case.steps, base=dict(case.base.files)))
    return tuple(found)


@cache
def _sources() -> tuple[tuple[str, str], ...]:
    """The judge's own modules: what is measured is also what is judged."""
    found = [p for p in sorted((PACKAGE / "impact").rglob("*.py")) if 200 < p.stat().st_size < 12_000]
    return tuple((p.relative_to(PACKAGE).as_posix(), p.read_text()) for p in found)


@cache
def _pages() -> tuple[tuple[str, str], ...]:
    """Decision records: prose that is not rewritten once it stands."""
    found = sorted((ROOT / "docs/adr").glob("0*.md"))
    return tuple((f"guide/{p.name}", p.read_text()) for p in found)


def start(rng: random.Random) -> Draft:
    """A change to mutate: of the corpus, or a small harmless edit of a real file."""
    if rng.random() < 0.4:
        return rng.choice(corpus())
    edit = rng.choice(EDITS)
    path, before = rng.choice(_pages() if edit in PROSE_EDITS else _sources())
    after = edit(before, rng)
    if edit in UNDONE:
        before, after = after, before
    change = FileChange(path=path, before=before.encode(), after=after.encode())
    return Draft(steps=((change,),), base={path: before, "ruff.toml": RUFF_TOML, "src/z.c": "int z;\n"})


def _space(text: str, rng: random.Random) -> str:
    """Another blank line, or wider gaps around an operator, somewhere."""
    rows = text.split("\n")
    if rng.random() < 0.5:
        blank = [n for n, row in enumerate(rows) if not row]
        rows.insert(rng.choice(blank) if blank else 0, "")
        return "\n".join(rows)
    spaced = [n for n, row in enumerate(rows) if re.match(r"\s*\w+ = [^'\"]*$", row)]
    if spaced:
        at = rng.choice(spaced)
        rows[at] = rows[at].replace(" = ", "  =   ", 1)
    return "\n".join(rows) + "\n"


def _comment(text: str, rng: random.Random) -> str:
    """A harmless comment above a definition."""
    rows = text.split("\n")
    places = [n for n, row in enumerate(rows) if row.startswith(("def ", "class ", "import ", "from "))]
    rows.insert(rng.choice(places) if places else 0, f"# {rng.choice(WORDS)} {rng.choice(WORDS)} of the rows")
    return "\n".join(rows)


def _quotes(text: str, rng: random.Random) -> str:
    """Single quotes somewhere: what the formatter would undo."""
    found = list(re.finditer(r'(?<!["\w])"([^"\'\\\n{}]+)"(?!")', text))
    if not found:
        return text
    one = rng.choice(found)
    return f"{text[: one.start()]}'{one[1]}'{text[one.end() :]}"


def _unformatted(text: str, rng: random.Random) -> str:
    return _quotes(_space(text, rng), rng)


def _other_word(text: str, rng: random.Random) -> str:
    """One plain word of a page becomes another."""
    found = list(re.finditer(r"(?<=[a-z,] )[a-z]{3,}(?= [a-z])", text))
    if not found:
        return text
    one = rng.choice(found)
    return text[: one.start()] + rng.choice(WORDS) + text[one.end() :]


WORDS = ("colour", "small", "the", "wooden", "table", "quiet", "second", "morning", "garden", "plain")
PROSE_EDITS: tuple[Callable[[str, random.Random], str], ...] = (_other_word,)
UNDONE = (_quotes, _unformatted)
"""What the tool of the project takes back: the real text is the new side."""
EDITS = (_space, _comment, _quotes, _unformatted, _other_word, _other_word)
