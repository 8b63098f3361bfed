"""Publishing: versions, release settings, licence and security contact, domains."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.sayings import says
from magistrate.impact.sensing import RuleSensor, Saying, line_start, named, rule

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:licen[cs]e[^/]*|copying[^/]*|security[^/]*|cname|\.goreleaser[^/]*|\.releaserc[^/]*|releas(?:e|ing)[^/]*|publish[^/]*|\.changeset|\.bumpversion\.cfg|lerna\.json|version(?:\.\w+)?|manifest\.in)(?:/|$)"
)
CHANGES: Final = rx(r"(?i)(?:^|/)changelog[^/]*(?:/|$)")
ENTRY: Final = rx(r"\s*\Z|\s*[-*+]\s|\s+\S")
VERSION: Final = rx(r"(?i)\d+\.\d+|\d{4}-\d|unreleased|version|release")
SAYS: Final = Saying(
    starts=line_start(
        r"(?:builds|archives|nfpms|brews|homebrew_casks|dockers(?:_v2)?|scoops|universal_binaries|changelog|release|signs|sboms|checksum|snapshot|aurs|snapcrafts)[ \t]*:[ \t\r]*$|"
        r"\"(?:release-type|baseBranch|changelog|branches|packages)\"[ \t]*:|\[bump(?:version|2version)|name[ \t]*:[ \t]*[\"']?(?:release|publish|deploy)"
    )
)


def _role(file: ChangedFile) -> str | None:
    decides = named(file, PATHS) or (named(file, CHANGES) and not _entries_only(file)) or says(file, SAYS)
    return "this decides what is published, under which terms or name" if decides else None


def _entries_only(file: ChangedFile) -> bool:
    """Whether nothing but items of an existing list change, without a version, a date or a title."""
    whole = file.change.before is None or file.change.after is None
    return not whole and all(ENTRY.match(line.text) and not VERSION.search(line.text) for line in file.lines)


SENSOR: Final = RuleSensor(
    name="release",
    kind=ChangeClass.RELEASE,
    role=_role,
    code_rules=(
        rule(
            r"\b(?:npm|twine|cargo|gem|docker|helm|gh release|poetry|uv|pnpm|yarn|mvn|gradle|dotnet nuget|changeset|lerna|flit|hatch)\s+(?:publish|upload|push|create|deploy)\b|publishConfig|publishTo|gh-action-pypi-publish|softprops/action-gh-release|"
            r"goreleaser|semantic-release|release-please|release-drafter|changesets/action|registry-url|trusted[- ]publish",
            "publishes",
        ),
        rule(
            r"__version(?:_info)?__\s*(?::\s*\w+\s*)?=|\b(?:\w+[-_.])*version(?:[-_.]?(?:string|number|name|code|info|prefix|suffix))?[\"'`]?\s*(?::\s*[\w.<>&' ]+)?\s*(?:[:=]|:=|,)\s*[\"'`]?v?\d+[.\d]|<version>\s*\d|^\s*v?\d+\.\d+\.\d+[\w.+-]*\s*$|"
            r"\b(?:const|define|#define|static|final|public|let|var)\b.{0,60}version\w*\b.{0,20}\d|\b(?:version|release|ver)\s*[\"']?\s*[=:(,]?\s*[\"'(]\s*v?\d+[.,]\s?\d|\bappversion\b|\b(?:major|minor|patch|tiny|pre|micro|build)\s*[:=]\s*[\"']?\d+|\bversion\s*=\s*[\"']|AC_INIT\(|project\([^)]*version|\d+\.\d+\.\d+-SNAPSHOT|current_version",
            "sets a version",
            given="version versions ver release appversion major minor patch tiny pre micro build ac project snapshot current init",
        ),
    ),
)
