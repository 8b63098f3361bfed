"""Hidden text made visible: bidi, zero-width, tag block, ANSI and other control characters.

Rule kept (R10): text from outside carries the label untrusted, and what a person could not see
in it is written out as `<U+XXXX>` and counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

UNTRUSTED: Final = "untrusted"
_HIDDEN: Final = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f"
    "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb"
    "\\ud800-\\udfff\\U000e0000-\\U000e0fff]|\\r(?!\\n)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleText:
    """Text with nothing hidden in it, how many characters were hidden, and its label."""

    text: str
    hidden: int
    label: str = UNTRUSTED


def make_visible(text: str) -> VisibleText:
    """Write out every character that changes what is seen without being seen."""
    shown, count = _HIDDEN.subn(lambda match: f"<U+{ord(match.group()[0]):04X}>", text)
    return VisibleText(text=shown, hidden=count)
