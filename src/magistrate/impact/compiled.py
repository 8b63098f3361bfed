"""Regular expressions that are compiled where they are first used: most changes need few of them.

Rule kept: what is used afterwards is `re` itself, method by method; nothing of a pattern's meaning is decided here. A
pattern that `re` does not take is found by a test that compiles all of them, and by whoever uses it.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast, overload

OF_A_PATTERN: Final = (
    "search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split", "flags", "groups", "groupindex",
)  # fmt: skip


class Uncompiled:
    """Stands for a pattern; at the first question it is compiled, and its methods become attributes of this object."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        """Keep the words."""
        self.pattern = pattern
        self.wanted = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever `re` has under this name
        """Called for what is not here yet."""
        if name not in OF_A_PATTERN:
            raise AttributeError(name)
        made = re.compile(self.pattern, self.wanted)
        self.__dict__.update({one: getattr(made, one) for one in OF_A_PATTERN})
        return self.__dict__[name]


@overload
def rx(pattern: str, flags: int = 0) -> re.Pattern[str]: ...
@overload
def rx(pattern: bytes, flags: int = 0) -> re.Pattern[bytes]: ...
def rx(pattern: str | bytes, flags: int = 0) -> re.Pattern[str] | re.Pattern[bytes]:
    """The same as `re.compile`, later; not for the functions of `re` that take a pattern as their first argument."""
    return cast("re.Pattern[str] | re.Pattern[bytes]", Uncompiled(pattern, flags))
