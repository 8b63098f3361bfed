"""What of a changed test may check less, line by line, in any language; a hint for people, not a proof.

Rule kept (R20): what may check less is said first, at its line. Tests that go or are skipped, and
checks that say nothing, are told apart from checks that change: those ask for more than one person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from magistrate.impact.base import COMMENT, BaseTree, ChangedFile, ChangedLine
from magistrate.impact.compiled import rx
from magistrate.impact.running_words import RUNS_MORE, RUNS_MORE_EXACTLY
from magistrate.impact.testing import native
from magistrate.impact.testing.workflows import has_workflows, why_not_secretless

DECLARES: Final = rx(
    r"^[ \t]*(?:async[ \t]+)?def[ \t]+test|^func[ \t]+(?:Test|Fuzz|Example|Benchmark)\w*\(|\bt\.Run\(|#\[(?:\w+::)*test\b|"
    r"@(?:Test|ParameterizedTest|RepeatedTest|TestFactory|DataProvider)\b|(?:^|[^\w.$])(?:t\.)?(?:it|test|specify|scenario)(?:\.each\b[^\n]*)?[ \t]*\(|"
    r"^[ \t]*(?:it|test|specify|scenario)[ \t]+['\"]|\bfunction[ \t]+test\w*|#\[Test\b|[*][ \t]@test\b",
    re.MULTILINE,
)
CHECKS: Final = rx(
    r"(?i)\b(?:assert\w*|expect\w*|require\w*|should\w*|verify\w*|check\w*|fail\w*|raises|throws|rejects|deepequal|strictequal|"
    r"equal|same|match\w*|ok|t\.(?:error|fatal)\w*|test_assert\w*|must\w*|refute\w*|wont_\w+)\b"
)
SKIPS: Final = rx(
    r"@(?:Ignore|Disabled)\b|\.(?:skip|todo|only|fails|failing|fixme)\b|\bskip(?:_?if|_?unless|_?test|ped)?\b|\bxfail\b|\b(?:x|f)(?:it|describe|test|context|specify)\b|"
    r"#\[ignore|\.Skip\w*\(|#\[should_panic|\bmarkTest(?:Skipped|Incomplete)|^[ \t]*pending\b|\bcfg\(|\bgo:build\b|\+build\b|"
    r"\b(?:assumeTrue|assumeThat|assumeFalse)\b|\bAssume\b(?! [a-z]+ [a-z])|\bsuppress\w*\(|except\s*:|except\s+(?:Base)?Exception|catch\s*(?:\([^)\n]*\))?\s*\{\s*\}|\brescue\b|"
    r"\b(?:if|while)\s*\(?\s*(?:0|False|false)\s*[):]|@(?:Enabled|Disabled)\w+|"
    r"\bpytestmark\b|\bSkipTest\b|\bimportorskip\b|\brecover\(\)|\bGoexit\b|\bcatch_unwind\b|\btesting\.Short\b|\bretryTimes\b|\.retr(?:y|ies)\(",
    re.MULTILINE,
)
"""What leaves a test out or lets it fail."""
STEERS: Final = rx(
    r"\b(?:os|process|sys|System)\.[Ee]xit\b|\bexit\s*[(!]|\bTestMain\b|\bfunc\s+init\(|__test__|\bload_tests\b|\bset_?up_?module\b|\bsetUpModule\b|\bsys\.(?:modules|path|meta_path|settrace|setprofile)\b|\bbuiltins\b|__(?:builtins|dict|getattr|class|subclasses)__|collect_ignore|pytest_plugins|autouse|"
    r"//go:\w|//export\b|\bimport\s+\"C\"|#cgo\b|^var\s+_\s*=|\bctor\b|\bglobal(?:This)?\.\w+\s*=(?!=)|(?:^|[^\w.$])(?:expect|assert)\s*=\s*(?:\(|async|function)|"
    r"\brequire\.cache\b|\.constructor\b|__proto__|\bclass\s+(?:Minitest|RSpec|Object|Kernel)\b|\bat_exit\b|\bstatic\s*\{|@(?:RunWith|ExtendWith)\b|"
    r"\bimplements\b[^{\n]*(?:Listener|Extension|Callback|Condition|Engine|Launcher)\w*|\bshutdown_function\b",
    re.MULTILINE,
)
"""What ends or steers the run of all."""
SAYS_NOTHING: Final = rx(
    r"(?i)\bassert\s+(?:true|1|not\s+false|not\s+none)\b|\bassert\w*\s*[!(]+\s*true\s*[,)]|expect\(\s*(?:true|1)\s*\)|\bassert\s*(?:\([^\n]*,\s*['\"][^'\"\n]*['\"]\s*\)\s*$|\[[^\n]*\]\s*$)|(?:\|\|\s*true|\bor\s+(?:true|1)\b)|"
    r"assert_?equals?\(\s*(\w+)\s*,\s*\1\s*\)|\bassert_?not_?null\(\s*[\"'\d]|\braises\(\s*(?:base)?exception\s*\)|\btothrow\(\s*\)|\bassert\w*\s*[!(]+\s*1\s*==\s*1"
)
ACTS: Final = rx(
    r"(?i)\beval\s*\(|\bexec\w*\s*\(|\bsubprocess\b|child_process|\bos\.(?:system|popen|exec\w*|spawn\w*)|\bpopen\b|os/exec|\bexec\.command|"
    r"processbuilder|getruntime\(|process::command|\bshell_exec|\bsystem\s*\(|\bproc_open|\bpassthru|\bpickle\b|\bmarshal\b|new\s+function\b|"
    r"\bimportlib\b|__import__|\bctypes\b|\bvm\.run|atob\s*\(|b64decode|fromcharcode|\burllib|\bsocket\.(?:socket|create)|\bcurl\b|\bwget\b|"
    r"\bsecrets\.\w|github_token|\bnpm_token|aws_(?:secret|access)|\.(?:ssh|aws|netrc|npmrc|pypirc|kube)\b|/etc/(?:passwd|shadow)|/proc/|"
    r"(?<![\w'\"\]])`[^`\n${]+`\s*(?:;|\Z)|%x[\W_]|\bsystem\s+['\"]|\b(?:instance|class|module)_eval\b|\bkernel\.|\bopen\s*\(\s*['\"]\||"
    r"\$\w+\s*\(\s*['\"]|\b(?:include|require)(?:_once)?\s*\(?\s*['\"]https?:|\bcreate_function\b|\brunpy\b|\bpty\b|\bpip\.\w|create_subprocess|\bcommand::new\b|\b_load\s*\(|require\s*\(\s*['\"](?:node:)?(?:module|vm|worker_threads|cluster|repl|inspector)['\"]|\bimport\s*\(\s*[^'\"`)]|\bimport\s*\(\s*['\"][^'\"]*['\"]\s*\+|"
    r"\brequire\s*\(\s*[^'\"`)]|\brequire\s*\(\s*['\"][^'\"]*['\"]\s*\+|,\s*eval\s*\)|=\s*eval\b|['\"]base64['\"]|\bwritefile\w*\b|\bunlink\w*\(|\brmtree\b|\bloadlibrary\b"
)
"""What a test does beside testing: runs, decodes and runs, calls out, reads what is not its own."""
TELLING: Final = (
    (SKIPS, "leaves tests out or lets them fail"),
    (STEERS, "ends or steers the run of all tests"),
    (SAYS_NOTHING, "says nothing"),
    (ACTS, "does more than test"),
)
REMARKS: Final = rx(r"^[ \t]*(?://|#(?!\[)|\*|/\*)[^\n]*$", re.MULTILINE)
TOP_LEVEL: Final = rx(r"(?:func|var|const|type|import)\b")
STARTS: Final = rx(r"func\s+(?:init\s*\(|TestMain\b)|var\s+_\s*=")
WIDE: Final = rx(
    r"(?i)\bprocess\.env\b(?!\s*(?:\.\w|\[\s*['\"]))|\bos\.environ\b(?!\s*(?:\[\s*['\"]|\.(?:get|pop|setdefault)\s*\(\s*['\"]))|\bos\.environ\(|\benv::vars|\bgetenv\(\s*\)|"
    r"\benv\.(?:to_h|each|inspect|to_a)\b|\$_(?:env|server)\b(?!\s*\[\s*['\"])|"
    r"https?://(?!localhost|127\.|\[::|0\.0\.0\.0|[\w.-]*\bexample\b|[\w.-]*\.(?:test|local|invalid|localhost)\b|[$%{(<'\"]|[\w-]*[/'\"`:)])[^\s]*"
)
"""The whole environment, or an address of the world: beside what calls, that carries secrets away."""
CALLS: Final = rx(
    r"(?i)\b(?:fetch|request\w*|get|post|put|urlopen|connect|dial\w*|axios|got|open|client|download\w*|send\w*|curl\w*|file_get_contents)\b\s*[(.]|\bhttp\.\w+\(|environ|process\.env|env::vars|\$_|getenv|\benv\."
)
BRINGS: Final = rx(r"^\s*(?:import|from|use)\s+\S|\brequire\w*\b")
LOOSE: Final = rx(
    r"^\s*(?:pass|break|continue)\s*;?\s*$|^\s*(?:if\b.*)?\breturn\b[^'\"\n]{0,20}$|^\s*expect\([^\n]*\)\s*;?$|\bexcept\b|\bcatch\b|(?i:\b(?:assert_?(?:true|false|in|not)|expect\.any|anything|any_args|objectcontaining|approx\w*|contains?|"
    r"tobetruthy|tobedefined|not_?(?:none|null|nil)|closeto|atleast\w*)\b)|[<>]=|\b(?:def|function|func|fn)\s+(?:assert|expect|check|require)\w*"
)
"""What may let more pass than what stood there; said, and not weighed."""
HALF: Final = 2
SHOWN: Final = 3


def why_two(file: ChangedFile, base: BaseTree) -> str | None:
    """Why one reader is not enough: a test goes or is skipped, a check says nothing, or a test does more than test."""
    if file.change.after is None:
        return "the whole file of tests is gone"
    declares = native.DECLARES if native.ENDINGS.search(file.path) else DECLARES
    before, after = (len(declares.findall(text)) for text in file.both_texts)
    if after == 0:
        return "it declares no test"
    if after < before:
        return f"{before - after} of {before} tests are gone"
    old, new = (len(CHECKS.findall(REMARKS.sub("", text))) for text in file.both_texts)
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
    return native.why_not_test(file) or _started(file) or _newly_runs(file) or _carries(file, base)


def _newly_runs(file: ChangedFile) -> str | None:
    """A word by which programs run, load or decode something else, that this file did not have before."""
    for line in file.added:
        if COMMENT.match(line.text):
            continue
        for pattern in (RUNS_MORE, RUNS_MORE_EXACTLY):
            for found in pattern.finditer(line.text):
                if found[0] not in file.before:
                    return f"line {line.number} has `{found[0][:40]}`, which this file did not have, and which may run, load or decode something"
    return None


def _started(file: ChangedFile) -> str | None:
    """A line inside what starts or prepares all tests of a Go package."""
    if not file.path.endswith(".go"):
        return None
    for text, added in ((file.before, False), (file.after, True)):
        lines = text.split("\n")
        for line in (one for one in file.lines if one.added is added):
            above = (lines[at] for at in range(min(line.number, len(lines)) - 1, -1, -1))
            head = next((one for one in above if TOP_LEVEL.match(one)), "")
            if STARTS.match(head) and line.text.strip():
                return f"line {line.number} stands in `{head.strip()[:40]}`, which runs before all tests"
    return None


def _carries(file: ChangedFile, base: BaseTree) -> str | None:
    """What could carry secrets away, where the checks of the base hold some."""
    for line in file.added:
        found = WIDE.search(line.text)
        if found is not None and CALLS.search(line.text) and has_workflows(base) and why_not_secretless(base):
            return f"line {line.number} has `{found[0][:60]}`, and where these tests run there may be secrets"
    return None


def weaker(file: ChangedFile) -> str:
    """The checks that go or change, first ones first, in words; empty where none does."""
    kept = {" ".join(line.text.split()) for line in file.added}
    gone = [
        line
        for line in file.lines
        if not line.added and (CHECKS.search(line.text) or DECLARES.search(line.text) or BRINGS.search(line.text))
    ]
    gone = [line for line in gone if " ".join(line.text.split()) not in kept]
    loose = [line for line in file.added if LOOSE.search(line.text)]
    return _places("checks go or change", gone, "old ") + _places("perhaps looser", loose, "")


def _places(what: str, lines: Sequence[ChangedLine], side: str) -> str:
    if not lines:
        return ""
    places = ", ".join(str(line.number) for line in lines[:SHOWN])
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return f"{what} ({side}line{'s' if len(lines) > 1 else ''} {places}{more}); "
