"""Which users are in which groups of the operating system, as a list in the files says: `groups.yml`, NAME: [users].

Rule kept: a list that is not such a mapping defines no group, and its groups count as groups that live elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from magistrate.impact.privilege.domains.trees import UnreadableTreeError, documents

NAMES = frozenset({"groups.yml", "groups.yaml"})


def groups_of(files: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """The groups that are defined, each with its members."""
    found: dict[str, frozenset[str]] = {}
    for path in sorted(files):
        if path.rsplit("/", 1)[-1] in NAMES:
            for group, members in _listed(files[path]):
                found[group] = found.get(group, frozenset()) | members
    return found


def _listed(text: str) -> list[tuple[str, frozenset[str]]]:
    try:
        (root,) = documents(text) or (None,)
    except (UnreadableTreeError, ValueError):
        return []
    if not isinstance(root, dict) or not all(
        isinstance(members, list) and all(isinstance(one, str) for one in members) for members in root.values()
    ):
        return []
    return [(str(group), frozenset(members)) for group, members in root.items()]
