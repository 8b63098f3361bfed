"""Reads rows out of recieved tables."""

from __future__ import annotations

import json
from pathlib import Path


class Reader:
    """A reader of tables.

    It recieves lines and returns rows.

    Tables of other tools look alike.
    """

    size = 3

    @property
    def rows(self) -> int:
        """The number of rows in this tabel."""
        return self.size


def rows_of(path: Path) -> list[str]:
    """Return the rows of a file.

    Parameters
    ----------
    path : Path
        The file whose rows are recieved.
    """
    return json.loads(path.read_text())
