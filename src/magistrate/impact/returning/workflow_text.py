"""Steps of workflows that publish, send or push by force through an action instead of a command."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.returning.model import Found, Operation, Side, one_line

PLACE: Final = rx(r"(?i)(?:^|/)(?:\.github|\.gitea|\.forgejo)/|(?:^|/)action\.ya?ml\Z")
_USES: Final = rx(r"(?m)^(?P<lead>[ \t]*(?:-[ \t]+)?)[\"']?uses[\"']?[ \t]*:[ \t]*[\"']?(?P<action>[\w.-]+/[\w./-]+)@")
_OUT: Final = "what is published stays with those who fetched it"
_SENT: Final = "what is sent cannot be called back"
_PUSH: Final = r"(?i)\bpush[\"']?\s*:(?!\s*[\"']?false\b)|\btype=registry"
ACTIONS: Final = (
    (
        ("pypa/gh-action-pypi-publish js-devtools/npm-publish changesets/action softprops/action-gh-release ncipollo/release-action "
        "actions/create-release actions/upload-release-asset svenstaro/upload-release-action goreleaser/goreleaser-action "
        "cycjimmy/semantic-release-action google-github-actions/release-please-action googleapis/release-please-action "
        "marvinpinto/action-automatic-releases katyo/publish-crates helm/chart-releaser-action rubygems/release-gem "
        "haaleo/publish-vscode-extension pnpm/action-publish release-drafter/release-drafter"),
        "", "publish", _OUT,
    ),
    (
        ("docker/build-push-action docker/bake-action redhat-actions/push-to-registry depot/build-push-action "
        "elgohr/publish-docker-github-action"),
        _PUSH, "publish", _OUT,
    ),
    (
        ("slackapi/slack-github-action 8398a7/action-slack rtcamp/action-slack-notify dawidd6/action-send-mail "
        "sarisia/actions-status-discord appleboy/telegram-action appleboy/discord-action ilshidur/action-discord act10ns/slack"),
        "", "send", _SENT,
    ),
    (
        "peaceiris/actions-gh-pages", r"(?i)force_orphan[\"']?\s*:\s*[\"']?true",
        "force push", "the history of the branch is gone",
    ),
    (
        "ad-m/github-push-action stefanzweifel/git-auto-commit-action endbug/add-and-commit",
        r"(?i)\bforce[\"']?\s*:\s*[\"']?true|--force|\s-f\b",
        "force push", "commits of others that only the remote has are gone",
    ),
    (
        ("dev-drprasad/delete-tag-and-release actions/delete-package-versions dawidd6/action-delete-branch "
        "geekyeggo/delete-artifact mattraks/delete-workflow-runs dev-drprasad/delete-older-releases"),
        "", "delete", "what is deleted does not come back",
    ),
)  # fmt: skip
"""Actions in lower case, what their step has to say as well, the operation, and what stays."""
_COMPILED: Final = tuple((frozenset(one.split()), rx(two), name, why) for one, two, name, why in ACTIONS)


def read(side: Side) -> Iterable[Found]:
    """Of a workflow or an action."""
    if not side.name.endswith((".yml", ".yaml")) or not (PLACE.search(side.path) or "uses:" in side.text):
        return ()
    found = []
    for hit in _USES.finditer(side.text):
        step = _step(side.text, hit)
        for actions, needs, name, why in _COMPILED:
            if hit["action"].lower() in actions and needs.search(step):
                line = side.text.count("\n", 0, hit.start()) + 1
                found.append(Operation(name=name, text=one_line(step), line=line, why=f"`{hit['action'][:60]}`: {why}"))
                break
    return found


def _step(text: str, hit: re.Match[str]) -> str:
    """The lines of a step from `uses` on, up to what is less deep, or the next one."""
    deep = len(hit["lead"])
    lines = text[hit.start() :].split("\n")
    kept = [lines[0]]
    for line in lines[1:]:
        indent = len(line) - len(line.lstrip())
        if line.strip() and (indent < deep or line.lstrip().startswith("- ")) and indent <= deep:
            break
        kept.append(line.split(" #")[0])
    return "\n".join(kept)
