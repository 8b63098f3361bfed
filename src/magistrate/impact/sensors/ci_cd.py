"""Continuous integration and delivery: workflows, pipelines, what runs with their tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.sayings import says
from magistrate.impact.sensing import RuleSensor, Saying, first_line, line_start, named, rule
from magistrate.impact.workflow_permissions import widened

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:\.github/|\.gitlab-ci|\.gitlab/|\.circleci/|\.buildkite/|\.travis\.yml|\.drone\.yml|\.woodpecker|"
    r"azure-pipelines|bitbucket-pipelines|appveyor|jenkinsfile|\.tekton/|\.teamcity/|cloudbuild\.ya?ml|buildspec|"
    r"\.?pre-commit|\.husky/|\.mergify|renovate\.json|\.renovaterc|dependabot\.ya?ml|ci/|codecov|noxfile\.py|tox\.ini)"
)
WORKFLOW: Final = Saying(
    starts=line_start(
        r"(?:-[ \t]*)?(?:runs-on|uses|pull_request_target|workflow_dispatch|workflow_call|workflow_run|jobs)[ \t]*:|using[ \t]*:[ \t]*[\"']?(?:composite|docker|node)"
    )
)
PIPELINE: Final = Saying(
    starts=line_start(
        r"(?:-[ \t]*)?(?:stages?|before_(?:script|install|deploy)|after_(?:script|success|failure)|steps|pipelines?|package-ecosystem|build_script|test_script|orbs|executors|workflows|pool|vmImage|trigger|matrix|deploy|\w+_task|freebsd_instance|dist|sudo|repos|hooks|default_language_version|ci)[ \t]*:|-[ \t]+(?:repo|task|template|stage|job)[ \t]*:|language[ \t]*:[ \t]*\w+[ \t\r]*$|rev[ \t]*:|agent[ \t]+any|(?:install|script)[ \t]*:"
    ),
    words=("pipeline", "argoproj.io", "tekton.dev"),
    around=rx(r"\bpipeline\s{0,200}\{|argoproj\.io/|tekton\.dev/"),
)


def _role(file: ChangedFile) -> str | None:
    if says(file, WORKFLOW):
        return "this reads as a workflow: whatever it runs holds the repository's token"
    if named(file, PATHS) or says(file, PIPELINE):
        return "this steers continuous integration or delivery"
    return None


RULES: Final = RuleSensor(
    name="ci_cd",
    kind=ChangeClass.CI_CD,
    role=_role,
    rules=(
        rule(r"pull_request_target|workflow_run\b", "runs with secrets on code from outside"),
        rule(r"\$\{\{\s*(?:github\.event|inputs|github\.head_ref)", "untrusted text is put into a command"),
        rule(r"\bsecrets\.[A-Z_]", "a secret of the pipeline is used"),
        rule(r"\buses:\s*\S+@(?![0-9a-f]{40}\b)", "an action is named by a movable tag or branch"),
        rule(r"continue-on-error|allow_failure|\|\|\s*true", "a failing step no longer stops the pipeline"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CiCd:
    """The rules, and what a workflow's permissions grant more than before, in plain words."""

    name: str = "ci_cd"

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """Widened permissions first: they are what a reviewer must see."""
        if says(file, WORKFLOW) or named(file, PATHS) or "permissions" in file.after:
            for line, why in widened(file.before, file.after):
                yield Sensitivity(kind=ChangeClass.CI_CD, path=file.path, line=line or first_line(file), why=why)
        yield from RULES.sense(file, base)


SENSOR: Final = CiCd()
