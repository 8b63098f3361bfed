"""Override files of Terraform: what stands in `override.tf` or `NAME_override.tf` takes the place of what others say.

Follows "Override Files" of Terraform's language: files in the order of their names, arguments one by one, nested blocks of
one kind all together, locals one by one. Rule kept: what was overridden counts on neither side.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.terraform import GIVEN, Block

_OVERRIDES: Final = rx(r"(?:.*_)?override\.(?:tf|tofu)(?:\.json)?")


def merged_overrides(found: Sequence[Block]) -> list[Block]:
    """The blocks with what overrides them in its place; one that overrides nothing stays as it is."""
    later = sorted((one for one in found if _overrides(one)), key=lambda one: posixpath.basename(one.path))
    if not later:
        return list(found)
    kept = [one for one in found if not _overrides(one)]
    for one in later:
        at = next((number for number, had in enumerate(kept) if _same(had, one)), None)
        if one.kind == "locals":
            kept = [_without(had, one) for had in kept] + [one]
        elif at is None:
            kept.append(one)
        else:
            kept[at] = replace(kept[at], body={**kept[at].body, **one.body})
    return kept


def _overrides(block: Block) -> bool:
    return block.kind != GIVEN and _OVERRIDES.fullmatch(posixpath.basename(block.path)) is not None


def _same(one: Block, other: Block) -> bool:
    return (one.folder, one.kind, one.type, one.name) == (other.folder, other.kind, other.type, other.name)


def _without(had: Block, other: Block) -> Block:
    if had.kind != "locals" or had.folder != other.folder:
        return had
    return replace(had, body={name: value for name, value in had.body.items() if name not in other.body})
