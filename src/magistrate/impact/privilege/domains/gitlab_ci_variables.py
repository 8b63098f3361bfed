"""What a name with variables may be, where the pipeline's own files say it (GitLab, "Where variables can be used").

Rule kept: a variable that no file gives a value stays as it is written; of several values each is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.ci_yaml import listed, mapping, shown

MAX_NAMES: Final = 64
_VARIABLE: Final = rx(r"\$(?:\{(\w+)\}|(\w+))")


def filled(text: str, variables: Mapping[str, Any], job: Mapping[str, Any]) -> tuple[str, ...]:
    """Every text that comes of the variables of the pipeline, of rules and of a matrix; at most `MAX_NAMES`, sorted."""
    names = list(dict.fromkeys(one[0] or one[1] for one in _VARIABLE.findall(text)))
    choices = [tuple(dict.fromkeys(_values(name, variables, job))) or (f"${name}",) for name in names]
    made: set[str] = set()
    for values in islice(product(*choices), MAX_NAMES + 1):
        known = dict(zip(names, values, strict=True))
        made.add(_VARIABLE.sub(lambda found, known=known: known[found[1] or found[2]], text))  # type: ignore[misc]
    return tuple(sorted(made)) if len(made) <= MAX_NAMES else (text,)


def _values(name: str, variables: Mapping[str, Any], job: Mapping[str, Any]) -> Iterator[str]:
    for one in listed(
        mapping(mapping(job.get("parallel")).get("matrix")) or mapping(job.get("parallel")).get("matrix")
    ):
        if name in mapping(one):
            yield from (shown(value) for value in listed(mapping(one)[name]))
    for rule in listed(job.get("rules")):
        given = mapping(mapping(rule).get("variables"))
        if name in given:
            yield shown(given[name])
    if name in variables:
        given = variables[name]
        yield shown(mapping(given).get("value", given))
        yield from (shown(one) for one in listed(mapping(given).get("options")))
