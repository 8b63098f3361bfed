"""What the project takes from others: manifests, locks, sources."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:[^/]*requirements[^/]*\.(?:txt|in|ya?ml)|constraints[^/]*\.txt|pyproject\.toml|setup\.(?:py|cfg)|pipfile[^/]*|poetry\.lock|uv\.lock|pdm\.lock|"
    r"package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-(?:lock|workspace)\.yaml|bun\.lockb?|go\.(?:mod|sum|work)|cargo\.(?:toml|lock)|"
    r"pom\.xml|build\.gradle[^/]*|gradle\.lockfile|gemfile[^/]*|composer\.(?:json|lock)|[^/]*\.csproj|packages\.config|\.terraform\.lock\.hcl|\.gitmodules|environment\.ya?ml|flake\.(?:nix|lock))$"
)


def _role(file: ChangedFile) -> str | None:
    return "a dependency or where it comes from may change: never low by proof" if named(file, PATHS) else None


SENSOR: Final = RuleSensor(
    name="dependency",
    kind=ChangeClass.DEPENDENCY,
    role=_role,
    rules=(
        rule(
            r"extra-index-url|index-url|\bregistry\s*[=:]|git\+(?:https|ssh)|npm:|\bresolved\b.*http|integrity",
            "a source or a checksum of a dependency",
        ),
        rule(r"^[A-Za-z0-9_.\[\]-]+\s*(?:==|~=|>=)\s*\d[\w.]*(?:\s*;.*)?$|^\s*image:\s*\S+", "a pinned version"),
    ),
)
