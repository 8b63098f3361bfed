"""One ruleset of GitHub, as it is exported: a layer that lets through what keeps all its rules.

Follows "Available rules for rulesets". Only `enforcement: active` holds; `evaluate` and `disabled` let
everything through. Who may bypass it does so `always`, or (`pull_request`) when merging only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.privilege.domains.ci_yaml import line_of, listed, mapping, shown
from magistrate.impact.privilege.model import Layer, Place, Statement, Where, literals, spans
from magistrate.impact.privilege.patterns import Glob, literal, path

DEEDS: Final = ("merge", "push", "force", "delete", "create")
FORBIDS: Final = {
    "deletion": ("delete",),
    "non_fast_forward": ("force",),
    "creation": ("create",),
    "update": ("merge", "push", "force"),
}
SWITCHES: Final = {
    "require_code_owner_review": "an owner approved",
    "require_last_push_approval": "somebody else approved the last push",
    "dismiss_stale_reviews_on_push": "approvals are of the last push",
    "required_review_thread_resolution": "conversations resolved",
}
MANY: Final = 1_000


def free(place: Place, says: str, *where: Where) -> Statement:
    """Everything may be done, under these conditions."""
    return Statement(where=(literals("deed", *DEEDS), *where), place=place, says=says)


def is_ruleset(value: object) -> bool:
    """Whether a value has the shape of a ruleset."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("rules"), list)
        and ("enforcement" in value or "target" in value)
    )


def ruleset_layer(file: str, ruleset: Mapping[str, Any]) -> Layer:
    """What this ruleset lets through; nothing is said by one that is not active."""
    place = Place(path=file, line=line_of(ruleset))
    if shown(ruleset.get("enforcement", "active")) != "active":
        return Layer(statements=())
    target = shown(ruleset.get("target", "branch"))
    names = mapping(mapping(ruleset.get("conditions")).get("ref_name"))
    prefix = "refs/tags/" if target == "tag" else "refs/heads/"
    included = tuple(_ref(one, prefix) for one in listed(names.get("include"))) or (path("**"),)
    excluded = tuple(_ref(one, prefix) for one in listed(names.get("exclude")))
    here = [Where(dimension="ref", among=included)]
    statements = [
        free(place, "refs that the ruleset does not name", Where(dimension="ref", among=included, negated=True))
    ]
    if excluded:
        here.append(Where(dimension="ref", among=excluded, negated=True))
        statements.append(free(place, "refs that the ruleset leaves out", Where(dimension="ref", among=excluded)))
    statements += _kept(ruleset, tuple(here), place)
    statements += _bypassed(ruleset, tuple(here), place)
    return Layer(statements=tuple(statements))


def _ref(one: object, prefix: str) -> Glob:
    text = shown(one)
    if text == "~ALL":
        return path(f"{prefix}**")
    if text == "~DEFAULT_BRANCH":
        return literal("refs/heads/(the default branch)")
    return path(text if text.startswith("refs/") else prefix + text)


def _kept(ruleset: Mapping[str, Any], here: tuple[Where, ...], place: Place) -> Iterator[Statement]:
    forbidden: set[str] = set()
    both: list[Where] = []
    merging: list[Where] = []
    for rule in listed(ruleset.get("rules")):
        kind, settings = shown(mapping(rule).get("type", rule)), mapping(mapping(rule).get("parameters"))
        if kind in FORBIDS:
            forbidden.update(FORBIDS[kind])
        elif kind == "pull_request":
            forbidden.add("push")
            merging += _reviews(settings)
        elif kind == "required_status_checks":
            both += _checks(settings)
        elif kind in {"required_signatures", "required_linear_history"}:
            both.append(literals({"required_signatures": "signed"}.get(kind, "linear history"), "yes"))
        else:
            both.append(literals(f"rule {kind} {shown(settings)}", "kept"))
    says = f"ruleset {shown(ruleset.get('name', ''))}"
    for deed in DEEDS:
        if deed not in forbidden:
            more = tuple(merging) if deed == "merge" else ()
            checks = () if deed == "delete" else tuple(both)
            yield Statement(where=(*here, literals("deed", deed), *more, *checks), place=place, says=f"{says}: {deed}")


def _reviews(settings: Mapping[str, Any]) -> Iterator[Where]:
    for key, words in SWITCHES.items():
        if shown(settings.get(key, "")).lower() == "true":
            yield literals(words, "yes")
    count = shown(settings.get("required_approving_review_count", "0"))
    if count.isdecimal() and int(count):
        yield spans("approvals", (min(int(count), MANY), MANY))
    methods = sorted(shown(one) for one in listed(settings.get("allowed_merge_methods")))
    if methods:
        yield literals("merge method", *methods)
    for one in listed(settings.get("required_reviewers")):
        yield literals(f"reviewed as {shown(one)}", "yes")


def _checks(settings: Mapping[str, Any]) -> Iterator[Where]:
    if shown(settings.get("strict_required_status_checks_policy", "")).lower() == "true":
        yield literals("up to date", "yes")
    for one in listed(settings.get("required_status_checks")):
        name, app = shown(mapping(one).get("context", one)), mapping(one).get("integration_id")
        yield literals(f"check {name}", "green")
        if app is not None and shown(app) not in {"-1", "", "null"}:
            yield literals(f"check {name} is of", shown(app))


def _bypassed(ruleset: Mapping[str, Any], here: tuple[Where, ...], place: Place) -> Iterator[Statement]:
    for one in listed(ruleset.get("bypass_actors")):
        actor = mapping(one)
        name = f"{shown(actor.get('actor_type', ''))} {shown(actor.get('actor_id', ''))}".strip().lower()
        deeds = ("merge",) if shown(actor.get("bypass_mode", "always")) == "pull_request" else DEEDS
        where = (*here, literals("deed", *deeds), literals("who", name))
        yield Statement(where=where, place=place, says=f"{name} bypasses the ruleset")
