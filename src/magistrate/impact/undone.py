"""Which landed commits a change takes back, by facts of the history, and whether they spoke of safety (ADR 0014)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.earlier import Altered, Earlier, Landed

IS_SAFETY: Final = rx(
    r"(?i)\bcves?\b|cve-\d|ghsa|rustsec|pysec|\bcwe\b|secur|vulnerab|vulns?\b|exploit|malicious|malware|attack|backdoor|compromis|"
    r"hijack|\bxss\b|\bcsrf\b|\bssrf\b|\brce\b|\bxxe\b|\bsqli?\b inject|injection|sanitiz|sanitis|untrusted|(?:over|under)flow|out[- ]of[- ]bounds|"
    r"\boob\b|use[- ]after[- ]free|double[- ]free|uninitiali|\bdos\b|denial of service|redos|zip.?(?:slip|bomb)|smuggl|travers(?:al|e out)|"
    r"privilege|disclos|\bleak|certificate|spoof|poison|pollution|deseriali|hardening|\bharden\b|bypass|credential|password|secret"
)
"""Words of a landed commit that made something safe."""
MAY_BE_SAFETY: Final = rx(
    IS_SAFETY.pattern
    + r"|escap(?:e|es|ed|ing)\b|unsafe|safe\b|symlink|auth(?!or\b|ors\b|ored\b)|permission|access|credential|token|session|cookie|"
    r"expose|sensitive|redact|\btls\b|\bssl\b|\bcert\b|crypt|cipher|\bhash|\bhmac|signature|nonce|\brandom|verif|validat|\bguard|"
    r"restrict|forbid|\bdeny|disallow|limit|bound|timeout|\brace\b|deadlock|prototype|pickle|redirect|\bcors\b|\bcsp\b|sandbox|crash|panic|"
    r"critical|urgent|hotfix|emergency|audit|\brevert|\bundo|roll ?back"
)
"""Words that may stand for the same, or for a commit that took something back itself."""
TRAILER: Final = rx(r"(?im)^[a-z-]+-by:.*$|^https?://\S+$|^This reverts commit [0-9a-f]+\.?$")


def whole(earlier: Earlier) -> bool:
    """Whether the claim is about the whole tree, not about one commit."""
    return not earlier.of


def taken_back(earlier: Earlier, step: Sequence[ChangedFile]) -> tuple[tuple[Landed, ...], Landed | None]:
    """The landed commits that are taken back, and the one that names the proof; none where nothing fits."""
    rows = earlier.landed
    if whole(earlier):
        at = next((at for at, row in enumerate(rows) if at and row.tree == earlier.result_tree), None)
        return (rows[:at], rows[at]) if at is not None else ((), None)
    row = next((row for row in rows if row.commit == earlier.of), None)
    changed = {file.path: file for file in step}
    same = len(step) == len(earlier.altered) and all(
        one.path in changed and _is_inverse(changed[one.path], one) for one in earlier.altered
    )
    return ((row,), row) if row is not None and same else ((), None)


def _is_inverse(file: ChangedFile, one: Altered) -> bool:
    change = file.change
    old = _blob(change.before) == one.after and (change.before is None or change.mode_before == one.mode_after)
    return old and _blob(change.after) == one.before and (change.after is None or change.mode_after == one.mode_before)


def _blob(content: bytes | None) -> str | None:
    """The id that git gives these bytes."""
    if content is None:
        return None
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def said_for_safety(undone: Sequence[Landed], words: re.Pattern[str]) -> str | None:
    """The first landed commit whose text has one of these words."""
    for row in undone:
        for text in (row.subject, *row.merged, TRAILER.sub("", row.said)):
            found = words.search(text)
            if found is not None:
                return f"`{row.commit[:12]}`, which it takes back, speaks of `{found[0]}`"
    return None
