"""Who uses a secret, as a document says it: the systems that it opens, and the consumers that must be told a new one.

Rule kept (R36, R54): a rotation is over only when every system that the secret opens has ended the old one, and every
consumer runs with the new one; who is not in the document is neither told nor probed, so that people agree to the list.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Final

from magistrate.errors import Refused

MAX_BYTES: Final = 8_000
"""What names a few hundred; a key of many dots in a longer text would hold the parser of TOML for long."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_HINT: Final = 'docs/rotate.md has the form: opens = ["orders-db"], consumers = ["web"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretUse:
    """The uses of one secret: `opens` are systems, `consumers` targets of the executor, each by its name, in order."""

    opens: tuple[str, ...]
    consumers: tuple[str, ...]

    def text(self) -> str:
        """The one text of these uses: its digest is that of the lists, whatever comment or layout."""
        return f"opens {' '.join(self.opens)}\nconsumers {' '.join(self.consumers)}\n"


def secret_use_of(text: str) -> SecretUse:
    """Read a document in TOML with exactly the two lists, neither empty, no name twice.

    Raises:
        Refused: MAG-E316 saying what is otherwise.
    """
    if len(text) > MAX_BYTES:
        raise Refused("MAG-E316", f"uses of a secret: more than {MAX_BYTES} characters", hint=_HINT)
    try:
        said = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Refused("MAG-E316", f"uses of a secret: no TOML: {str(error)[:200]}", hint=_HINT) from error
    if set(said) != {"opens", "consumers"}:
        raise Refused("MAG-E316", "uses of a secret: it says `opens` and `consumers`, and nothing else", hint=_HINT)
    return SecretUse(opens=_names(said["opens"], "opens"), consumers=_names(said["consumers"], "consumers"))


def _names(value: object, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise Refused("MAG-E316", f"uses of a secret: `{what}` is a list of names, and not empty", hint=_HINT)
    names = tuple(one for one in value if isinstance(one, str) and _NAME.fullmatch(one))
    if len(names) != len(value) or len(set(names)) != len(names):
        raise Refused("MAG-E316", f"uses of a secret: `{what}` holds no name, or one twice", hint=_HINT)
    return names
