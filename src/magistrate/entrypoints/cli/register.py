"""Telling control of a repository that policy names and the gate holds."""

from __future__ import annotations

from magistrate.entrypoints.cli.client import Client
from magistrate.entrypoints.cli.policy_files import read_source
from magistrate.errors import NotFound
from magistrate.settings import Settings

_REPOSITORIES = "/api/v1/people/repositories"


def ensure_registered(client: Client, settings: Settings, name: str) -> None:
    """Register a repository with control unless it is known there.

    Raises:
        NotFound: MAG-E606 when policy names none of that name. Refused: as control says.
    """
    known = {row["repository"] for row in client.get(_REPOSITORIES)["repositories"] if row["ready"]}
    if name in known:
        return
    for found in read_source(settings.policies).repository:
        if found.name == name:
            client.post(
                _REPOSITORIES,
                {"repository": name, "ref": found.ref, "environment": found.environment, "git_dir_ready": True},
            )
            return
    raise NotFound("MAG-E606", f"policy names no repository `{name[:60]}`", hint="magistrate repository list")
