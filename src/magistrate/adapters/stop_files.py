"""The freeze folder: signed words of people as files, for executor and gate alike.

Rule kept (invariant 12): a folder or file that cannot be read stops everything; only a folder
that does not exist stops nothing.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from magistrate.authority.stops import Stops, sorted_stops
from magistrate.errors import MagistrateError, Unavailable
from magistrate.wire.closure import Closure
from magistrate.wire.envelope import Envelope, decode_envelope
from magistrate.wire.freeze import Freeze, Thaw
from magistrate.wire.withdrawal import Withdrawal

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


def drop_stop(folder: Path, envelope: Envelope) -> Path:
    """Put a signed freeze, thaw, closure or withdrawal into the folder, durably and at once; the same one changes nothing.

    The name comes from the payload, so that one with more signatures takes the place of the other.

    Raises:
        Unavailable: MAG-E614 when the folder cannot be written.
    """
    kinds = {kind.document_type(): kind.NAME for kind in (Freeze, Thaw, Closure, Withdrawal)}
    name = envelope.payload_digest().removeprefix("sha256:")[:16]
    place, content = folder / f"{kinds[envelope.payloadType]}-{name}.json", envelope.encode()
    partial = folder / f".{secrets.token_hex(8)}"
    try:
        folder.mkdir(exist_ok=True)
        if place.is_file() and place.read_bytes() == content:
            return place
        with partial.open("xb") as stream:
            os.fchmod(stream.fileno(), 0o644)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(place)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise Unavailable("MAG-E614", f"the freeze folder `{folder}` cannot be written: {error.strerror}") from error
    return place
