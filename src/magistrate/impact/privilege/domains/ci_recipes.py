"""What build programs read by their own rules: files by name, rules of makefiles, entries of `scripts`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.compiled import rx

READ_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "make": ("Makefile", "makefile", "GNUmakefile"),
    "gmake": ("Makefile", "makefile", "GNUmakefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "Taskfile.yaml", "taskfile.yml"),
    "rake": ("Rakefile", "rakefile", "Rakefile.rb"),
    "bundle": ("Gemfile", "Rakefile"),
    "fastlane": ("fastlane/Fastfile", "Fastfile"),
    "tox": ("tox.ini", "setup.py"),
    "nox": ("noxfile.py",),
    "invoke": ("tasks.py",),
    "inv": ("tasks.py",),
    "gradle": ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"),
    "gradlew": ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradlew",
                "gradle/wrapper/gradle-wrapper.properties"),
    "mvn": ("pom.xml", ".mvn/extensions.xml", ".mvn/jvm.config"),
    "mvnw": ("pom.xml", "mvnw", ".mvn/wrapper/maven-wrapper.properties"),
    "cargo": ("build.rs", ".cargo/config.toml", ".cargo/config"),
    "docker": ("Dockerfile", "docker-bake.hcl", "docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml"),
    "docker-compose": ("docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml"),
    "podman": ("Dockerfile", "Containerfile"),
    "buildah": ("Dockerfile", "Containerfile"),
    "kaniko": ("Dockerfile",),
    "pip": ("setup.py",), "pip3": ("setup.py",), "pipx": ("setup.py",), "uv": ("setup.py",), "python -m build": ("setup.py",),
    "poetry": ("build.py",),
    "pre-commit": (".pre-commit-config.yaml",),
    "goreleaser": (".goreleaser.yml", ".goreleaser.yaml", "goreleaser.yml", "goreleaser.yaml"),
    "semantic-release": (".releaserc", ".releaserc.json", ".releaserc.js", ".releaserc.yml", "release.config.js", "release.config.cjs"),
    "cmake": ("CMakeLists.txt",),
    "bazel": ("WORKSPACE", "WORKSPACE.bazel", "MODULE.bazel", ".bazelrc", "BUILD", "BUILD.bazel"),
    "earthly": ("Earthfile",), "dagger": ("dagger.json",), "skaffold": ("skaffold.yaml",),
    "vagrant": ("Vagrantfile",), "meson": ("meson.build",), "mage": ("magefile.go",), "lerna": ("lerna.json",), "nx": ("nx.json",),
    "npm": (".npmrc",), "yarn": (".yarnrc", ".yarnrc.yml"), "pnpm": (".npmrc", ".pnpmfile.cjs"), "bun": ("bunfig.toml",),
    "pytest": ("conftest.py", "tests/conftest.py", "pytest.ini"), "jest": ("jest.config.js", "jest.config.ts"),
    "vitest": ("vitest.config.ts", "vite.config.ts", "vite.config.js"), "vite": ("vite.config.ts", "vite.config.js"),
    "webpack": ("webpack.config.js",), "rollup": ("rollup.config.js", "rollup.config.mjs"),
    "eslint": ("eslint.config.js", "eslint.config.mjs", ".eslintrc.js", ".eslintrc.cjs"),
    "sphinx-build": ("conf.py", "docs/conf.py"), "mkdocs": ("mkdocs.yml",), "scons": ("SConstruct",), "ant": ("build.xml",),
    "dotnet": ("Directory.Build.props", "Directory.Build.targets", "nuget.config"), "swift": ("Package.swift",), "pod": ("Podfile",),
    "mise": ("mise.toml", ".mise.toml", ".tool-versions"), "asdf": (".tool-versions",), "direnv": (".envrc",),
    "devbox": ("devbox.json",), "nix": ("flake.nix", "default.nix", "shell.nix"), "nix-build": ("default.nix",),
    "commitlint": ("commitlint.config.js", "commitlint.config.mjs", "commitlint.config.cjs", ".commitlintrc.js"),
    "hatch": ("hatch_build.py", "hatch.toml"), "pdm": ("pdm_build.py",), "release-it": (".release-it.json",),
    "standard-version": (".versionrc", ".versionrc.json", ".versionrc.js"), "changeset": (".changeset/config.json",),
    "ansible-playbook": ("ansible.cfg",), "pulumi": ("Pulumi.yaml",), "cdk": ("cdk.json",), "sls": ("serverless.yml",),
    "serverless": ("serverless.yml", "serverless.yaml", "serverless.ts"), "sam": ("template.yaml", "samconfig.toml"),
    "wrangler": ("wrangler.toml", "wrangler.jsonc"), "flyctl": ("fly.toml",), "fly": ("fly.toml",), "netlify": ("netlify.toml",),
    "vercel": ("vercel.json",), "firebase": ("firebase.json",),
    "turbo": ("turbo.json",), "mix": ("mix.exs",), "sbt": ("build.sbt", "project/plugins.sbt"), "composer": ("composer.json",),
}  # fmt: skip
"""Files that a program reads by their names, in the folder it runs in."""
WRAPPERS: Final = frozenset({
    "npx", "bunx", "uvx", "sudo", "env", "time", "exec", "nice", "xvfb-run", "dotenv", "npm exec", "pnpm exec", "pnpm dlx", "yarn dlx",
    "yarn exec", "pipx run", "poetry run", "uv run", "pdm run", "hatch run", "pipenv run", "bundle exec", "mise exec", "bun x",
})  # fmt: skip
"""Words before a program that is started all the same."""
INSTALL: Final = ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")
PUBLISH: Final = ("prepublishOnly", "prepack", "prepare", "postpack", "publish", "postpublish")
RUNNERS: Final = frozenset({"npm", "pnpm", "yarn", "bun"})
PLAIN: Final = rx(r"[\w./-]+")
_OPEN_MAKE: Final = rx(r"-?s?include\b|if|else|endif|(?:(?:override|export|private)\s+)*define\b|-?load\b|\$")
"""Lines by which the first target may stand elsewhere."""
_RULE: Final = rx(r"([^\t#=:][^=:]*?)\s*::?(?!=)(.*)")


@lru_cache(maxsize=64)
def make_rules(text: str) -> dict[str, tuple[tuple[str, ...], str]]:
    """The rules of a makefile by target: what each needs, and its text; under `""` what holds for all of them.

    Variables, conditionals, and rules whose targets are patterns or variables hold for all.
    """
    needs: dict[str, list[str]] = {}
    texts: dict[str, list[str]] = {"": []}
    now: list[str] = [""]
    for line in text.replace("\\\n", " ").splitlines():
        matched = _RULE.fullmatch(line)
        if matched is not None and not line.startswith((" ", "\t")):
            targets = matched[1].split()
            if ".PHONY" in targets:
                now = []
                continue
            now = targets if all(PLAIN.fullmatch(one) and not one.startswith(".") for one in targets) else [""]
            for target in now:
                needs.setdefault(target, []).extend(matched[2].partition(";")[0].replace("|", " ").split())
        elif line.strip() and not line.startswith(("\t", "#", " ")):
            now = [""]
        for target in now:
            if line.strip() and not line.startswith("#"):
                texts.setdefault(target, []).append(line.replace("$(MAKE)", "make").replace("${MAKE}", "make"))
    return {name: (tuple(needs.get(name, ())), "\n".join(lines)) for name, lines in texts.items()}


def default_goal(text: str) -> str | None:
    """What `make` makes where nobody names a goal: the first target that is none of its own words; None where that is open."""
    if "DEFAULT_GOAL" in text:
        return None
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip() or line.startswith((" ", "\t", "#")):
            continue
        if _OPEN_MAKE.match(line):
            return None
        matched = _RULE.fullmatch(line)
        first = matched[1].split()[0] if matched is not None else "."
        if not first.startswith(".") or "/" in first:
            return first if PLAIN.fullmatch(first) else None
    return None


def scripts_of(text: str) -> dict[str, str]:
    """The entries of `scripts` in a package.json; its whole text under `""` where it cannot be read."""
    try:
        read: Any = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {"": text}
    scripts = read.get("scripts") if isinstance(read, dict) else None
    return {str(name): str(value) for name, value in scripts.items()} if isinstance(scripts, dict) else {}


def asked_scripts(runner: str, words: Sequence[str], scripts: Mapping[str, str]) -> Iterator[str]:
    """The entries of `scripts` that one command of a package manager runs."""
    verbs = [word for word in words if not word.startswith("-")]
    verb = verbs[0] if verbs else "install"
    ignored = any(word in {"--ignore-scripts", "--ignore-scripts=true"} for word in words)
    yield ""
    if verb in {"ci", "install", "i", "add", "clean-install", "rebuild"}:
        yield from () if ignored else INSTALL
        return
    if verb in {"publish", "pack"}:
        yield from () if ignored else PUBLISH
        return
    names = verbs[1:2] if verb in {"run", "run-script", "exec", "x"} else [{"t": "test", "tst": "test"}.get(verb, verb)]
    for name in names:
        if runner != "npm" or verb in {"run", "run-script", "test", "t", "tst", "start", "stop", "restart", "version"}:
            yield from (f"pre{name}", name, f"post{name}")
    if len(verbs) > 1 and verb in {"workspace", "workspaces", "-r", "--filter"}:
        yield from (name for name in verbs[1:] if name in scripts)


def unwrapped(command: str) -> str:
    """The command without the words that only start it (`npx`, `sudo -E`, `uv run`)."""
    words, at = command.split(), 0
    while at < len(words):
        taken = 2 if " ".join(words[at : at + 2]) in WRAPPERS else 1 if words[at] in WRAPPERS else 0
        if not taken:
            break
        at += taken
        while at < len(words) and (words[at].startswith("-") or "=" in words[at]) and words[at] != "--":
            at += 1
        at += words[at : at + 1] == ["--"]
    return " ".join(words[at:])
