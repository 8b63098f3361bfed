"""What runs when the project is built, installed, started or tested."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import RuleSensor, named, rule

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:makefile|gnumakefile|[^/]*\.mk|cmakelists\.txt|[^/]*\.cmake|configure(?:\.ac)?|build\.(?:rs|py|xml|sh)|meson\.build|(?:workspace|build)(?:\.bazel)?|"
    r"justfile|taskfile\.ya?ml|rakefile|gulpfile[^/]*|webpack[^/]*|rollup[^/]*|vite\.config[^/]*|babel\.config[^/]*|\.babelrc|\.eslintrc[^/]*|eslint\.config[^/]*|"
    r"setup\.py|conftest\.py|sitecustomize\.py|usercustomize\.py|[^/]*\.pth|conf\.py|pytest\.ini|jest\.(?:setup|config)[^/]*|\.envrc|\.yarnrc[^/]*|\.npmrc|\.cargo|\.mvn|gradle[^/]*|\.dockerignore|\.gitattributes|\.gitmodules)(?:/|$)"
)


def _role(file: ChangedFile) -> str | None:
    return (
        "this runs, or steers what runs, when the project is built, started or tested" if named(file, PATHS) else None
    )


SENSOR: Final = RuleSensor(
    name="build",
    kind=ChangeClass.BUILD,
    role=_role,
    rules=(
        rule(
            r"\"(?:pre|post)?install\"\s*:|\"prepare\"\s*:|build-backend|rustc-wrapper|cmdclass",
            "runs at installation or build",
        ),
        rule(
            r"\b(?:os\.system|subprocess|popen|child_process|execSync|Runtime\.getRuntime|eval|exec|__import__|importlib|pickle\.loads?|yaml\.load|unsafe)\b",
            "runs or loads code",
        ),
    ),
)
