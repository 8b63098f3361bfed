"""The readers of rights, one a domain: the explicit list. To add one is a file in `domains/` and a line here."""

from __future__ import annotations

from collections.abc import Mapping
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
    k8s_network,
    k8s_pods,
    k8s_rbac,
    security_groups,
    sql,
    sudoers,
    systemd,
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
    k8s_network.READER,
    k8s_pods.READER,
    k8s_rbac.READER,
    security_groups.READER,
    sql.READER,
    sudoers.READER,
    systemd.READER,
)


def grants_of(files: Mapping[str, str], readers: tuple[Reader, ...] = READERS) -> Grants:
    """The rights in one state of the files; a reader that fails leaves all that it reads unknown."""
    return merged({reader.domain: _read(reader, files) for reader in readers})


def _read(reader: Reader, files: Mapping[str, str]) -> Grants:
    mine = {path: files[path] for path in sorted(files) if reader.reads(path)}
    try:
        return reader.grants(mine)
    except Exception as error:  # noqa: BLE001 - a crash must cost these files their answer and nothing else
        why = f"the reader of `{reader.domain}` failed ({type(error).__name__})"
        failed = [Unknown(domain=reader.domain, why=why, text=mine[path], place=Place(path=path)) for path in mine]
        return Grants(unknown=tuple(failed))


def touched(changed: Mapping[str, str], readers: tuple[Reader, ...] = READERS) -> tuple[Reader, ...]:
    """The readers that find anything in these files alone: the others have nothing to compare.

    A reader may have something to say of no file at all: without CODEOWNERS anybody's approval is enough.
    """
    return tuple(reader for reader in readers if _read(reader, changed) != _read(reader, {}))
