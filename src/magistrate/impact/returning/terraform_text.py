"""Terraform and OpenTofu: resources that disappear, protections that are taken away, states that are moved.

Rule kept: an address that a `moved` block takes elsewhere, or a `removed` block keeps alive, is not destroyed,
yet the state changes hands, which is named. A file that no grammar reads is an operation that nobody could read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.terraform import Block, UnreadableError, blocks, is_terraform
from magistrate.impact.returning.model import Found, Holding, Operation, Side, one_line

STORES: Final = rx(
    r"(?:_db_|rds|database|dynamodb_table|s3_bucket|bucket|volume|disk|efs|fsx|elasticache|redis|memory|sql|bigtable|bigquery|"
    r"spanner|firestore|cosmosdb|storage|backup|vault|kms|key|secret|snapshot|queue|topic|kinesis|opensearch|elasticsearch|zone|record|persistent)"
)
HELD: Final = (
    "deletion_protection", "deletion_protection_enabled", "enable_deletion_protection", "termination_protection",
    "disable_api_termination", "disable_api_stop", "prevent_destroy", "deletion_policy", "point_in_time_recovery",
    "point_in_time_recovery_enabled", "soft_delete_enabled", "purge_protection_enabled", "enable_purge_protection",
)  # fmt: skip
LETS_GO: Final = (
    "force_destroy", "skip_final_snapshot", "force_delete", "delete_automated_backups", "force_destroy_user",
    "purge_soft_delete_on_destroy", "delete_contents_on_destroy", "delete_on_termination", "force_remove",
    "final_snapshot_disabled", "disable_on_destroy",
)  # fmt: skip
ZERO: Final = ("backup_retention_period", "recovery_window_in_days", "snapshot_retention_limit", "count")
_OFF: Final = frozenset({"false", "null", "0", "", "none", "delete", "abandon"})
_REACH: Final = 6


def read(side: Side) -> Iterable[Found]:
    """Of a file of Terraform."""
    if not is_terraform(side.path):
        return ()
    try:
        found = blocks(side.path, side.text)
    except UnreadableError as error:
        text = one_line(side.text)
        return (Operation(name="cannot be read", text=text, line=0, why=f"what it destroys cannot be read: {error}"),)
    return tuple(one for block in found for one in _of_block(block))


def _of_block(block: Block) -> Iterator[Found]:
    if block.kind == "resource":
        yield _held(block, f"{block.type}.{block.name}")
        yield from _settings(block, f"{block.type}.{block.name}", block.body, 0)
    elif block.kind == "module":
        yield _held(block, f"module.{block.name}")
        yield from _settings(block, f"module.{block.name}", block.body, 0)
    elif block.kind in {"moved", "removed"}:
        yield from _state(block)
    elif block.kind == "terraform":
        for kind in ("backend", "cloud"):
            if kind in block.body:
                shown = json.dumps(block.body[kind], sort_keys=True)
                why = "the state is kept elsewhere: what it knew may be made a second time, or forgotten"
                yield Operation(name="move state", text=f"{kind} {shown}", line=block.line, why=why)


def _held(block: Block, address: str) -> Holding:
    holds = " and what it holds are" if STORES.search(address) else " is"
    why = f"`{address}` is no longer declared, so it{holds} destroyed"
    return Holding(name="destroy", key=f"{block.folder} {address}", shown=address, line=block.line, why=why)


def _state(block: Block) -> Iterator[Found]:
    source = _plain(block.body.get("from"))
    kept = block.kind == "moved"
    if block.kind == "removed":
        cycle = block.body.get("lifecycle") or [{}]
        kept = isinstance(cycle, list) and _plain(cycle[0].get("destroy")).lower() == "false"
    text = json.dumps(block.body, sort_keys=True)
    name = "move state" if kept else "destroy"
    why = f"`{source[:80]}`: " + ("its entry in the state moves" if kept else "it is destroyed")
    yield Operation(name=name, text=f"{block.kind} {text}", line=block.line, why=why)
    if kept:
        yield Holding(name="destroy", key=f"{block.folder} {source}", shown=source, line=block.line, why=why)


def _settings(block: Block, address: str, body: Mapping[str, Any], depth: int) -> Iterator[Found]:
    """Protections and their opposites at any depth of a block; what is filled in later may be either."""
    for key, value in body.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and depth < _REACH:
                yield from _settings(block, address, one, depth + 1)
        if isinstance(value, list | dict):
            continue
        said = _plain(value)
        if key in HELD and said.lower() not in _OFF:
            why = f"`{key}` no longer keeps `{address}` from being destroyed"
            yield Holding(
                name="protection off", key=f"{block.folder} {address} {key} {said}", shown=key, line=block.line, why=why
            )
        elif key in LETS_GO and said.lower() not in _OFF - {"delete", "abandon"}:
            why = f"`{key} = {said[:40]}`: `{address}` may be destroyed with all it holds"
            yield Operation(name="protection off", text=f"{address} {key} {said}", line=block.line, why=why)
        elif key in ZERO and said == "0":
            why = f"`{key} = 0` leaves nothing of `{address}`" if key == "count" else f"`{key} = 0` keeps no copy"
            name = "destroy" if key == "count" else "protection off"
            yield Operation(name=name, text=f"{address} {key} {said}", line=block.line, why=why)


def _plain(value: object) -> str:
    """A value as text: what is filled in later as it is written, truths in lower case."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else re.sub("[\ue200\ue201]", "", str(value)).strip()
