"""Actions that are known by name: what they start in the repository.

An action gets the whole checkout and may read anything there; these are documented to run what the repository's files
say. A name that is not here is new code where it comes, and nothing is known of what it reads.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.privilege.domains.ci_yaml import shown

LOGINS: Final = frozenset({"aws-actions/configure-aws-credentials", "azure/login", "google-github-actions/auth"})
"""First-party actions that log in to a cloud: the use of a right that the job holds; whom it may be, the role's trust says."""
STARTS: Final[Mapping[str, str]] = {
    "goreleaser/goreleaser-action": "goreleaser", "pre-commit/action": "pre-commit", "tox-dev/action-pre-commit-uv": "pre-commit", "changesets/action": "changeset",
    "cycjimmy/semantic-release-action": "semantic-release", "codfish/semantic-release-action": "semantic-release", "wntrblm/nox": "nox",
    "js-devtools/npm-publish": "npm publish", "bahmutov/npm-install": "npm ci", "cypress-io/github-action": "npm ci", "borales/actions-yarn": "yarn install",
    "cloudflare/wrangler-action": "wrangler", "pulumi/actions": "pulumi", "serverless/github-action": "serverless", "superfly/flyctl-actions": "fly",
    "amondnet/vercel-action": "vercel", "nwtgck/actions-netlify": "netlify", "firebaseextended/action-hosting-deploy": "firebase",
    "wagoid/commitlint-github-action": "commitlint", "reviewdog/action-eslint": "eslint", "mhausenblas/mkdocs-deploy-gh-pages": "mkdocs",
    "pypa/cibuildwheel": "python -m build", "hynek/build-and-inspect-python-package": "python -m build", "docker/bake-action": "docker",
    "ruby/setup-ruby": "bundle", "gradle/gradle-build-action": "gradle", "gradle/actions": "gradle", "eskatos/gradle-command-action": "gradle",
    "jdx/mise-action": "mise", "asdf-vm/actions": "asdf", "dawidd6/action-ansible-playbook": "ansible-playbook", "actions-rs/cargo": "cargo",
    "houseabsolute/actions-rust-cross": "cargo", "taiki-e/upload-rust-binary-action": "cargo", "pnpm/action-setup": "pnpm", "jetify-com/devbox-install-action": "devbox",
}  # fmt: skip
"""What an action starts, as a command in the folder where it works."""
BUILDS: Final = frozenset({"docker/build-push-action", "redhat-actions/buildah-build", "aevea/action-kaniko", "mr-smithers-excellent/docker-build-push", "elgohr/publish-docker-github-action", "depot/build-push-action", "whoan/docker-build-with-cache-action", "azure/docker-build"})  # fmt: skip
"""Actions that build an image: the file of the image is what the inputs say, or `Dockerfile` in the context."""
_WORDS: Final = (
    "args",
    "command",
    "arguments",
    "playbook",
    "commands",
    "publish",
    "version",
    "build",
    "start",
    "install-command",
)
"""Inputs that say what is started: a command, or words behind the program."""


def commands_of(action: str, given: Mapping[str, Any]) -> Iterator[str]:
    """The commands that an action of this name comes to with these inputs."""
    said = {str(key).lower(): shown(value) for key, value in given.items()}
    if action in BUILDS:
        context = said.get("context", said.get("path", ".")) or "."
        inside = "" if "${{" in context or "://" in context else context
        files = said.get("file", said.get("dockerfile", said.get("containerfiles", ""))).split()
        for file in files or (posixpath.join(inside, "Dockerfile"), posixpath.join(inside, "Containerfile")):
            yield f"docker build -f {posixpath.normpath(file)} {inside}"
    program = STARTS.get("/".join(action.split("/")[:2]))
    if program is None:
        return
    folder = said.get("working-directory", said.get("workdir", said.get("workingdirectory", "")))
    begin = f"cd {folder}\n" if folder and "${{" not in folder else ""
    words = [said[word] for word in _WORDS if said.get(word)]
    yield f"{begin}{program}"
    for word in words:
        yield f"{begin}{program} {word}"
        yield f"{begin}{word}"
