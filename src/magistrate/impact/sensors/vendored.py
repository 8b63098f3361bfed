"""Code of somebody else that lives here: vendored trees, bundles, generated files by what they say of themselves."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:vendor|vendored|third[-_]?party|node_modules|bower_components|_vendor|external|extern|deps|dist|bundles?|generated|gen|plugins/[^/]*-\d[^/]*)/|"
    r"\.(?:pb\.(?:go|cc|h)|pb2\.pyi?|min\.\w+|bundle\.js|map|g\.dart|designer\.cs|generated\.\w+|swagger\.json)$|_pb2(?:_grpc)?\.pyi?$|(?:^|/)(?:zz_generated|mock_)[^/]*$|_(?:gen|generated|string|mocks?)\.go$"
)
HEAD: Final = 3_000
SAYS: Final = re.compile(
    r"(?i)do not (?:edit|modify|change)|@generated|\bauto[- ]?generated\b|\b(?:was|is|been|file|code) (?:automatically |auto-?)?generated\b|\bgenerated (?:by|from|with|using|code|file|automatically)\b|machine generated|"
    r"sourceMappingURL=|__webpack_require__|\bdefine\.amd\b|typeof exports\s*===?\s*[\"']object|\A\s*/\*!|@preserve\b|@license\b|vendored (?:from|copy)|copied (?:verbatim )?from|"
    r"\bswagger-codegen|openapi-generator|\bmockgen\b|\bmockery\b|protoc(?:-gen)?\b|peg(?:js)? generator|\bbison\b|\bflex\b scanner|\bantlr\b|created by (?:sublime|icomoon|fontello)"
)


def _role(file: ChangedFile) -> str | None:
    if any(SAYS.search(text[:HEAD]) or SAYS.search(text[-300:]) for text in file.both_texts):
        return "it says that it is generated or comes from elsewhere: it should equal what its source makes"
    return "vendored or built code: it should equal its upstream" if named(file, PATHS) else None


SENSOR: Final = RuleSensor(name="vendored", kind=ChangeClass.UNKNOWN, role=_role)
