"""When a GitLab job runs: `rules`, `only` and `except`, `when`, and what it waits for, as boxes of requests.

The first rule whose conditions hold decides. A rule that keeps a job out, or asks for a click, holds back
the rules behind it; other rules before one only run the job earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import Text, listed, mapping, shown
from magistrate.impact.privilege.domains.github_actions_triggers import Cases, cases_of
from magistrate.impact.privilege.model import Where, literals

MAX_CASES: Final = 24
_KINDS: Final = (
    (
        rx(r"\$\{?CI_PIPELINE_SOURCE\}? == [\"']merge_request_event[\"']|\$\{?CI_MERGE_REQUEST_\w+\}?.*"),
        "merge request",
    ),
    (rx(r"\$\{?CI_PIPELINE_SOURCE\}? == [\"'](?:push|web|schedule|api|trigger)[\"']"), "branch or tag"),
    (rx(r"\$\{?CI_COMMIT_(?:BRANCH|TAG)\}?(?: (?:==|=~).*)?"), "branch or tag"),
)
Way = tuple[Where, ...]


def ways_of(job: Mapping[str, Any], workflow: Mapping[str, Any], stages: Sequence[str]) -> tuple[Way, ...]:
    """Every way in which a job comes to run; none for one that never does."""
    whole = _rules(listed(workflow.get("rules")), "always") if "rules" in workflow else [frozenset[tuple[str, bool]]()]
    usual = shown(job.get("when", "on_success"))
    if "rules" in job:
        cases = _rules(listed(job.get("rules")), usual)
    else:
        cases = _refs(job) if usual != "never" else []
        cases = [case | _by(usual) for case in cases]
    both = _limited([one | other for one in whole for other in cases], f"{shown(workflow)} {shown(job.get('rules'))}")
    waits = _waits(job, usual, stages)
    return tuple(dict.fromkeys((*_conditions(case), *waits) for case in both if not _never(case)))


def _never(case: frozenset[tuple[str, bool]]) -> bool:
    return any((text, not holds) in case for text, holds in case)


def _by(when: str) -> frozenset[tuple[str, bool]]:
    return frozenset({("somebody starts it by hand", True)}) if when == "manual" else frozenset()


def _limited(cases: Cases, text: str) -> Cases:
    return list(dict.fromkeys(cases)) if len(cases) <= MAX_CASES else [frozenset({(text, True)})]


def _rules(rules: Sequence[object], usual: str) -> Cases:
    found: Cases = []
    held: Cases = [frozenset()]
    for rule in rules:
        settings = mapping(rule)
        when = shown(settings.get("when", usual))
        mine, others = _of_rule(settings)
        if when != "never":
            found += [before | case | _by(when) for before in held for case in mine]
        if when in {"never", "manual"}:
            held = _limited([before | case for before in held for case in others], shown(rules))
    return _limited(found, shown(rules))


def _of_rule(settings: Mapping[str, Any]) -> tuple[Cases, Cases]:
    """The alternatives under which one rule holds, and those under which it does not."""
    mine: Cases = cases_of(settings.get("if"))
    others: Cases = _negated(settings["if"]) if "if" in settings else []
    for key in ("changes", "exists"):
        if key in settings:
            text = f"{key} {shown(settings[key])}"
            mine = [case | {(text, True)} for case in mine]
            others = [*others, frozenset({(text, False)})]
    return mine, others


def _negated(condition: object) -> Cases:
    return cases_of(Text.of(f"!({shown(condition)})", line=0))


def _refs(job: Mapping[str, Any]) -> Cases:
    """`only` and `except`, or the usual: branches and tags."""
    only, but = job.get("only"), job.get("except")
    found: Cases = [frozenset()]
    if only is None:
        found = [frozenset({("the pipeline is of a branch or tag", True)})]
    elif isinstance(only, dict):
        for key in sorted(only):
            texts = (
                [f"{key} {shown(one)}" for one in listed(only[key])]
                if key in {"refs", "variables"}
                else [f"{key} {shown(only[key])}"]
            )
            found = [case | {(text, True)} for case in found for text in texts]
    else:
        found = [frozenset({(f"refs {shown(one)}", True)}) for one in listed(only)]
    texts = (
        [f"{key} {shown(one)}" for key in sorted(but) for one in listed(but[key])]
        if isinstance(but, dict)
        else [f"refs {shown(one)}" for one in listed(but)]
    )
    return [case | {(text, False) for text in texts} for case in found]


def _conditions(case: frozenset[tuple[str, bool]]) -> Iterator[Where]:
    for text, holds in sorted(case):
        if text == "the pipeline is of a branch or tag":
            yield literals("pipeline", "branch or tag")
            continue
        yield literals(f"if {text}", "holds" if holds else "fails")
        kind = next((kind for pattern, kind in _KINDS if pattern.fullmatch(text)), None)
        if holds and kind is not None:
            yield literals("pipeline", kind)


def _waits(job: Mapping[str, Any], usual: str, stages: Sequence[str]) -> Way:
    """That what comes before it succeeded: the jobs it names in `needs`, else all earlier stages."""
    if usual in {"always", "on_failure"}:
        return ()
    if "needs" in job:
        names = sorted({shown(mapping(one).get("job", one)) for one in listed(job["needs"])})
        return tuple(literals(f"needs {name}", "succeeded") for name in names)
    stage = shown(job.get("stage", "test"))
    before = stages[: stages.index(stage)] if stage in stages else ()
    return tuple(literals(f"stage {name}", "succeeded") for name in before)
