"""The shape of a redaction token: made by `context`, refused in added lines by `impact`."""

from __future__ import annotations

import re
from typing import Final

TAG_CHARACTERS: Final = 16
CUT_TOKEN: Final = re.compile(r"\[\[secret:[a-z0-9-]{1,40}:[0-9a-f]{8}", re.IGNORECASE)
"""A token, whole or cut off after half of its tag, in any case of letters."""


def token_pattern(kinds: str) -> re.Pattern[str]:
    """Whole tokens `[[secret:<kind>:<16 hex>]]` of some kinds (an alternation); group 1 is the tag."""
    return re.compile(rf"\[\[secret:(?:{kinds}):([0-9a-f]{{{TAG_CHARACTERS}}})\]\]")
