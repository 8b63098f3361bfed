"""Rights on systems and files: IAM, RBAC, sudoers, grants, owners."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:sudoers[^/]*|codeowners|owners|authorized_keys|allowed_signers|[^/]*(?:iam|rbac)[^/]*\.(?:json|ya?ml|tf))(?:/|$)"
)


def _role(file: ChangedFile) -> str | None:
    return "this grants rights or names owners" if named(file, PATHS) else None


SENSOR: Final = RuleSensor(
    name="permissions",
    kind=ChangeClass.PERMISSIONS,
    role=_role,
    rules=(
        rule(r"\bGRANT\b.+\bTO\b|\bREVOKE\b|NOPASSWD|\bALL=\(|setuid|setcap", "grants or takes rights"),
        rule(
            r"(?:Cluster)?Role(?:Binding)?\b|^\s*(?:-\s*)?(?:verbs|resources|apiGroups|subjects|roleRef)\s*:|\"(?:Not)?(?:Action|Resource|Principal)\"|AssumeRole|cluster-admin",
            "rights in a cluster or cloud",
        ),
        rule(r"\bchmod\b|\bchown\b|\bumask\b|^\s*mode\s*[:=]", "file rights"),
    ),
)
