"""Code of somebody else that lives here: vendored trees, bundles, generated files by what they say of themselves.

What counts as saying so is in `impact/origin_claims.py`: a header, never a sentence within.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.origin_claims import claims_origin, declared
from magistrate.impact.sensing import first_line, named

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:vendor|vendored|third[-_]?party|node_modules|bower_components|_vendor|external|extern|deps|dist|bundles?|generated|gen|plugins/[^/]*-\d[^/]*)/|"
    r"\.(?:pb\.(?:go|cc|h)|pb2\.pyi?|min\.\w+|bundle\.js|map|g\.dart|designer\.cs|generated\.\w+|swagger\.json)$|_pb2(?:_grpc)?\.pyi?$|(?:^|/)(?:zz_generated|mock_)[^/]*$|_(?:gen|generated|string|mocks?)\.go$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendored:
    """One finding a file: what it says, what the base tree declares of it, or what its place says."""

    name: str = "vendored"

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """What the file says comes first: it holds wherever the file stands."""
        why = _why(file, base)
        if why is not None:
            yield Sensitivity(kind=ChangeClass.UNKNOWN, path=file.path, line=first_line(file), why=why)


def _why(file: ChangedFile, base: BaseTree) -> str | None:
    if any(claims_origin(file.path, text) for text in file.both_texts):
        return "it says that it is generated or comes from elsewhere: it should equal what its source makes"
    if declared(file.path, base.files):
        return "`.gitattributes` calls it generated or vendored: it should equal what its source makes"
    return "vendored or built code: it should equal its upstream" if named(file, PATHS) else None


SENSOR: Final = Vendored()
