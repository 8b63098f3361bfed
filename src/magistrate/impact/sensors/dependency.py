"""What the project takes from others: manifests, locks, sources; each pin that moves, at its line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.known import findings_of, reader_of
from magistrate.impact.dependencies.pins import line_of
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.sensing import Rule, RuleSensor, Saying, first_line, line_start, named, rule

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:[^/]*requirements[^/]*\.(?:txt|in|ya?ml)|requirements/[^/]+|constraints[^/]*\.txt|pyproject\.toml|setup\.(?:py|cfg)|pipfile[^/]*|"
    r"poetry\.lock|uv\.(?:lock|toml)|pdm\.(?:lock|toml)|pylock[^/]*\.toml|pixi\.(?:lock|toml)|conda-lock\.ya?ml|"
    r"package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-(?:lock|workspace)\.yaml|bun\.lockb?|deno\.(?:jsonc?|lock)|go\.(?:mod|sum|work|work\.sum)|"
    r"cargo\.(?:toml|lock)|pom\.xml|build\.gradle[^/]*|gradle\.lockfile|gradle-wrapper\.properties|[^/]*\.versions\.toml|gemfile[^/]*|"
    r"[^/]*\.gemspec|composer\.(?:json|lock)|[^/]*\.csproj|packages\.(?:config|lock\.json)|directory\.packages\.props|mix\.(?:exs|lock)|"
    r"pubspec\.(?:yaml|lock)|package\.(?:swift|resolved)|podfile(?:\.lock)?|chart\.lock|\.terraform\.lock\.hcl|\.gitmodules|"
    r"environment\.ya?ml|flake\.(?:nix|lock)|\.pre-commit-config\.ya?ml|\.npmrc|\.yarnrc(?:\.ya?ml)?|\.pnpmfile\.c?js|pip\.(?:conf|ini)|"
    r"\.pypirc|nuget\.config|bunfig\.toml|\.cargo/config(?:\.toml)?|\.tool-versions|\.nvmrc|\.python-version|rust-toolchain(?:\.toml)?)$"
)
VENDORED: Final = rx(
    r"(?i)(?:^|/)(?:vendor|_?vendored|_vendor|node_modules|third[_-]?party|bower_components|\.yarn|pods|site-packages)/"
)
NO_LOCK: Final = rx(r"(?i)\.(?:md|rst|adoc|html?|py|pyi|[cm]?[jt]sx?|go|rs|java|kt|c|h|cc|cpp|hpp|rb|php|sh|cs|swift)$")
"""Pages and programs may show a manifest; their changed lines are looked at, their other lines are not."""
LISTS: Final = Saying(
    starts=line_start(
        r"# yarn lockfile v1|\"?lockfileversion\"?[ \t]*:|\[\[package\]\]|\[(?:workspace\.|target\.[^\]\n]{1,80}\.)?(?:dev-|build-)?dependencies\]|"
        r"\[(?:project|build-system|dependency-groups|tool\.poetry[^\]\n]{0,40}|packages|dev-packages)\][ \t\r]*$|"
        r"\"(?:dev|peer|optional)?dependencies\"[ \t]*:|<(?:dependencies|dependencymanagement|artifactid)>|__metadata:|"
        r"require[ \t]*\([ \t\r]*$|module[ \t]+[\w.-]{1,80}/|\"?pipfile-spec|gem[ \t]+['\"]|-[ \t]+repo:[ \t]*https?:"
    ),
    words=("--hash=sha", "h1:", "pipfile-spec", '"dependencies"', '"devdependencies"', '"lockfileversion"'),
    around=rx(
        r"--hash=sha(?:256|384|512):[0-9a-f]{64}|[ \t]h1:[A-Za-z0-9+/]{43}=|pipfile-spec|\"(?:dev)?dependencies\"\s{0,20}:\s{0,20}\{|"
        r"\"lockfileversion\"\s{0,20}:"
    ),
)
MAX_FINDINGS: Final = 60


def _role(file: ChangedFile) -> str | None:
    return "a dependency or where it comes from may change: never low by proof" if named(file, PATHS) else None


def _content_role(file: ChangedFile) -> str | None:
    if named(file, VENDORED):
        return "this is code of others, kept here: what changes in it comes from them, or should"
    if not named(file, NO_LOCK) and any(LISTS.within(text.lower()) for text in file.both_texts):
        return "this reads as a list of dependencies, whatever its name is"
    return None


RULES: Final = RuleSensor(
    name="dependency",
    kind=ChangeClass.DEPENDENCY,
    role=_role,
    rules=(
        rule(
            r"extra-index-url|index-url|\bregistry\s*[=:]|git\+(?:https|ssh)|npm:|\bresolved\b.*http|integrity",
            "a source or a checksum of a dependency",
        ),
        rule(r"^[A-Za-z0-9_.\[\]-]+\s*(?:==|~=|>=)\s*\d[\w.]*(?:\s*;.*)?$|^\s*image:\s*\S+", "a pinned version"),
        rule(
            r"^\s*(?:-\s*)?repository\s*:\s*[\"']?(?:https?:|oci:|file:|@)|"
            r"--(?:find-links|trusted-host|no-index)\b|\bnpmregistry\w*\s*:|\bstrict-ssl\b|\bgoproxy\b|\bgonosum\w*|\bgoflags\b.*-insecure|"
            r"<(?:repository|pluginrepository|mirror)>|\bpackagesources\b",
            "where packages come from, or how far that is believed",
        ),
        rule(
            r"^\s*\"?(?:resolutions|overrides|patcheddependencies|packageextensions|override-dependencies|constraint-dependencies)\"?\s*[:=]|"
            r"^\s*replace\b.*=>|^\s*[\w-]+\.[\w.-]+/[\w./-]+(?:\s+v[\w.+-]+)?\s+=>\s+\S+|^\s*\[(?:patch|replace|source|registries|registry|tool\.uv\.sources|tool\.uv\.index)\b",
            "another package takes the place of one that is asked for",
        ),
        rule(
            r"\bhasinstallscript\b|\brequiresbuild\b|\bonlybuiltdependencies\b|\bneverbuilt\w+|\bignore-scripts\b|\benablescripts\b|"
            r"\"(?:pre|post)?(?:install|prepare|pack|publish)\"\s*:|^\s*build-backend\s*=|^\s*backend-path\s*=|\bdangerouslyallowallbuilds\b",
            "what runs when a package is installed or built",
        ),
        rule(
            r"--hash[= ]sha\d+:|\bh1:[A-Za-z0-9+/]{43}=|^\s*checksum\s*[=:]|\buses:\s*[\w.-]+/[\w./-]+@|^\s*additional_dependencies\s*:|"
            r"^\s*-?\s*rev:\s*\S",
            "a version or a checksum of something that others made",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """The rules, what reads as a list of dependencies, and what each pin says."""

    name: str = "dependency"
    rules: tuple[Rule, ...] = RULES.rules

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """Pins first: they are what a reviewer must see."""
        pins = list(islice(_pins(file), MAX_FINDINGS))
        yield from pins
        role = None if named(file, PATHS) else _content_role(file)
        if role is not None:
            yield Sensitivity(kind=ChangeClass.DEPENDENCY, path=file.path, line=first_line(file), why=role)
        told = {one.line for one in pins}
        yield from (one for one in RULES.sense(file, base) if one.line not in told)


def _pins(file: ChangedFile) -> Iterable[Sensitivity]:
    if reader_of(file.path) is None:
        return
    try:
        found = findings_of(file)
    except UnreadableError as error:
        why = f"no list of pins could be read: {error}"
        yield Sensitivity(kind=ChangeClass.DEPENDENCY, path=file.path, line=first_line(file), why=why)
        return
    for one in sorted(found, key=lambda finding: not finding.hard):
        kind = ChangeClass.UNKNOWN if one.hard else ChangeClass.DEPENDENCY
        line = line_of(one.pin, file.before if one.gone else file.after)
        yield Sensitivity(kind=kind, path=file.path, line=line, why=one.why)


SENSOR: Final = Dependency()
