"""Programs that make infrastructure (CDK, CDK for Terraform, Pulumi): what they give away is what they compute, and is not read.

A source file that imports one of these libraries is `Unknown` by its program text: another program is another answer,
other comments and another layout are none. What such a file imports from beside it is not followed.

Rule kept: a file that cannot be read as its language counts with its whole text.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.known import PROGRAMS
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.privilege.model import Grants, Place, Unknown
from magistrate.impact.screening import finds

DOMAIN: Final = "programs"
MAX_TEXT: Final = 2_000_000
SOURCES: Final = rx(r"(?i)\.(?:py|js|mjs|cjs|jsx|ts|mts|cts|tsx|go|java|kt|scala|cs|fs)\Z")
LIBRARIES: Final = rx(
    r"(?m)^[ \t]*(?:from|import)[ \t]+(?:aws_cdk|constructs|cdktf\w*|imports[.\w]*|pulumi\w*)\b"
    r"|[\"'`](?:aws-cdk-lib|@aws-cdk/|constructs|cdktf|@cdktf/|@pulumi/)"
    r"|[\"'`](?:\.{1,2}/)*\.gen/"
    r"|\"(?:[\w.-]+/)*(?:aws-cdk-go|terraform-cdk-go|constructs-go|cdktf|pulumi[\w-]*)/"
    r"|\b(?:software\.amazon\.awscdk|software\.constructs|com\.hashicorp\.cdktf|com\.pulumi|Amazon\.CDK|HashiCorp\.Cdktf|Pulumi)\b"
    r"|(?:__import__|import_module)\([ \t]*[\"'](?:aws_cdk|cdktf|pulumi)"
)
"""How a source file says that it makes infrastructure, in Python, JavaScript and TypeScript, Go, Java and C#."""


class _Reader:
    domain: Final = DOMAIN

    def reads(self, path: str) -> bool:
        """By suffix; `grants` looks inside."""
        return SOURCES.search(path) is not None

    def grants(self, files: Mapping[str, str]) -> Grants:
        """One unknown for each program."""
        why = "a program makes infrastructure, and what rights it gives is not read"
        found = [
            Unknown(domain=DOMAIN, why=why, text=f"{path} #{_program(path, files[path])}", place=Place(path=path))
            for path in sorted(files)
            if len(files[path]) > MAX_TEXT or finds(LIBRARIES, files[path])
        ]
        return Grants(unknown=tuple(found))


READER: Final = _Reader()


@lru_cache(maxsize=256)
def _program(path: str, text: str) -> str:
    """What decides what the program is, in short; of Python the tree, for its tokens leave parentheses out."""
    language = next((one for one in PROGRAMS if one.reads(path)), None)
    told = text
    if language is not None and len(text) <= MAX_TEXT:
        try:
            told = repr(language.read(text.encode("utf-8", "surrogatepass")).code)
            told = ast.dump(ast.parse(text)) if path.endswith(".py") else told
        except (UnreadableError, SyntaxError, ValueError, RecursionError):
            told = text
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
