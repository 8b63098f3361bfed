"""The languages whose source provers can read: one file and one line each."""

from __future__ import annotations

from typing import Final

from magistrate.impact.languages import (
    c_family,
    dockerfile,
    ecmascript,
    golang,
    hcl,
    ini_text,
    java,
    json_text,
    python,
    rust,
    shell,
    toml_text,
    yaml_text,
)
from magistrate.impact.languages.reading import Language

LANGUAGES: Final[tuple[Language, ...]] = (
    python.LANGUAGE,
    golang.LANGUAGE,
    java.LANGUAGE,
    rust.LANGUAGE,
    *ecmascript.LANGUAGES,
    *c_family.LANGUAGES,
    json_text.LANGUAGE,
    json_text.COMMENTED,
    toml_text.LANGUAGE,
    yaml_text.LANGUAGE,
    ini_text.LANGUAGE,
    ini_text.PROPERTIES,
    hcl.LANGUAGE,
    dockerfile.LANGUAGE,
    shell.LANGUAGE,
)
PROGRAMS: Final[tuple[Language, ...]] = (
    python.LANGUAGE,
    golang.LANGUAGE,
    java.LANGUAGE,
    rust.LANGUAGE,
    *ecmascript.LANGUAGES,
)
"""Those in which ordinary programs are written; the others describe builds, settings and places."""
