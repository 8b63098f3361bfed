"""What a repository's files say of other repositories: what they use, and the names that they share with them.

Read are lines that refer to something: `uses:` of workflows and actions, `source` of Terraform modules, images, GitLab's
`include`, submodules, packages taken from a repository; and names of secrets and of deploy targets.

Rule kept (R34): a link only raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from magistrate.domain.links import LINKING, LinkKind, Reference
from magistrate.impact.compiled import rx

_VALUE: Final = r"""\s*(?:[|>][-+0-9]*\s+)?["']?([^\s"'#,}\]]+)"""
_GIVEN: Final[tuple[tuple[LinkKind, re.Pattern[str]], ...]] = (
    (LinkKind.WORKFLOW, rx(rf"""\buses["']?\s*:{_VALUE}""")),
    (LinkKind.MODULE, rx(r"""\bsource["']?\s*[=:]\s*["']([^"'\n]+)["']""")),
    (LinkKind.IMAGE, rx(rf"""\bimage["']?\s*[:=]{_VALUE}""")),
    (LinkKind.IMAGE, rx(rf"""\b(?:repository|newName)["']?\s*:{_VALUE}""")),
    (LinkKind.IMAGE, rx(r"(?im)^\s*(?:FROM|COPY|ADD)\s+(?:--(?!from)\S+\s+)*(?:--from=)?(\S+)")),
    (LinkKind.INCLUDE, rx(rf"""\b(?:project|remote|component)["']?\s*:{_VALUE}""")),
    (LinkKind.SUBMODULE, rx(r"(?m)^\s*url\s*=\s*(\S+)")),
    (LinkKind.PACKAGE, rx(r"""((?:git\+|github:|gitlab:|git@|https?://|ssh://)[^\s"'#,]+)""")),
    (LinkKind.PACKAGE, rx(r"(?m)^\s*(?:require\s+)?((?:[\w-]+\.)+\w+/[\w./-]+)\s+v\S")),
    (LinkKind.SECRET, rx(r"""\bsecrets(?:\.|\[["'])([A-Za-z_][A-Za-z0-9_]*)""")),
    (LinkKind.SECRET, rx(r"\b(secrets?/(?:data/)?[A-Za-z0-9_][\w./-]*)")),
    (LinkKind.SECRET, rx(rf"""\bsecret(?:Name|_id|_name|KeyRef["']?\s*:\s*(?:\{{\s*)?name)["']?\s*[:=]{_VALUE}""")),
    (LinkKind.DEPLOY_TARGET, rx(rf"""\b(?:role-to-assume|role_arn|workload_identity_provider)["']?\s*[:=]{_VALUE}""")),
    (LinkKind.DEPLOY_TARGET, rx(rf"""\b(?:deploy[_-]target|cluster[_-]name|app-name)["']?\s*[:=]{_VALUE}""")),
    (LinkKind.INCLUDE, rx(rf"""\brepoURL["']?\s*:{_VALUE}""")),
)  # fmt: skip
GIVEN_BY_ITSELF: Final = frozenset({"GITHUB_TOKEN"})
"""Secrets that each repository has of its own under the same name."""
PRIVILEGED: Final = rx(
    r"write-all|:\s*[\"']?write\b|\bsecrets\s*:\s*[\"']?inherit|\bid-token\b|\benvironment[\"']?\s*:|\bprivileged\s*:\s*true|"
    r"\brole-to-assume\b|\bsecrets(?:\.|\[)|\bpull_request_target\b|\bhostNetwork\s*:\s*true|\bserviceAccountName\b|\bself-hosted\b"
)
"""Marks of a job or workload that may do more than read."""


def references_in(files: Mapping[str, str]) -> frozenset[Reference]:
    """Everything that these files name."""
    found: set[Reference] = set()
    for path, text in files.items():
        if LINKING.search(path):
            for kind, pattern in _GIVEN:
                found.update(_reference(kind, name, path) for name in pattern.findall(text))
    return frozenset(one for one in found if one.name not in GIVEN_BY_ITSELF)


def privileged_in(files: Mapping[str, str]) -> frozenset[str]:
    """Files with a mark of a job or workload that may do more than read."""
    return frozenset(path for path, text in files.items() if LINKING.search(path) and PRIVILEGED.search(text))


def _reference(kind: LinkKind, name: str, path: str) -> Reference:
    if kind is LinkKind.WORKFLOW and "/.github/workflows/" not in name:
        kind = LinkKind.ACTION
    return Reference(kind=kind, name=name, path=path)
