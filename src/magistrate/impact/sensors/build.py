"""What runs when the project is built, installed, started or tested, by name and by what it says."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.sayings import says
from magistrate.impact.sensing import RuleSensor, Saying, named, rule

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:makefile[^/]*|gnumakefile|[^/]*\.mk|cmakelists\.txt|[^/]*\.cmake|configure(?:\.ac)?|[^/]*\.(?:ac|m4|am|bzl|gradle|gradle\.kts|ninja|bazel|star)|build\.(?:rs|py|xml|sh)|meson\.build|meson_options\.txt|(?:workspace|build|module)(?:\.bazel)?|"
    r"justfile|earthfile|taskfile\.ya?ml|rakefile|noxfile\.py|tox\.ini|pom\.xml|gulpfile[^/]*|gruntfile[^/]*|webpack[^/]*|rollup[^/]*|vite\.config[^/]*|esbuild[^/]*|babel\.config[^/]*|\.babelrc|\.eslintrc[^/]*|eslint\.config[^/]*|"
    r"setup\.py|conftest\.py|sitecustomize\.py|usercustomize\.py|[^/]*\.pth|conf\.py|pytest\.ini|jest\.(?:setup|config)[^/]*|\.envrc|\.yarnrc[^/]*|\.npmrc|\.cargo|\.mvn|gradle[^/]*|\.dockerignore|\.gitattributes|\.gitmodules)(?:/|$)"
)
SAYS: Final = Saying(
    starts=rx(
        r"(?:\A|\n)(?:[ \t]*(?:cmake_minimum_required|add_(?:executable|library|subdirectory|custom_\w+|compile_\w+|definitions)|target_\w+|find_(?:package|library|path|program)|set_target_properties|set_property|include_directories|install|enable_testing|macro|project)[ \t]*\(|"
        r"[\w./%$(){}-]+(?:[ \t]+[\w./%$(){}-]+)*[ \t]*::?(?!=)[^=\n]*\n\t[^\n]|\.PHONY[ \t]*:|[A-Z_]+[ \t]*[:?]=|include[ \t]+\$|ifeq[ \t]*\(|"
        r"(?:plugins|dependencies|repositories|buildscript|allprojects|subprojects|configurations|pluginManagement|dependencyResolutionManagement)[ \t]*\{|apply[ \t]+plugin|rootProject\.name|include[ (]+[\"']:|"
        r"AC_[A-Z]|AM_[A-Z]|AS_[A-Z]+\(|m4_\w+\(|A[CX]_DEFUN|define\([`\w]|dnl\b|divert\(|"
        r"(?:load\([\"']|include_defs\(|(?:docker_build|k8s_yaml|k8s_resource|local_resource|custom_build|default_registry)\(|\w+\(name = '|(?:cc|py|go|java|sh|rust|ts|js|proto|android|ios|swift)_(?:library|binary|test|proto_library)\(|package\(|filegroup\(|genrule\(|http_archive\(|git_repository\(|workspace\(|module\(|bazel_dep\(|exports_files\(|def[ \t]+_?\w+\(ctx\b|\w+[ \t]*=[ \t]*rule\()|"
        r"(?:require[ \t(]+[\"'](?:rake|bundler)|task[ \t(]+:\w+|task[ \t]+\w+\([^\n]*\{[ \t]*$|namespace[ \t(]+:\w+|Rake::|Bundler::|desc[ \t]+[\"'])|"
        r"(?:project|executable|library|static_library|shared_library|dependency|subdir|meson\.\w+)\([ \t\n]*['\"]|<(?:project|target|Project|modelVersion)\b|VERSION[ \t]+0\.\d|"
        r"(?:rule|build)[ \t]+\w+.*\n[ \t]+(?:command|\w+[ \t]*=)|set[ \t]+(?:shell|dotenv-load|export)[ \t]*:?=|tasks[ \t]*:[ \t\r]*\n|"
        r"pytest_plugins\b|def[ \t]+pytest_\w+\(|@nox\.session|@session\b|(?:from|import)[ \t]+(?:setuptools|distutils|nox|conftest|hatchling|scons|waf)\b|setup\([ \t\n]*(?:name|\*\*|$))"
    ),
    words=(
        "defineConfig",
        "module.exports",
        "export default",
        "cargo:",
        "pytest.fixture",
        "pytest.hook",
        "gulp",
        "webpack",
        "rollup",
        "tsup",
        "esbuild",
        "@type {import",
        "tseslint",
        "setuptools",
    ),
    around=rx(
        r"\bdefineConfig\b|cargo:+re(?:run|ustc)|cargo:\w+=|@pytest\.hook|\bgulp\.|\bwebpack\b|\brollup\b|\btsup\b|\besbuild\b|@type \{import|\btseslint\b|\bsetuptools\b|"
        r"(?:module\.exports|export default)\s{0,5}=?\s{0,5}[\[{]?\s{0,40}(?:plugins|presets|rules|extends|entry)\b|(?:module\.exports|export default)[^;]{0,200}\bplugins\s{0,5}:"
    ),
)


def _role(file: ChangedFile) -> str | None:
    return (
        "this runs, or steers what runs, when the project is built, started or tested"
        if named(file, PATHS) or says(file, SAYS)
        else None
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
    ),
    code_rules=(
        rule(
            r"\b(?:os\.system|subprocess|popen|child_process|execSync|Runtime\.getRuntime|eval|exec|__import__|importlib|pickle\.loads?|yaml\.load|unsafe)\b",
            "runs or loads code",
        ),
    ),
)
