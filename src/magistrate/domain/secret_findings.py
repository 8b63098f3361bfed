"""Which findings are about a secret that stands in the open: by rule, by tool, by the weakness that is named.

Rule kept (R36): a tool or rule that says so is believed, because to be one of these only adds: whom the secret serves
is then told.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.finding import Finding

WEAKNESSES: Final = frozenset({"CWE-259", "CWE-321", "CWE-522", "CWE-540", "CWE-547", "CWE-615", "CWE-798", "CWE-1391", "CWE-1392"})  # fmt: skip
"""Hard-coded passwords, keys and credentials, secrets in sources and comments, default and weak credentials."""
_TOOLS: Final = re.compile(
    r"(?i)gitleaks|truffle-?hog|detect-?secrets|ggshield|git-?guardian|whispers|talisman|git-?secrets|ripsecrets|"
    r"noseyparker|nosey parker|kingfisher|secret[ -]?(?:scan|detection|lint)|secretlint|credential digger|betterleaks"
)
_RULES: Final = re.compile(
    r"(?i)(?:\A|[^a-z0-9])(?:B10[5-7]|S10[5-7]|S2068|S6418|S6437|CKV2?_SECRET_\d+)(?:\Z|[^a-z0-9])|"
    r"secret|hard-?_?\s?coded|credential|passw|passphrase|api[-_. ]?key|access[-_. ]?key|private[-_. ]?key|"
    r"(?:access|auth|api|bot|pat|oauth|refresh|deploy|personal)[-_. ]?token"
)


def is_of_secret(finding: Finding) -> bool:
    """Whether a finding says that a secret stands in the open."""
    named = WEAKNESSES.intersection(finding.weaknesses)
    return bool(named) or _TOOLS.search(finding.tool) is not None or _RULES.search(finding.rule) is not None
