"""What a secret looks like: literal first, then a bounded pattern in the RE2 subset.

A rule runs only around its literals, so a text without them costs one substring search per
literal. No look-around, no back-references, every repeat bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of text that is a secret, in characters, and of what kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind: literals of which one must occur, and the pattern; group 1 is the secret if there is one."""

    kind: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    fold: bool = False


def _rule(kind: str, literals: str, pattern: str, *, fold: bool = False) -> Rule:
    return Rule(kind, tuple(literals.split()), re.compile(pattern, re.IGNORECASE if fold else 0), fold)


PROVIDERS: Final[tuple[Rule, ...]] = (
    _rule("aws-key-id", "AKIA ASIA ABIA ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    _rule("github", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{30,255}"),
    _rule("github-pat", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,255}"),
    _rule("gitlab", "glpat- gldt- glrt- glptt-", r"gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_\-]{20,64}"),
    _rule("slack", "xox xapp-", r"(?:xox[bpars]|xapp)-[A-Za-z0-9\-]{10,250}"),
    _rule("slack-hook", "hooks.slack.com", r"hooks\.slack\.com/services/([A-Za-z0-9/]{20,100})"),
    _rule("stripe", "k_live_ k_test_ whsec_", r"(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,250}"),
    _rule("google-api", "AIza", r"AIza[A-Za-z0-9_\-]{35}"),
    _rule("google-oauth", "GOCSPX- ya29.", r"(?:GOCSPX-[A-Za-z0-9_\-]{28}|ya29\.[A-Za-z0-9_\-]{20,250})"),
    _rule("openai", "sk-", r"\bsk-(?:proj-|svcacct-|ant-api03-|ant-)?[A-Za-z0-9_\-]{20,250}"),
    _rule("npm", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _rule("pypi", "pypi-", r"pypi-[A-Za-z0-9_\-]{50,250}"),
    _rule("huggingface", "hf_", r"\bhf_[A-Za-z0-9]{30,64}"),
    _rule("sendgrid", "SG.", r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}"),
    _rule("twilio", "SK AC", r"\b(?:SK|AC)[0-9a-f]{32}\b"),
    _rule("mailgun", "key-", r"\bkey-[0-9a-z]{32}\b"),
    _rule("digitalocean", "_v1_", r"do[por]_v1_[0-9a-f]{64}"),
    _rule("shopify", "shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _rule("vault", "hvs. hvb.", r"hv[sb]\.[A-Za-z0-9_\-]{20,250}"),
    _rule("doppler", "dp.", r"dp\.[ps]t\.[A-Za-z0-9.]{20,64}"),
    _rule("databricks", "dapi", r"\bdapi[0-9a-f]{32}"),
    _rule("linear", "lin_api_", r"lin_api_[A-Za-z0-9]{32,64}"),
    _rule("postman", "PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    _rule("newrelic", "NRAK-", r"NRAK-[A-Z0-9]{27}"),
    _rule("grafana", "glsa_ glc_", r"gl(?:sa|c)_[A-Za-z0-9_+/=]{32,250}"),
    _rule("age-key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    _rule("azure-storage", "AccountKey=", r"AccountKey=([A-Za-z0-9+/]{40,100}={0,2})"),
    _rule("jwt", "eyJ", r"eyJ[A-Za-z0-9_\-]{8,400}\.[A-Za-z0-9_\-]{8,400}(?:\.[A-Za-z0-9_\-]{0,400})?"),
    _rule("url-password", "://", r"://[^\s:/@\"'\[\]]{0,64}:([^\s/@\"'\[\]]{3,200})@"),
    _rule("bearer", "bearer basic", r"\b(?:bearer|basic)[ ]{1,4}([A-Za-z0-9._~+/\-]{16,400}={0,2})", fold=True),
)
"""Kinds with a form of their own."""

ASSIGNMENT: Final = _rule(
    "assigned",
    "passw pwd secret token apikey api_key api-key private_key access_key credential",
    r"(?:passw(?:or)?d|passwd|pwd|secret|token|api[_\-]?key|private_key|access_key|credentials?)[A-Za-z0-9_\-]{0,24}"
    r"[\"']?[ \t]{0,4}(?::=|=>|=|:)[ \t]{0,4}(?:[\"']([^\"'\n\[\]]{6,400})[\"']|([^\s\"'`,;()\[\]{}<>$]{8,400}))",
    fold=True,
)
"""`name = value` where the name says that the value is secret."""

PLACEHOLDER: Final = re.compile(
    r"^(?:x{4,}|\*{3,}|\.{3,}|<.{0,60}>|\$\{.{0,80}\}|\{\{.{0,80}\}\}|%\(?[a-z_]{1,40}\)?s?|none|null|true|false|"
    r"string|str|int|bytes|bool|changeme|your[_\-].{0,60}|os\.environ.{0,80}|self\..{0,80}|[a-z_.]{1,40})$",
    re.IGNORECASE,
)
KINDS: Final = (*(rule.kind for rule in PROVIDERS), "assigned", "pem", "known", "entropy", "encoded")
