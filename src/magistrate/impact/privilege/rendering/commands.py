"""Commands of helm in scripts, makefiles and pipelines that install a chart of the tree.

Follows `helm upgrade --help` and `helm install --help` (v3, v4). Rule kept: a word that is not in the
lists below, a variable and a path that cannot be resolved make the command one that nobody can read,
and a chart that it may be about is not rendered.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.rendering.trees import plain_target

HELM: Final = rx(r"(?<![\w.-])helm3?(?=\s)[^\n]{0,2000}")
ACTS: Final = rx(r"\b(?:upgrade|install|template|package|push)\b")
ENDS: Final = rx(r"\s(?:&&|\|\||;|\||&|>|2>|1>)|;")
APPLIED: Final = rx(r"\|[^\n]{0,200}\b(?:kubectl|oc|kapp)\b")
BOOLEAN: Final = frozenset(
    {"--install", "-i", "--create-namespace", "--wait", "--wait-for-jobs", "--atomic", "--rollback-on-failure"}
    | {"--debug", "--cleanup-on-fail", "--include-crds", "--skip-tests", "--hide-notes"}
)
VALUED: Final = frozenset(
    [
        "-n",
        "--namespace",
        "-f",
        "--values",
        "--timeout",
        "--history-max",
        "--kube-context",
        "--kubeconfig",
        "--description",
    ]
)
GIVING: Final = frozenset(
    {"--set", "--set-string", "--set-file", "--set-json", "--set-literal", "--post-renderer", "--post-renderer-args"}
)
"""Flags with a value that change what is installed, by what no file of the tree says."""
MOVING: Final = rx(r"[$`*?~{}<>]|\\")
MAX_COMMANDS: Final = 200
WORDS: Final = 2
ELSEWHERE: Final = "\0"
"""The chart of a registry: no folder has such a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One installation by a command. `chart` is None where it may be about any chart."""

    said_in: str
    chart: str | None
    name: str = ""
    namespace: str = "default"
    values: tuple[str, ...] = ()
    problem: str = ""
    said: str = ""

    def about(self, chart: str) -> bool:
        """Whether it may install this chart."""
        return self.chart is None or self.chart == chart or chart.endswith(f"/{self.chart}")


def commands_in(path: str, text: str) -> Iterator[Command]:
    """Every command of a text that installs or publishes a chart."""
    joined = re.sub(r"\\\n[ \t]{0,200}", " ", text)
    for count, found in enumerate(HELM.finditer(joined)):
        line = found.group()
        if count >= MAX_COMMANDS:
            yield Command(said_in=path, chart=None, problem="too many commands of helm")
            return
        end = ENDS.search(line)
        said = line[: end.start()] if end else line
        if ACTS.search(said) is None or _only_shown(joined, found.start()):
            continue
        if re.search(r"\btemplate\b", said) and not APPLIED.search(line):
            continue
        yield replace(_command(path, said), said=said)


def _only_shown(text: str, at: int) -> bool:
    """Whether the line is a comment."""
    return text[text.rfind("\n", 0, at) + 1 : at].lstrip().startswith(("#", "//"))


def _command(path: str, said: str) -> Command:
    try:
        words = shlex.split(said)[1:]
    except ValueError:
        return Command(said_in=path, chart=None, problem="a command of helm that cannot be read")
    plain, values, namespace, problem = _words(words)
    if not plain or plain[0] not in {"upgrade", "install", "template"} or len(plain) != WORDS + 1:
        return Command(said_in=path, chart=None, problem="a command of helm that cannot be read, or publishes a chart")
    name, chart = plain[1], plain[2]
    where = plain_target("", chart)
    if "://" in chart and MOVING.search(chart) is None:
        return Command(said_in="", chart=ELSEWHERE)
    if where is None or not where or MOVING.search(chart) or chart.startswith(("./..", "../")):
        return Command(said_in=path, chart=None, problem="a command of helm about a chart that is not named")
    files = [plain_target("", one) for one in values]
    if MOVING.search(name) or MOVING.search(namespace) or None in files or any(map(MOVING.search, values)):
        problem = problem or "a command of helm with variables"
    kept = tuple(one for one in files if one is not None)
    return Command(said_in=path, chart=where, name=name, namespace=namespace, values=kept, problem=problem)


def _words(words: Sequence[str]) -> tuple[list[str], list[str], str, str]:
    """The plain words, the values files, the namespace, and what cannot be read."""
    plain: list[str] = []
    values: list[str] = []
    namespace, problem = "default", ""
    waiting = iter(words)
    for word in waiting:
        if not word.startswith("-"):
            plain.append(word)
            continue
        flag, given, value = word.partition("=")
        if flag in BOOLEAN:
            problem = problem or ("a command of helm that cannot be read" if given and value != "true" else "")
        elif flag in VALUED:
            value = value if given else next(waiting, "")
            if flag in {"-f", "--values"}:
                values += value.split(",")
            elif flag in {"-n", "--namespace"}:
                namespace = value
        else:
            if flag in GIVING and not given:
                next(waiting, "")
            problem = problem or f"a command of helm with `{flag[:40]}`, which is not read"
    return plain, values, namespace, problem
