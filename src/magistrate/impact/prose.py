"""When text reads as plain prose: an allow-list of shapes, then words that ask for a reader.

Rule kept (R18): a comment or sentence is harmless only when it looks like nothing that a
tool, a runner, an agent or an operator acts on. Unknown shapes are not prose.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from magistrate.impact.compiled import rx

PROSE_SHAPE: Final = rx(r"[A-Za-z][A-Za-z0-9 ,.;'\"()!?/_\u2019\u2013\u2014-]*\Z")
PLACE: Final = rx(r"[A-Za-z0-9]\.(?!g\.|e\.)[A-Za-z]{2}|(?:^|[\s(\"'])\.{0,2}/|/\.|//|\./")
"""A name with dots (a host, a module) or a path: somebody may go there."""
EXPECTATION: Final = rx(r"[A-Za-z]+ [\"']")
"""One word and a quoted text: how tests of analysers say what they expect."""
HEAD: Final = rx(r"(?:TODO|FIXME|NOTE|Note): ")
_TOOLS: Final = (
    r"no-?qa|no-?lint\w*|nosec\w*|nosemgrep|nosonar|no-?inspection|pylint|flake8|mypy|pyright|pyre|pytype|ruff|isort|yapf|fmt|"
    r"pragma|skipcq|coverage|cython|distutils|doctest|vim|ex|emacs|coding|lgtm|codeql|checkov|tfsec|bandit|semgrep|"
    r"check-?style|cs(?:on|off)|nopmd|pmd|spotbugs|findbugs|error-?prone|suppress\w*|sonar\w*|jacoco|lombok|spotless|"
    r"fall(?:s|ing|en)?[ -]?thr(?:u|ough)|formatter|clippy|rustfmt|ignore-\w+|lcov\w*|grcov\w*|"
    r"spdx\w*|copyright\w*|licen[cs]e\w*|generated|do not edit|renovate|dependabot|changelog|"
)
"""Words by which tools know comments that are for them."""
FOR_TOOLS: Final = rx(
    rf"(?i)(?<![a-z])(?:{_TOOLS}eslint\w*|tslint\w*|jshint|jslint|prettier|biome|istanbul|c8|v8|webpack\w*|vite|ts-\w+|"
    r"cspell|codespell\w*|spell-?checker|golangci\w*|revive|staticcheck|govet|go:\w+|hadolint|shellcheck|yamllint|kics|"
    r"terrascan|trivy|snyk|whitesource|gitleaks\w*|trufflehog\w*|detect-secrets|clang-\w+|iwyu|cppcheck\w*|coverity|lint\w*|"
    r"disabl\w*|enabl\w*|ignor\w*|skip\w*|(?:end)?region|swagger\w*|openapi|check=\w+|"
    r"assistants?|agents?|ai|llms?|claude|gpt\w*|chatgpt|copilot|gemini|codex|cursor|bots?|prompts?|instructions?|"
    r"system message|disregard|reviewers?|approve\w*)(?![a-z])|[@{}$\\|]|=\S"
)
"""What a tool, or an agent, may read anywhere in a line: a word of its own, or a mark."""
FOR_TOOLS_FIRST: Final = rx(
    r"(?i)(?:[\w.-]+[:=]|(?:begin|end|start|stop|marker|snippet|example|include|import|source|rule|ruleid|ok|todoruleid|schema|syntax|"
    r"escape|expect\w*|want|output|error|warning|line|deprecated|since|param|returns?|throws|magic|language|type)\b|\W|\S+\Z)"
)
"""How a line begins that may be for a tool: a key, a word that marks, a mark, or one word alone."""
ACTING_WORDS: Final = rx(
    rf"(?i)(?<![a-z])(?:{_TOOLS}"
    # agents and reviewers
    r"assistants?|agents?|ai|llms?|claude|gpt\w*|chatgpt|copilot|gemini|codex|cursor|bots?|prompts?|instructions?|"
    r"system message|previous|disregard|reviewers?|review|reviewed|approve\w*|merge\w*|"
    # operators: what makes people do something, or weaker
    r"pass(?:word|wd|phrase|code)\w*|secrets?|tokens?|credentials?|keys?|api-?keys?|auth\w*|log-?in|sign-?in|admin\w*|root|"
    r"sudo|chmod|chown|permissions?|privilege\w*|verif\w*|validat\w*|security|secure\w*|insecure\w*|unsafe\w*|safe\w*|"
    r"trust\w*|tls|ssl|certificates?|crypt\w*|encrypt\w*|decrypt\w*|hash\w*|sign\w*|disabl\w*|enabl\w*|bypass\w*|"
    r"skip\w*|ignor\w*|turn(?:ed)? off|switch(?:ed)? off|exec\w*|eval|run|runs|curl|wget|pip|npm|install\w*|download\w*|"
    r"delet\w*|remov\w*|drop\w*|rm|truncat\w*|overwrit\w*|wip\w*|audit\w*|firewall\w*|production|prod|deploy\w*|publish\w*|"
    r"releas\w*|vulnerab\w*|exploit\w*|payload\w*|expos\w*|public|allow\w*|deny|denied|block\w*|grant\w*|"
    r"must|never|always|not|no|don't|cannot|can't|without|only|required?|mandatory|optional|instead|"
    r"e-?mails?|contact|report|pay\w*|wallet|send|visit|call|www|https?|ftp|ssh|git|docker|kubectl|helm|terraform"
    r")(?![a-z])"
)


def why_for_tools(text: str) -> str | None:
    """Why a line may be for a tool or an agent rather than for people, in words; None when it is for people."""
    body = HEAD.sub("", text.strip(), count=1)
    if not body:
        return None
    if unicodedata.normalize("NFKC", body) != body:
        return "has characters that look like others"
    if body.upper() == body:
        return "is all in capitals, which is how marks of tools look"
    found = FOR_TOOLS_FIRST.match(body) or FOR_TOOLS.search(body)
    return None if found is None else f"has `{found[0][:40]}`, which a tool or an agent may read"


def why_not_prose(text: str) -> str | None:
    """Why a line does not read as plain prose, in words; None when it does."""
    body = HEAD.sub("", text.strip(), count=1)
    if not body:
        return None
    if unicodedata.normalize("NFKC", body) != body:
        return "has characters that look like others"
    if len(body.split()) < 2 and PROSE_SHAPE.match(body):  # noqa: PLR2004 - one word is the shape of a directive
        return "is a single word, which is how directives look"
    found = ACTING_WORDS.search(body)
    objections = (
        (PROSE_SHAPE.match(body) is None, "is not made of plain words"),
        (body.upper() == body, "is all in capitals, which is how marks of tools look"),
        (PLACE.search(body) is not None, "names a place (a host, a path, a module) that somebody may go to"),
        (
            EXPECTATION.match(body) is not None,
            "is one word with a quoted text, which is how expectations of tests look",
        ),
        (found is not None, f"says `{found[0] if found else ''}`, which a tool, an agent or an operator may act on"),
    )
    return next((why for holds, why in objections if holds), None)
