"""Evidence: output of a tool or test run on a named input, signed by the runner that made it."""

from __future__ import annotations

from typing import ClassVar

from magistrate.wire.document import Body, Digest, Line, Name


class Evidence(Body, frozen=True, kw_only=True):
    """Body: which tool (by digest) turned which inputs into which output, and its exit status."""

    NAME: ClassVar[str] = "evidence"

    proposal: Digest
    tool: Name
    tool_digest: Digest
    path: Line
    inputs_digest: Digest
    output_digest: Digest
    exit_status: int
