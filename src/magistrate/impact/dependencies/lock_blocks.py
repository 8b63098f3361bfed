"""A lock in TOML, parsed package by package: two sides of a change share most of them.

`[[package]]` at the margin begins a new element of that array and nothing else (TOML 1.0, "Array of Tables",
https://toml.io/en/v1.0.0#array-of-tables); in a lock without texts over several lines such a line is never a part of a
value that could be accepted. So the document is what stands before the first, and each package for itself.

Rule kept: the answer is that of the parser over the whole text. Where a part says more than its package, or is not
accepted alone, the whole is parsed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

HEAD: Final = "[[package]]\n"
KEPT: Final = 2_048
MAX_KEPT: Final = 20_000
"""Characters of a package that is kept for the next lock."""


def lock_document(text: str) -> dict[str, Any]:
    """The document of a text without texts over several lines; its packages are shared and not to be changed.

    Raises:
        ValueError: the parser does not accept it. RecursionError: nested too deeply.
    """
    first, *blocks = f"\n{text}".split(f"\n{HEAD}")
    try:
        document, last = _loads(first), _loads(HEAD + blocks.pop()) if blocks else {}
        packages = [_kept(block) if len(block) <= MAX_KEPT else _package(block) for block in blocks]
    except ValueError:
        return _loads(text)
    if {"package", *last} & set(document) or len(last.get("package", ())) != bool(last):
        return _loads(text)
    return {**document, **last, **({"package": [*packages, *last["package"]]} if last else {})}


def _package(block: str) -> dict[str, Any]:
    """The one package of a block; raises ValueError where it says anything else."""
    match _loads(HEAD + block):
        case {"package": [dict(package)], **rest} if not rest:
            return package
    raise ValueError("the block holds more than its package")


_kept = lru_cache(maxsize=KEPT)(_package)


def _loads(text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  only where a file asks for it

    return tomllib.loads(text, parse_float=str)
