"""What has to hold to get through: atoms, and, or, not; and whether one of them asks for no less than others.

Rule kept: `implied` says yes only after every assignment was looked at, or where the same formula stands there;
what is too large to look at is not implied, which a sensor tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Final

from magistrate.impact.compiled import rx

Formula = bool | str | tuple[object, ...]
"""True, False, an atom by its text, or `("and" | "or" | "not", part, ...)`."""
LOGIN: Final = "login"
"""The atom of whoever came in at all; an atom that begins with `guard ` asks for that and more."""
SECRET: Final = rx(r"(?i)secret|passw|api_?key|private_?key|credential|signing|\bkey")
ANY_LITERAL: Final = rx(r"'[^']*'|\"[^\"]*\"|(?<==)[^\s,()]+")
LONG_LITERAL: Final = rx(r"'[^']{30,}'|\"[^\"]{30,}\"|[\w+/=-]{48,}")
MOST_ATOMS: Final = 9
MOST_DEPTH: Final = 60


def both(parts: Iterable[Formula]) -> Formula:
    """All of the parts; none is no demand."""
    return _joined("and", parts, empty=True)


def either(parts: Iterable[Formula]) -> Formula:
    """One of the parts; none is never."""
    return _joined("or", parts, empty=False)


def negated(part: Formula) -> Formula:
    """The opposite."""
    if isinstance(part, bool):
        return not part
    if isinstance(part, tuple) and part[0] == "not":
        return part[1]  # type: ignore[return-value]
    return ("not", part)


def _joined(word: str, parts: Iterable[Formula], *, empty: bool) -> Formula:
    kept: list[Formula] = []
    for part in parts:
        if part is (not empty):
            return not empty
        inner = part[1:] if isinstance(part, tuple) and part[0] == word else (part,)
        kept += [one for one in inner if one is not empty and one not in kept]  # type: ignore[misc]
    if not kept:
        return empty
    return kept[0] if len(kept) == 1 else (word, *kept)


def atoms(of: Formula) -> Iterator[str]:
    """Every atom, as often as it stands there."""
    pending: list[object] = [of]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, tuple):
            pending += one[1:]


def holds(of: object, true: frozenset[str], depth: int = 0) -> bool:
    """Whether a formula holds where exactly these atoms do.

    Raises:
        RecursionError: nested too deeply to judge.
    """
    if depth > MOST_DEPTH:
        raise RecursionError("nested too deeply to judge")
    if isinstance(of, bool):
        return of
    if isinstance(of, str):
        return of in true
    word, parts = _parts(of)
    if word == "not":
        return not holds(parts[0], true, depth + 1)
    found = (holds(one, true, depth + 1) for one in parts)
    return all(found) if word == "and" else any(found)


def _parts(of: object) -> tuple[object, tuple[object, ...]]:
    return (of[0], of[1:]) if isinstance(of, tuple) else (None, ())


def implied(asked: Formula, by: Sequence[Formula]) -> bool:
    """Whether whoever meets every one of `by` meets `asked` as well."""
    if asked is True or asked in by or False in by:
        return True
    wanted = set(atoms(asked))
    special = any(one.startswith("guard ") for one in wanted) or LOGIN in wanted
    near = [one for one in by if wanted & set(atoms(one)) or (special and any(map(_guards, atoms(one))))]
    names = sorted(wanted | {name for one in near for name in atoms(one)})
    if len(names) > MOST_ATOMS:
        return any(_in_small(asked, one) for one in near)
    return _for_all(asked, near, names)


def _in_small(asked: Formula, one: Formula) -> bool:
    names = sorted({*atoms(asked), *atoms(one)})
    return len(names) <= MOST_ATOMS and _for_all(asked, [one], names)


def _for_all(asked: Formula, given: Sequence[Formula], names: Sequence[str]) -> bool:
    for values in product((False, True), repeat=len(names)):
        true = frozenset(name for name, value in zip(names, values, strict=True) if value)
        if LOGIN in names and LOGIN not in true and any(map(_guards, true)):
            continue
        if all(holds(one, true) for one in given) and not holds(asked, true):
            return False
    return True


def _guards(name: str) -> bool:
    return name.startswith("guard ") or name == LOGIN


def shown(of: Formula) -> str:
    """A formula as a person writes it, short."""
    return readable(_shown(of), 90)


def readable(said: str, most: int) -> str:
    """A text on one line, cut, without hidden characters and without long literals or any beside a word for a secret."""
    said = (ANY_LITERAL if SECRET.search(said) else LONG_LITERAL).sub("'...'", said)
    said = "".join(one if one.isprintable() else " " for one in said).replace("`", "'")
    return said if len(said) <= most else said[: most - 3] + "..."


def _shown(of: object, depth: int = 0) -> str:
    if depth > MOST_DEPTH:
        return "..."
    if isinstance(of, bool):
        return "nothing" if of else "nobody may"
    if isinstance(of, str):
        return of.removeprefix("guard ")
    word, parts = _parts(of)
    if word == "not":
        return f"not ({_shown(parts[0], depth + 1)})"
    return f" {word} ".join(
        f"({_shown(one, depth + 1)})" if isinstance(one, tuple) and one[0] != "not" else _shown(one, depth + 1)
        for one in parts
    )
