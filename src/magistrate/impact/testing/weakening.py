"""What of a changed test may check less, line by line, in any language; a hint for people, not a proof.

Rule kept (R20): what may check less is said first, at its line. Tests that go or are skipped, and
checks that say nothing, are told apart from checks that change: those ask for more than one person.
"""

from __future__ import annotations

import re
from typing import Final

from magistrate.impact.base import ChangedFile

DECLARES: Final = re.compile(
    r"^[ \t]*(?:async[ \t]+)?def[ \t]+test|^func[ \t]+(?:Test|Fuzz|Example|Benchmark)\w*\(|\bt\.Run\(|#\[(?:\w+::)*test\b|"
    r"@(?:Test|ParameterizedTest|RepeatedTest|TestFactory|DataProvider)\b|(?:^|[^\w.$])(?:t\.)?(?:it|test|specify|scenario)(?:\.each\b[^\n]*)?[ \t]*\(|"
    r"^[ \t]*(?:it|test|specify|scenario)[ \t]+['\"]|\bfunction[ \t]+test\w*|#\[Test\b|[*][ \t]@test\b",
    re.MULTILINE,
)
CHECKS: Final = re.compile(
    r"(?i)\b(?:assert\w*|expect\w*|require\w*|should\w*|verify\w*|check\w*|fail\w*|raises|throws|rejects|deepequal|strictequal|"
    r"equal|same|match\w*|ok|t\.(?:error|fatal)\w*|must\w*|refute\w*|wont_\w+)\b"
)
SKIPS: Final = re.compile(
    r"@(?:Ignore|Disabled)\b|\.(?:skip|todo|only|fails|failing|fixme)\b|\bskip(?:_?if|_?unless|_?test|ped)?\b|\bxfail\b|\b(?:x|f)(?:it|describe|test|context|specify)\b|"
    r"#\[ignore|\.Skip\w*\(|#\[should_panic|\bmarkTest(?:Skipped|Incomplete)|^[ \t]*pending\b|\bcfg\(|\bgo:build\b|\+build\b|"
    r"\b(?:assumeTrue|assumeThat|assumeFalse|Assume)\b|\bsuppress\w*\(|except\s*:|except\s+(?:Base)?Exception|catch\s*(?:\([^)\n]*\))?\s*\{\s*\}|\brescue\b",
    re.MULTILINE,
)
"""What leaves a test out or lets it fail."""
STEERS: Final = re.compile(
    r"\b(?:os|process|sys|System)\.[Ee]xit\b|\bexit\s*[(!]|\bTestMain\b|\bfunc\s+init\(|__test__|collect_ignore|pytest_plugins|autouse"
)
"""What ends or steers the run of all."""
SAYS_NOTHING: Final = re.compile(
    r"(?i)\bassert\s+(?:true|1|not\s+false|not\s+none)\b|\bassert\w*\s*[!(]+\s*true\s*[,)]|expect\(\s*(?:true|1)\s*\)|(?:\|\|\s*true|\bor\s+(?:true|1)\b)|"
    r"assert_?equals?\(\s*(\w+)\s*,\s*\1\s*\)|\bassert_?not_?null\(\s*[\"'\d]|\braises\(\s*(?:base)?exception\s*\)|\btothrow\(\s*\)|\bassert\w*\s*[!(]+\s*1\s*==\s*1"
)
ACTS: Final = re.compile(
    r"(?i)\beval\s*\(|\bexec\w*\s*\(|\bsubprocess\b|child_process|\bos\.(?:system|popen|exec\w*|spawn\w*)|\bpopen\b|os/exec|\bexec\.command|"
    r"processbuilder|getruntime\(|process::command|\bshell_exec|\bsystem\s*\(|\bproc_open|\bpassthru|\bpickle\b|\bmarshal\b|new\s+function\b|"
    r"\bimportlib\b|__import__|\bctypes\b|\bvm\.run|atob\s*\(|b64decode|fromcharcode|\burllib|\bsocket\.(?:socket|create)|\bcurl\b|\bwget\b|"
    r"\bsecrets\.\w|github_token|\bnpm_token|aws_(?:secret|access)|\.(?:ssh|aws|netrc|npmrc|pypirc|kube)\b|/etc/(?:passwd|shadow)|/proc/"
)
"""What a test does beside testing: runs, decodes and runs, calls out, reads what is not its own."""
TELLING: Final = (
    (SKIPS, "leaves tests out or lets them fail"),
    (STEERS, "ends or steers the run of all tests"),
    (SAYS_NOTHING, "says nothing"),
    (ACTS, "does more than test"),
)
HALF: Final = 2
SHOWN: Final = 3


def why_two(file: ChangedFile) -> str | None:
    """Why one reader is not enough: a test goes or is skipped, a check says nothing, or a test does more than test."""
    if file.change.after is None:
        return "the whole file of tests is gone"
    before, after = (len(DECLARES.findall(text)) for text in file.both_texts)
    if after < before:
        return f"{before - after} of {before} tests are gone"
    old, new = (len(CHECKS.findall(text)) for text in file.both_texts)
    if new * HALF < old:
        return f"fewer than half of the checks are left ({new} of {old})"
    gone, come = ("\n".join(line.text for line in file.lines if line.added is side) for side in (False, True))
    for pattern, words in TELLING:
        if pattern is SKIPS and file.change.before is None:
            continue  # what was not there before leaves nothing out
        if len(pattern.findall(come)) <= len(pattern.findall(gone)):
            continue
        for line in file.added:
            if (found := pattern.search(line.text)) is not None:
                return f"line {line.number} has `{' '.join(found[0].split())[:40]}`, which {words}"
    return None


def weaker(file: ChangedFile) -> str:
    """The checks that go or change, first ones first, in words; empty where none does."""
    kept = {" ".join(line.text.split()) for line in file.added}
    gone = [line for line in file.lines if not line.added and CHECKS.search(line.text)]
    gone = [line for line in gone if " ".join(line.text.split()) not in kept]
    if not gone:
        return ""
    places = ", ".join(str(line.number) for line in gone[:SHOWN])
    more = f" and {len(gone) - SHOWN} more" if len(gone) > SHOWN else ""
    return f"checks go or change (old line{'s' if len(gone) > 1 else ''} {places}{more}); "
