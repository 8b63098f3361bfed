"""Rules of branches as code: what may be merged, pushed, forced, deleted, by whom, and after how many approvals.

Reads `.github/settings.yml` of the Settings app (probot/settings and safe-settings; the fields are those of
GitHub's REST API for branch protection) and exported rulesets (JSON or YAML). A request says what was
done for it (approvals, checks that are green, ...); a rule that is taken away lets more requests through.
Rulesets and branch protection hold all together, so each is a layer of its own.

Rule kept: a value that is not understood protects nothing and is `Unknown`; a rule of a kind that is not
known is a condition of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.branch_rulesets import DEEDS, free, is_ruleset, ruleset_layer
from magistrate.impact.privilege.domains.ci_yaml import (
    Text,
    UnreadableError,
    line_of,
    listed,
    mapping,
    only_document,
    shown,
)
from magistrate.impact.privilege.model import (
    Grants,
    Holder,
    Layer,
    Place,
    Reader,
    Statement,
    Unknown,
    Where,
    literals,
    spans,
)

DOMAIN: Final = "branch-protection"
HOLDER: Final = "repository/branches"
PEOPLE: Final = "repository/people"
SETTINGS: Final = rx(r"(?:\.github|\.gitlab)/(?:settings|repos/[^/]+|suborgs/[^/]+)\.ya?ml")
RULESETS: Final = rx(r"(?:.*/)?(?:(?:[^/]*-)?rulesets?/[^/]+|[^/]*rulesets?[^/]*)\.(?:json|ya?ml)")
LEVELS: Final = ("pull", "triage", "push", "maintain", "admin")
MANY: Final = 1_000
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})


@dataclass(slots=True)
class _Reading:
    """One settings file: its statements, and what was not understood."""

    path: str
    unknown: list[Unknown] = field(default_factory=list)

    def odd(self, what: str, value: object) -> None:
        place = Place(path=self.path, line=line_of(value))
        why = "a setting that is not understood"
        self.unknown.append(Unknown(domain=DOMAIN, why=why, text=f"{self.path}: {what}: {shown(value)}", place=place))

    def truth(self, settings: Mapping[str, Any], name: str, *, otherwise: bool = False) -> bool:
        """A switch; `otherwise` where it stands as something that is neither true nor false."""
        value = settings.get(name)
        if isinstance(value, dict) and "enabled" in value:
            value = value["enabled"]
        if value is None or (isinstance(value, Text) and value.empty):
            return False
        if isinstance(value, Text) and value.plain and value in _TRUE | _FALSE:
            return value in _TRUE
        self.odd(name, value)
        return otherwise

    def says(self, words: str, where: object, value: object) -> dict[str, Any]:
        """The place and words of a statement."""
        return {"where": where, "place": Place(path=self.path, line=line_of(value)), "says": words}


class BranchRules:
    """Reads settings files and rulesets."""

    @property
    def domain(self) -> str:
        """`branch-protection`."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """Settings of the Settings app, and files named as rulesets."""
        return SETTINGS.fullmatch(path) is not None or RULESETS.fullmatch(path) is not None

    def grants(self, files: Mapping[str, str]) -> Grants:
        """What the rules let through; without rules, everything."""
        unknown: list[Unknown] = []
        layers: dict[str, list[Layer]] = {HOLDER: []}
        people: dict[str, list[Statement]] = {PEOPLE: []}
        for path in sorted(path for path in files if self.reads(path)):
            reading = _Reading(path)
            body = _body(path, files[path], reading)
            if SETTINGS.fullmatch(path):
                apart = "" if "settings." in path else f":{path}"
                settings = mapping(body)
                first = Layer(statements=tuple(_protected(settings, reading)))
                own = layers.setdefault(HOLDER + apart, [])
                own += [
                    first,
                    *(ruleset_layer(path, one) for one in listed(settings.get("rulesets")) if is_ruleset(one)),
                ]
                people.setdefault(PEOPLE + apart, []).extend(
                    (*_people(settings, reading), *_deployments(settings, reading))
                )
            else:
                layers[HOLDER] += [ruleset_layer(path, one) for one in listed(body) if is_ruleset(one)]
            unknown += reading.unknown
        holders = [_branches(name, found) for name, found in layers.items()]
        people = {name: found or [Statement(where=(literals("deed", "deploy"),))] for name, found in people.items()}
        holders += [
            Holder(name=name, domain=DOMAIN, layers=(Layer(statements=tuple(found)),)) for name, found in people.items()
        ]
        return Grants(
            holders=tuple(sorted(holders, key=lambda one: one.name)),
            live=frozenset(one.name for one in holders) | {HOLDER, PEOPLE},
            unknown=tuple(unknown),
        )


def _branches(name: str, layers: list[Layer]) -> Holder:
    everything = Layer(statements=(free(Place(path=""), "no rule speaks of any branch"),))
    held = tuple(one for one in layers if one.statements)
    return Holder(name=name, domain=DOMAIN, layers=held or (everything,))


def _body(path: str, text: str, reading: _Reading) -> Any:  # noqa: ANN401 - dictionaries, lists and texts
    try:
        return only_document(text)
    except UnreadableError as error:
        place, why = Place(path=path), f"a file of rules that cannot be read: {error}"
        reading.unknown.append(Unknown(domain=DOMAIN, why=why, text=f"{path}: {' '.join(text.split())}", place=place))
        return {}


def _protected(settings: Mapping[str, Any], reading: _Reading) -> Iterator[Statement]:
    named: list[str] = []
    for entry in listed(settings.get("branches")):
        branch = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(branch, Text):
            reading.odd("branch", entry)
            continue
        rules = entry.get("protection")
        if not isinstance(rules, dict):
            if rules is not None and not (isinstance(rules, Text) and rules.empty):
                reading.odd("protection", rules)
            continue
        named.append(f"refs/heads/{branch}")
        yield from _branch(f"refs/heads/{branch}", branch, rules, reading)
    if named:
        where = (literals("deed", *DEEDS), literals("ref", *named, negated=True))
        yield Statement(**reading.says("branches without protection", where, None))


def _branch(ref: str, branch: Text, rules: Mapping[str, Any], reading: _Reading) -> Iterator[Statement]:
    here = (literals("ref", ref),)
    reviews = rules.get("required_pull_request_reviews")
    asked = isinstance(reviews, dict)
    who = _allowed_to_push(rules)
    common = (*here, *who, *_checks(rules, reading), *_always(rules, reading))
    locked = reading.truth(rules, "lock_branch")
    for approvals in _reviews(mapping(reviews), reading) if asked and not locked else ():
        where = (*common, literals("deed", "merge"), *approvals)
        yield Statement(**reading.says(f"merging into {branch}", where, reviews))
    if not asked and not locked:
        yield Statement(**reading.says(f"pushing to {branch}", (*common, literals("deed", "merge", "push")), branch))
    free_to = (("allow_force_pushes", "force"), ("allow_deletions", "delete"))
    for key, deed in free_to:
        if reading.truth(rules, key, otherwise=True):
            yield Statement(**reading.says(f"{key} on {branch}", (*here, *who, literals("deed", deed)), rules.get(key)))
    if not reading.truth(rules, "block_creations"):
        yield Statement(**reading.says(f"creating {branch}", (*here, literals("deed", "create")), branch))
    for name in _named(mapping(mapping(reviews).get("bypass_pull_request_allowances"))):
        where = (*here, literals("deed", "merge", "push"), literals("who", name))
        yield Statement(**reading.says(f"{name} bypasses reviews", where, reviews))
    if not reading.truth(rules, "enforce_admins"):
        where = (*here, literals("deed", "merge", "push"), literals("who", "admins"))
        yield Statement(**reading.says(f"admins are free on {branch}", where, rules.get("enforce_admins", branch)))


def _named(people: Mapping[str, Any]) -> list[str]:
    return [
        f"{kind.removesuffix('s')} {shown(one).lower()}"
        for kind in ("users", "teams", "apps")
        for one in listed(people.get(kind))
    ]


def _allowed_to_push(rules: Mapping[str, Any]) -> tuple[Where, ...]:
    limits = rules.get("restrictions")
    return (literals("who", *_named(limits)),) if isinstance(limits, dict) else ()


def _reviews(reviews: Mapping[str, Any], reading: _Reading) -> Iterator[tuple[Where, ...]]:
    conditions: list[Where] = []
    for key, words in (
        ("require_code_owner_reviews", "an owner approved"),
        ("require_last_push_approval", "somebody else approved the last push"),
        ("dismiss_stale_reviews", "approvals are of the last push"),
    ):
        if reading.truth(reviews, key):
            conditions.append(literals(words, "yes"))
    limits = reviews.get("dismissal_restrictions")
    if isinstance(limits, dict) and limits:
        conditions.append(literals("reviews dismissed by", "nobody", *_named(limits)))
    count = reviews.get("required_approving_review_count")
    if count is None:
        yield (*conditions, spans("approvals", (1, MANY)))
        yield (*conditions, literals("count", "by the service's default"))
        return
    if not shown(count).isdecimal():
        reading.odd("required_approving_review_count", count)
        yield tuple(conditions)
        return
    yield (*conditions, spans("approvals", (min(int(shown(count)), MANY), MANY)))


def _checks(rules: Mapping[str, Any], reading: _Reading) -> Iterator[Where]:
    checks = mapping(rules.get("required_status_checks"))
    if reading.truth(checks, "strict"):
        yield literals("up to date", "yes")
    for one in listed(checks.get("contexts")):
        yield literals(f"check {shown(one)}", "green")
    for one in listed(checks.get("checks")):
        name = shown(mapping(one).get("context", one))
        app = mapping(one).get("app_id")
        yield literals(f"check {name}", "green")
        if app is not None and shown(app) not in {"-1", ""}:
            yield literals(f"check {name} is of", shown(app))


def _always(rules: Mapping[str, Any], reading: _Reading) -> Iterator[Where]:
    for key, words in (
        ("required_linear_history", "linear history"),
        ("required_conversation_resolution", "conversations resolved"),
        ("required_signatures", "signed"),
    ):
        if reading.truth(rules, key):
            yield literals(words, "yes")


def _people(settings: Mapping[str, Any], reading: _Reading) -> Iterator[Statement]:
    repository = mapping(settings.get("repository"))
    if "private" in repository or "visibility" in repository:
        private = reading.truth(repository, "private") or shown(repository.get("visibility", "")) in {
            "private",
            "internal",
        }
        if not private:
            where = (literals("deed", "hold"), literals("who", "anybody"), literals("level", "pull"))
            yield Statement(**reading.says("the repository is public", where, repository))
    for kind, key in (("user", "collaborators"), ("team", "teams")):
        for one in listed(settings.get(key)):
            entry = mapping(one)
            name, level = (
                shown(entry.get("username", entry.get("name", ""))).lower(),
                shown(entry.get("permission", "push")),
            )
            levels = LEVELS[: LEVELS.index(level) + 1] if level in LEVELS else (*LEVELS, level)
            where = (literals("deed", "hold"), literals("who", f"{kind} {name}"), literals("level", *levels))
            yield Statement(**reading.says(f"{kind} {name}: {level}", where, one))


def _deployments(settings: Mapping[str, Any], reading: _Reading) -> Iterator[Statement]:
    named: list[str] = []
    for one in listed(settings.get("environments")):
        entry = mapping(one)
        name = shown(entry.get("name", "")).lower()
        named.append(name)
        where = [literals("deed", "deploy"), literals("environment", name)]
        reviewers = [shown(each) for each in listed(entry.get("reviewers"))]
        if reviewers:
            where.append(literals("approved by", *reviewers))
            if reading.truth(entry, "prevent_self_review"):
                where.append(literals("approved by its author", "no"))
        wait = shown(entry.get("wait_timer", "0"))
        if wait.isdecimal() and int(wait):
            where.append(spans("minutes waited", (int(wait), 100_000)))
        policy = entry.get("deployment_branch_policy")
        if isinstance(policy, dict) and policy:
            where.append(literals(f"branch fits {shown(policy)}", "yes"))
        yield Statement(**reading.says(f"deploying to {name}", tuple(where), one))
    free_ones = (literals("environment", *named, negated=True),) if named else ()
    yield Statement(**reading.says("environments without rules", (literals("deed", "deploy"), *free_ones), None))


READER: Final[Reader] = BranchRules()
