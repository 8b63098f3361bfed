"""What teams write today to let changes through: globs, title words, linguist's lists, size.

Written anew from how these tools describe their rules. A baseline sees paths, the title and the
number of changed lines and says whether it would let the change pass; None where it would need a
title and there is none (a title is chosen by who proposes, so no title is no evidence either way).

G1  README, CHANGES, CONTRIBUTING at the top and `docs/**` in md, rst, adoc    G2  `docs/**`, md, rst, txt anywhere
G3  G2 and test folders and names    G4  G3 and dependency files    G5  any one file matches G4 (any-glob-to-any-file)
G6  gitStream's "safe changes": documentation extensions, `test` or `spec` in the path, pictures
P1  title begins docs, style, test, ci, chore, build    P2  docs, style    P3  a word like docs, typo, test anywhere
L1  linguist: prose languages and its documentation paths    L2  L1, generated, vendored and data languages
S1  at most 10 changed lines    C2  P1 and G3 agree
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

PROSE: Final = re.compile(r"\.(md|markdown|mkd|rst|txt|adoc|asciidoc|org|textile|rdoc|pod|tex|html?)$", re.IGNORECASE)
DOCS: Final = re.compile(r"(^|/)docs?/|\.(md|mdx|rst|txt)$", re.IGNORECASE)
STRICT_DOCS: Final = re.compile(
    r"^(README|CHANGES|CHANGELOG|CONTRIBUTING|HISTORY|AUTHORS)(\.\w+)?$|^docs?/.*\.(md|rst|adoc)$", re.IGNORECASE
)
TESTS: Final = re.compile(
    r"(^|/)(tests?|specs?|__tests__|testing|testdata)/|(^|/)(test_[^/]*\.py|[^/]*_test\.\w+|[^/]*\.(test|spec)\.\w+)$"
    r"|(^|/)[A-Z]\w*Tests?\.(java|kt|php|cs)$",
    re.IGNORECASE,
)
DEPENDENCIES: Final = re.compile(
    r"(^|/)(package(-lock)?\.json|yarn\.lock|pnpm-lock\.yaml|requirements[^/]*\.txt|Pipfile(\.lock)?|poetry\.lock"
    r"|pyproject\.toml|uv\.lock|go\.(mod|sum)|Cargo\.(toml|lock)|Gemfile(\.lock)?|composer\.(json|lock)|pom\.xml"
    r"|build\.gradle(\.kts)?|libs\.versions\.toml|[^/]*\.gemspec|setup\.(py|cfg))$"
)
SAFE_BY_EXTENSION: Final = re.compile(r"\.(md|mdx|txt|rst|adoc|png|jpe?g|gif|svg|ico|webp)$", re.IGNORECASE)
TEST_OR_SPEC: Final = re.compile(r"test|spec")
LINGUIST_DOCUMENTATION: Final = re.compile(
    r"^[Dd]ocs?/|(^|/)[Dd]ocumentation/|(^|/)[Gg]roovydoc/|(^|/)[Jj]avadoc/|^[Mm]an/|^[Ee]xamples/|^[Dd]emos?/"
    r"|(^|/)inst/doc/|(^|/)CITATIONS?(\.|$)|(^|/)CHANGE(S|LOG)?(\.|$)|(^|/)CONTRIBUTING(\.|$)|(^|/)COPYING(\.|$)"
    r"|(^|/)INSTALL(\.|$)|(^|/)LICEN[CS]E(\.|$)|(^|/)[Ll]icen[cs]e(\.|$)|(^|/)README(\.|$)|(^|/)[Rr]eadme(\.|$)"
    r"|^[Ss]amples?/"
)
LINGUIST_GENERATED: Final = re.compile(
    r"(^|/)(package-lock\.json|yarn\.lock|pnpm-lock\.yaml|Cargo\.lock|go\.sum|poetry\.lock|Pipfile\.lock|uv\.lock"
    r"|composer\.lock|Gemfile\.lock)$|(^|/)(__generated__|generated)/|\.pb\.\w+$|_pb2\.py$|\.min\.(js|css)$"
    r"|(^|/)[^/]*\.(designer|generated)\.\w+$",
    re.IGNORECASE,
)
LINGUIST_VENDORED: Final = re.compile(
    r"(^|/)(node_modules|bower_components|vendors?|dist|deps|cache|extern(al)?|third[-_]?party|3rd[-_]?party)/"
    r"|(^|/)(configure|config\.guess|config\.sub|install-sh|gradlew(\.bat)?|mvnw(\.cmd)?)$|(^|/)fixtures/",
    re.IGNORECASE,
)
DATA: Final = re.compile(r"\.(json|ya?ml|toml|xml|csv|tsv|svg|ini|po|pot|proto|sql|graphql|lock)$", re.IGNORECASE)
WORK_PREFIX: Final = re.compile(r"^\W*(docs?|style|tests?|ci|chore|build)\b", re.IGNORECASE)
SOFT_PREFIX: Final = re.compile(r"^\W*(docs?|style)\b", re.IGNORECASE)
KEYWORD: Final = re.compile(
    r"\b(docs?|documentation|readme|typos?|spelling|style|format(ting)?|lint(ing)?|tests?|comments?|changelog"
    r"|refactor(ing)?|chore|whitespace|cleanup)\b",
    re.IGNORECASE,
)
FEW_LINES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that a baseline sees of a change."""

    paths: tuple[str, ...]
    lines: int
    title: str | None = None


def _all(*patterns: re.Pattern[str]) -> Callable[[Seen], bool]:
    return lambda seen: bool(seen.paths) and all(any(p.search(path) for p in patterns) for path in seen.paths)


def _any(*patterns: re.Pattern[str]) -> Callable[[Seen], bool]:
    return lambda seen: any(p.search(path) for p in patterns for path in seen.paths)


def _title(pattern: re.Pattern[str]) -> Callable[[Seen], bool | None]:
    return lambda seen: None if seen.title is None else bool(pattern.search(seen.title))


def _both(seen: Seen) -> bool | None:
    by_title = _title(WORK_PREFIX)(seen)
    return None if by_title is None else by_title and _all(DOCS, TESTS)(seen)


BASELINES: Final[dict[str, tuple[str, Callable[[Seen], bool | None]]]] = {
    "G1": ("strict documentation globs", _all(STRICT_DOCS)),
    "G2": ("documentation globs", _all(DOCS)),
    "G3": ("documentation and test globs", _all(DOCS, TESTS)),
    "G4": ("and dependency files", _all(DOCS, TESTS, DEPENDENCIES)),
    "G5": ("any one file matches", _any(DOCS, TESTS, DEPENDENCIES)),
    "G6": ("gitStream's safe changes", _all(SAFE_BY_EXTENSION, TEST_OR_SPEC)),
    "P1": ("title begins docs, style, test, ci, chore, build", _title(WORK_PREFIX)),
    "P2": ("title begins docs, style", _title(SOFT_PREFIX)),
    "P3": ("a soft word in the title", _title(KEYWORD)),
    "L1": ("linguist's prose and documentation", _all(PROSE, LINGUIST_DOCUMENTATION)),
    "L2": (
        "and generated, vendored, data",
        _all(PROSE, LINGUIST_DOCUMENTATION, LINGUIST_GENERATED, LINGUIST_VENDORED, DATA),
    ),
    "S1": ("at most 10 changed lines", lambda seen: seen.lines <= FEW_LINES),
    "C2": ("title and globs agree (P1 and G3)", _both),
}
"""Name to what it is and its rule."""


def accepted_by(seen: Seen) -> list[str]:
    """The names of the baselines that let it pass."""
    return [name for name, (_, rule) in BASELINES.items() if rule(seen)]


def chain_accepted_by(steps: list[Seen]) -> list[str]:
    """A chain passes only where every step does."""
    passed = [set(accepted_by(step)) for step in steps]
    return [name for name in BASELINES if passed and all(name in step for step in passed)]
