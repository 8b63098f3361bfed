"""Where the state of Terraform is kept: what a `backend` or `cloud` block says, with files of settings that are at hand.

Rule kept: settings that are handed over on the command line are not here; the files that may hold them count as they stand.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.terraform import LABELS, Block
from magistrate.impact.privilege.domains.terraform_meanings import short

SETTINGS: Final = rx(r"\.(?:tf)?backend\Z|(?:^|/)[\w.-]{0,100}backend[\w.-]{0,100}\.(?:hcl|conf|config|tfvars)\Z")
"""Files that `init -backend-config` is given."""


def state_of(block: Block, files: Mapping[str, str]) -> Iterator[str]:
    """Each place that a `terraform` block names; none where it names no place."""
    folder = posixpath.dirname(block.path)
    start = f"{folder}/" if folder else ""
    for key in ("backend", "cloud"):
        for one in _each(block.body.get(key)):
            beside = {path: files[path] for path in sorted(files) if path.startswith(start) and SETTINGS.search(path)}
            yield f"{key} {short(one, 200)}" + (f" with {short(beside, 0)}" if beside else "")


def _each(value: Any) -> Iterator[object]:  # noqa: ANN401 - JSON
    """Each block, with its label where HCL has it; JSON has the label as a key."""
    for one in value if isinstance(value, list) else [] if value is None else [value]:
        if isinstance(one, Mapping) and LABELS not in one:
            yield from ({name: inner} for name, inner in one.items()) if one else ({},)
        elif isinstance(one, Mapping):
            rest = {name: inner for name, inner in one.items() if name != LABELS}
            yield {"/".join(one[LABELS]): rest}
        else:
            yield one
