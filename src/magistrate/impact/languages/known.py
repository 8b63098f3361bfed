"""The languages whose source provers can read: one file and one line each."""

from __future__ import annotations

from typing import Final

from magistrate.impact.languages import golang, python
from magistrate.impact.languages.reading import Language

LANGUAGES: Final[tuple[Language, ...]] = (python.LANGUAGE, golang.LANGUAGE)
