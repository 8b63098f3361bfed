"""The readers of rights, one a domain: the explicit list. To add one is a file in `domains/` and a line here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from magistrate.impact.privilege.domains import (
    aws_iam,
    branch_rules,
    code_owners,
    compose,
    dockerfile,
    file_modes,
    github_actions,
    gitlab_ci,
    infrastructure_programs,
    k8s_network,
    k8s_pods,
    k8s_rbac,
    machine_texts,
    merge_bots,
    security_groups,
    sql,
    sql_in_programs,
    sudoers,
    sudoers_in_texts,
    systemd,
    terraform_code,
)
from magistrate.impact.privilege.model import Grants, Place, Reader, Unknown, merged

READERS: Final[tuple[Reader, ...]] = (
    aws_iam.READER,
    branch_rules.READER,
    code_owners.READER,
    compose.READER,
    dockerfile.READER,
    file_modes.READER,
    github_actions.READER,
    gitlab_ci.READER,
    infrastructure_programs.READER,
    k8s_network.READER,
    k8s_pods.READER,
    k8s_rbac.READER,
    machine_texts.READER,
    merge_bots.READER,
    security_groups.READER,
    sql.READER,
    sql_in_programs.READER,
    sudoers.READER,
    sudoers_in_texts.READER,
    systemd.READER,
    terraform_code.READER,
)
BY_FILE: Final = frozenset({machine_texts.DOMAIN, merge_bots.DOMAIN, sql_in_programs.DOMAIN, sudoers_in_texts.DOMAIN})
"""Domains in which no file says anything of another: those that are the same in both states are not looked at."""


def grants_of(files: Mapping[str, str], readers: tuple[Reader, ...] = READERS) -> Grants:
    """The rights in one state of the files; a reader that fails leaves all that it reads unknown."""
    return merged({reader.domain: _read(reader, files) for reader in readers})


def grants_of_both(
    before: Mapping[str, str], after: Mapping[str, str], mine: tuple[Reader, ...], every: tuple[Reader, ...]
) -> tuple[Grants, Grants] | None:
    """The rights in two states by every reader, as `grants_of` gives them; None where `mine` find the same in both.

    A reader whose files are the same in both states is asked once.
    """
    paths = sorted({*before, *after})
    found = {reader.domain: _of_both(reader, before, after, paths) for reader in mine}
    old, new = (merged({domain: sides[at] for domain, sides in found.items()}) for at in (0, 1))
    if old == new:
        return None
    if every == mine:
        return old, new
    for reader in every:
        if reader not in mine:
            found[reader.domain] = _of_both(reader, before, after, paths)
    order = [reader.domain for reader in every]
    old, new = (merged({domain: found[domain][at] for domain in order}) for at in (0, 1))
    return old, new


def _of_both(
    reader: Reader, before: Mapping[str, str], after: Mapping[str, str], paths: Sequence[str]
) -> tuple[Grants, Grants]:
    mine = [path for path in paths if reader.reads(path)]
    if reader.domain in BY_FILE:
        mine = [path for path in mine if before.get(path) != after.get(path)]
    old, new = ({path: side[path] for path in mine if path in side} for side in (before, after))
    grants = _grants(reader, old)
    return grants, grants if old == new else _grants(reader, new)


def _read(reader: Reader, files: Mapping[str, str]) -> Grants:
    return _grants(reader, {path: files[path] for path in sorted(files) if reader.reads(path)})


def _grants(reader: Reader, mine: Mapping[str, str]) -> Grants:
    try:
        return reader.grants(mine)
    except Exception as error:  # noqa: BLE001 - a crash must cost these files their answer and nothing else
        why = f"the reader of `{reader.domain}` failed ({type(error).__name__})"
        failed = [Unknown(domain=reader.domain, why=why, text=mine[path], place=Place(path=path)) for path in mine]
        return Grants(unknown=tuple(failed))


def touched(changed: Collection[str], readers: tuple[Reader, ...] = READERS) -> tuple[Reader, ...]:
    """The readers that look at any of these paths: what a file gives may depend on it though it gives nothing by itself.

    A file of locals, of values or of patches holds no right when it stands alone.
    """
    return tuple(reader for reader in readers if any(reader.reads(path) for path in changed))
