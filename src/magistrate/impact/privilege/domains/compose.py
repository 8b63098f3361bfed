"""Compose files: what each service may do to its host and who reaches it (Compose Specification).

A request is of one `right` (a capability, a host path, a namespace, a port, a secret, ...). What
Docker grants where nothing is said is written out: its capabilities, new privileges by setuid files, a
writable root. In a file that is laid over another (not `compose.yml` itself) what is said aloud
counts as more than what is not said, for it takes back what the file below says.

Rule kept: a key that is not known, a variable, `extends` and `include` are unknown; what they name (a file, a line of
`.env`) counts with them, so that another text there is another unknown.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.cloudformation import is_template
from magistrate.impact.privilege.domains.compose_parts import beside, text_of
from magistrate.impact.privilege.domains.compose_service import DOMAIN, Service
from magistrate.impact.privilege.domains.trees import UnreadableTreeError, documents
from magistrate.impact.privilege.model import Grants, Holder, Layer, Place, Reader, Unknown

_FILE: Final = rx(r"(?:.*/)?(?:docker-)?(?:compose|stack)(?:[.-][\w.-]+)?\.ya?ml")
_BASE: Final = rx(r"(?:.*/)?(?:docker-)?compose\.ya?ml")
_TOP: Final = frozenset({"version", "name", "services", "networks", "volumes", "secrets", "configs"})


class Compositions:
    """The reader of Compose files."""

    @property
    def domain(self) -> str:
        """Name of the domain."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """`compose.yml`, `docker-compose.NAME.yaml` and the like, and what these may name."""
        return path.endswith((".yml", ".yaml")) or posixpath.basename(path) == ".env"

    def grants(self, files: Mapping[str, str]) -> Grants:
        """One holder for each service of each file."""
        own = [path for path in sorted(files) if _FILE.fullmatch(path) and not is_template(path, files[path])]
        found = [_file(path, files[path], files) for path in own]
        holders = tuple(holder for one in found for holder in one.holders)
        return Grants(
            holders=holders,
            live=frozenset(holder.name for holder in holders),
            unknown=tuple(unknown for one in found for unknown in one.unknown),
        )


READER: Final[Reader] = Compositions()


def _file(path: str, text: str, files: Mapping[str, str]) -> Grants:
    def unreadable(why: str) -> Grants:
        return Grants(unknown=(Unknown(domain=DOMAIN, why=why, text=" ".join(text.split()), place=Place(path=path)),))

    try:
        roots = documents(text)
    except UnreadableTreeError as error:
        return unreadable(str(error))
    if not any(roots):
        return Grants()
    root = roots[0]
    if len(roots) != 1 or not isinstance(root, dict):
        return unreadable("this is not one Compose file")
    services = root.get("services") or {}
    if not isinstance(services, dict) or not all(isinstance(one, dict) for one in services.values()):
        return unreadable("this Compose file has services of another form")
    unknown = [
        Unknown(
            domain=DOMAIN,
            why=f"`{key}` is not followed",
            text=f"{key}: {text_of(value)}{beside(path, value, files)}",
            place=Place(path=path),
        )
        for key, value in root.items()
        if key not in _TOP and not key.startswith("x-")
    ]
    holders: list[Holder] = []
    for name, service in services.items():
        reading = Service(
            path=path, root=root, files=files, base=_BASE.fullmatch(path) is not None, line=getattr(service, "line", 0)
        )
        reading.read(service)
        layer = Layer(statements=tuple(dict.fromkeys(reading.statements)))
        holders.append(Holder(name=f"compose:{path}#{name}", domain=DOMAIN, layers=(layer,)))
        unknown += [
            Unknown(domain=DOMAIN, why=one.why, text=f"{name}: {one.text}", place=one.place) for one in reading.unknown
        ]
    return Grants(holders=tuple(holders), unknown=tuple(unknown))
