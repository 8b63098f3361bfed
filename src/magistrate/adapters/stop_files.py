"""The freeze folder: signed words of people as files, for executor and gate alike.

Rule kept (invariant 12): a folder or file that cannot be read stops everything; only a folder
that does not exist stops nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from magistrate.authority.stops import Stops, sorted_stops
from magistrate.errors import MagistrateError
from magistrate.wire.envelope import Envelope, decode_envelope

MAX_STOP_BYTES: Final = 65_536


def read_stops(folder: Path) -> Stops:
    """Read `<home>/freeze/*.json`."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except FileNotFoundError:
        return Stops()
    except OSError as error:
        return Stops(unreadable=(f"the folder itself ({error.strerror})",))
    found: dict[str, Envelope] = {}
    unreadable: list[str] = []
    for path in paths:
        try:
            with path.open("rb") as stream:
                content = stream.read(MAX_STOP_BYTES + 1)
            if len(content) > MAX_STOP_BYTES:
                unreadable.append(path.name)
                continue
            found[path.name] = decode_envelope(content.strip())
        except (OSError, MagistrateError):
            unreadable.append(path.name)
    return sorted_stops(found, unreadable)
