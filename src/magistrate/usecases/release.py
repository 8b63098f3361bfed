"""What is particular to a release: where it may go, and what its verdict says beside that of what it brings.

Rule kept (R5, R30): a release is for good. Whatever it brings, it is of the class `release`, nothing takes it back, and two
people agree, one of them of the owning role; what it brings is judged as one change since the release before.
"""

from __future__ import annotations

from typing import Final

import msgspec

from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.domain.tags import TAGS, follows, newest
from magistrate.errors import Refused
from magistrate.ports import Repositories
from magistrate.wire.assessment import NoWayBackVerdict, SensitivityVerdict, Verdict
from magistrate.wire.effect import Release
from magistrate.wire.policy_bundle import RepositoryPolicy

WHOLE: Final = "*"
FOR_GOOD: Final = "whoever fetched it has it, and the tag is never moved"


def verify_release_target(effect: Release, policy: RepositoryPolicy, repositories: Repositories) -> None:
    """Check that a release names the next tag, the tip of the branch, and what really lies between.

    Raises:
        Refused: MAG-E464 when the branch or the newest release is another by now, MAG-E463 for anything else that the
            server derives otherwise.
    """
    why = release_overtaken(effect, policy, repositories)
    if why:
        raise Refused("MAG-E464", why, hint="draft the release again")
    tip = repositories.tip(effect.repository, policy.ref)
    if tip != effect.commit:
        raise Refused(
            "MAG-E464", f"`{policy.ref}` is at `{tip[:12]}`, the release was drafted on `{effect.commit[:12]}`",
            hint="draft the release again",
        )  # fmt: skip
    trees = {repositories.tree(effect.repository, effect.commit)}
    if effect.result_tree not in trees:
        raise Refused("MAG-E463", "the result tree is not the tree of the commit")
    if effect.previous:
        before = repositories.tip(effect.repository, effect.previous)
        trees.add(repositories.tree(effect.repository, before))
    if effect.base_tree not in trees:
        raise Refused("MAG-E463", f"the base tree is not the tree of `{effect.previous or 'the commit'}`")


def release_overtaken(effect: Release, policy: RepositoryPolicy, repositories: Repositories) -> str:
    """Why a release is not the next one any more, or an empty text."""
    prefix = policy.release_tags
    if prefix is None:
        return f"policy lets nobody release `{effect.repository}`"
    tags = repositories.tags(effect.repository)
    if effect.ref in tags:
        return f"`{effect.ref.removeprefix(TAGS)}` is released already"
    found = newest(tags, prefix)
    if effect.previous != found:
        return f"the newest release is `{found.removeprefix(TAGS) or 'none'}` by now"
    return "" if follows(effect.ref, found, prefix) else f"`{effect.ref[:80]}` does not follow from `{found or 'none'}`"


def released(verdict: Verdict, effect: Release) -> Verdict:
    """The verdict on what a release brings, with what a release is in itself; it only adds."""
    tag = effect.ref.removeprefix(TAGS)
    said = [SensitivityVerdict(kind=ChangeClass.RELEASE, path=WHOLE, line=0, why=f"publishes `{tag}` for good")]
    if effect.base_tree == effect.result_tree:
        before = effect.previous.removeprefix(TAGS)
        why = f"since `{before}` no file differs, or too much does" if before else "there is no release before it"
        said.append(SensitivityVerdict(kind=ChangeClass.UNKNOWN, path=WHOLE, line=0, why=f"nothing is compared: {why}"))
    lasting = NoWayBackVerdict(path=WHOLE, line=0, operation=f"release {tag}", why=FOR_GOOD)
    return msgspec.structs.replace(
        verdict, classes=tuple(sorted({*verdict.classes, ChangeClass.RELEASE})), auto_eligible=False,
        strictness=Strictness.DENY if verdict.strictness is Strictness.DENY else Strictness.TWO,
        sensitivities=(*verdict.sensitivities, *said), reversible="no",
        no_way_back=(*verdict.no_way_back, lasting),
    )  # fmt: skip
