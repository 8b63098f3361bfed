"""Rebuilding a change on the person's own machine: tree, diff, manifest and assessment.

Rule kept (invariants 2 and 8): what a person signs was recomputed here, from objects whose
names are their digests, by the assessor of this installation. Anything that differs is a refusal.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from magistrate.adapters.git.artifact import artifact_digest
from magistrate.adapters.git.objects import create_bare, import_pack
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.git.release_plan import compared
from magistrate.adapters.git.stage_plan import document_in, secret_use_in
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.authority.floor import Ground, floor_ruling
from magistrate.authority.obligations import at_least, covers
from magistrate.authority.release import verify_name
from magistrate.authority.stage_effect import entitlements_digest, verify_stage
from magistrate.bootstrap.assess import reader, walled_assessor
from magistrate.domain.history import MAX_LANDED
from magistrate.domain.impact import STRICTNESS_ORDER
from magistrate.domain.rotation import SecretUse
from magistrate.entrypoints.cli.cases import CASES, Opened
from magistrate.entrypoints.cli.client import Client
from magistrate.errors import Refused, Unavailable
from magistrate.usecases.chains import Ruling
from magistrate.usecases.effects import judged_on, judged_trees, verdict_on
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import digest, digest_of
from magistrate.wire.decision import Decision, Obligation
from magistrate.wire.effect import (
    ChangeEntitlement,
    Deploy,
    GitUpdate,
    Release,
    RotateSecret,
    StageEffect,
    commit_seen,
    way_back_digest,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was rebuilt here and found equal; `source` says from which objects, `uses` who uses the secret that is rotated."""

    verdict: Verdict
    paths: tuple[str, ...]
    source: str
    uses: SecretUse | None = None


def rebuild(opened: Opened, client: Client, clone: Path | None) -> Rebuilt:
    """Rebuild and compare everything.

    Raises:
        Refused: MAG-E605 naming the first thing that differs. Unavailable: when it cannot be tried.
    """
    effect = opened.effect
    with _base(opened, client, clone) as (git_dir, source):
        git = reader(git_dir)
        if not isinstance(effect, GitUpdate):
            return _brought(opened, effect, git_dir, source)
        _same("base tree", git.tree_of(effect.old), effect.base_tree)
        done = QuarantinedPatches(open_sandbox()).apply(git_dir, effect.base_tree, opened.diff, want_pack=True)
        _same("result tree", done.result_tree, effect.result_tree)
        _same("diff", digest(done.diff), opened.proposal.body.diff_sha256)
        _same("manifest", done.manifest_sha256, effect.manifest_sha256)
        if done.pack:
            with _with_objects(git_dir, done.pack) as whole:
                verdict = _judged(reader(whole), opened)
        else:
            verdict = _judged(git, opened)
    _verify_assessor(opened, verdict)
    if digest_of(verdict) != opened.assessment.verdict_sha256 and _by_history(
        opened.assessment.verdict, git, effect.old
    ):
        raise Unavailable(
            "MAG-E612", "control's verdict rests on the history behind the base commit, which is not at hand here",
            hint="name a full clone with `--clone DIR`, or bring the history (`git fetch --unshallow magistrate`)",
        )  # fmt: skip
    _same("assessment", digest_of(verdict), opened.assessment.verdict_sha256)
    _verify_decision(opened, verdict)
    _verify_ruling(opened, verdict)
    return Rebuilt(verdict=verdict, paths=done.paths, source=source)


def _brought(opened: Opened, effect: Release | StageEffect, git_dir: Path, source: str) -> Rebuilt:
    """Compare what a release or a deployment brings, or a change of entitlements, and judge that, from the two trees.

    Which release was the newest and what a stage has, executor and gate tell; here it is what control says.
    """
    git = reader(git_dir)
    _same("result tree", git.tree_of(effect.commit), effect.result_tree)
    found = compared(git_dir, QuarantinedPatches(open_sandbox()), effect.base_tree, effect.result_tree)
    if isinstance(effect, Release):
        _same("base tree", found.base_tree, effect.base_tree)
    else:
        _same("tree that runs", git.tree_of(effect.old), effect.base_tree)
    if isinstance(effect, Deploy):
        _same("artifact", artifact_digest(git, effect.result_tree), effect.artifact_digest)
    uses = None
    if isinstance(effect, RotateSecret):
        uses = secret_use_in(git, effect.result_tree, effect.document)
        _same("digest of the uses of the secret", digest(uses.text().encode()), effect.consumers_digest)
    if isinstance(effect, ChangeEntitlement):
        for when, tree, said in (
            ("before", effect.base_tree, effect.before_digest), ("after", effect.result_tree, effect.after_digest)
        ):  # fmt: skip
            _same(
                f"digest of the entitlements {when}", entitlements_digest(document_in(git, tree, effect.document)), said
            )
    _same("diff", digest(found.diff), opened.proposal.body.diff_sha256)
    _same("manifest", found.manifest_sha256, effect.manifest_sha256)
    verdict = _judged(git, opened)
    _verify_assessor(opened, verdict)
    _same("assessment", digest_of(verdict), opened.assessment.verdict_sha256)
    _verify_decision(opened, verdict)
    _verify_ruling(opened, verdict)
    return Rebuilt(verdict=verdict, paths=found.paths, source=source, uses=uses)


def _verify_assessor(opened: Opened, verdict: Verdict) -> None:
    if verdict.assessor != opened.assessment.verdict.assessor:
        raise Refused(
            "MAG-E605", "control judged with another version of the assessor than the one installed here",
            hint="install the same magistrate on both sides",
        )  # fmt: skip


def _judged(git: RepositoryReader, opened: Opened) -> Verdict:
    effect, name = opened.effect, opened.assessment.verdict.id
    diff_sha256 = opened.proposal.body.diff_sha256
    found = walled_assessor().of_trees(git, *judged_trees(effect, diff_sha256), commit=judged_on(effect), name=name)
    return verdict_on(_verdict(found.verdict), effect, diff_sha256)


def _by_history(said: Verdict, git: RepositoryReader, commit: str) -> bool:
    """Whether a proof of control names a landed commit while the history here is cut."""
    named = any("landed" in file.proof.witness for file in said.files)
    return named and not git.landed(commit, MAX_LANDED).whole


def _verify_decision(opened: Opened, verdict: Verdict) -> None:
    effect, decision = opened.effect, opened.decision.body
    _same("rollback plan", way_back_digest(effect), effect.rollback_plan_digest)
    place = opened.policy.place(effect)
    if isinstance(effect, Release):
        verify_name(effect, place)
    elif isinstance(effect, StageEffect):
        verify_stage(effect, opened.policy.stage(effect.repository, effect.stage))
    else:
        _same("ref", effect.ref, place.ref)
    _same("environment", effect.environment, place.environment)
    ground = Ground(production=place.production, solo=opened.roster.solo, same_user_walls=True, drilled=False, weak=())
    floor = floor_ruling(verdict, ground)
    if STRICTNESS_ORDER.index(decision.strictness) < STRICTNESS_ORDER.index(floor.strictness):
        raise Refused("MAG-E605", f"control decided `{decision.strictness}`, the floor here says `{floor.strictness}`")


def _verify_ruling(opened: Opened, verdict: Verdict) -> None:
    """Ask the judge here what policy and floor want of this verdict, as the executor will."""
    proposal, effect, decision = opened.proposal.body, opened.effect, opened.decision.body
    question = {
        "verdict": verdict, "policy": opened.policy.body, "action": proposal.action, "environment": effect.environment,
        "production": opened.policy.place(effect).production, "solo": opened.roster.solo,
        "repository": effect.repository, "agent": proposal.agent, "provenance": proposal.provenance,
        "context_gaps": proposal.context_gaps,
    }  # fmt: skip
    reply = walled_assessor().ask({"v": 1, "mode": "decide", **msgspec.to_builtins(question)})
    try:
        ruling = msgspec.convert(reply, Ruling, strict=True)
    except msgspec.ValidationError as error:
        raise Unavailable("MAG-E603", f"the judge here gave no usable ruling: {error}") from error
    if decision.chain is not None:
        _same("strictness of the change alone", ruling.strictness, decision.chain.alone)
        _verify_covers(ruling, decision)
    else:
        _same("strictness", ruling.strictness, decision.strictness)
        _same("list of who must agree", _asked(ruling.obligations), _asked(decision.obligations))
    _same("action", proposal.action, decision.action)
    _same("environment of the decision", effect.environment, decision.environment)


def _verify_covers(ruling: Ruling, decision: Decision) -> None:
    """With others by the same hands more may be asked for than for the change alone, and never less."""
    if not at_least(decision.strictness, ruling.strictness) or not covers(decision.obligations, ruling.obligations):
        said, found = _asked(decision.obligations), _asked(ruling.obligations)
        raise Refused("MAG-E605", f"control asks for {said[:200]}, the change alone asks here for {found[:200]}")


def _asked(obligations: tuple[Obligation, ...]) -> str:
    return ", ".join(sorted(f"{o.count} of {o.role or 'any'} ({o.rule})" for o in obligations)) or "nobody"


def _same(what: str, found: str, said: str) -> None:
    if found != said:
        raise Refused(
            "MAG-E605", f"the {what} rebuilt here is `{found[:200]}`, control says `{said[:200]}`; nothing was signed",
            hint="do not approve this; tell an operator",
        )  # fmt: skip


def _verdict(value: object) -> Verdict:
    try:
        return msgspec.convert(value, Verdict)
    except msgspec.ValidationError as error:
        raise Unavailable("MAG-E603", f"the assessor here gave no usable verdict: {error}") from error


@contextmanager
def _base(opened: Opened, client: Client, clone: Path | None) -> Iterator[tuple[Path, str]]:
    """A repository with the base commit: the person's own clone, else a pack of control's into an empty one."""
    from magistrate.entrypoints.cli.clone import git

    commit = commit_seen(opened.effect)
    place = clone or Path.cwd()
    own = git(place, "rev-parse", "--absolute-git-dir", check=False)
    wanted = {commit: "commit", opened.effect.base_tree: "tree"}
    if isinstance(opened.effect, StageEffect):
        wanted[opened.effect.commit] = "commit"
    if own and all(git(place, "cat-file", "-t", one, check=False) == kind for one, kind in wanted.items()):
        yield Path(own), f"your clone {place}"
        return
    if clone is not None:
        raise Unavailable(
            "MAG-E612", f"`{clone}` does not hold the base commit `{commit[:12]}`", hint="git fetch magistrate"
        )
    with tempfile.TemporaryDirectory(prefix="magistrate-base-") as folder:
        bare = create_bare(Path(folder) / "base.git")
        import_pack(bare, client.get_bytes(f"{CASES}/{opened.proposal_digest}/base-pack"))
        yield bare, "a pack of the base commit, checked object by object"


@contextmanager
def _with_objects(git_dir: Path, pack: bytes) -> Iterator[Path]:
    """A throw-away repository that sees the base objects and holds the new ones."""
    from magistrate.adapters.git.reader import object_folder

    with tempfile.TemporaryDirectory(prefix="magistrate-rebuilt-") as folder:
        bare = create_bare(Path(folder) / "rebuilt.git")
        (bare / "objects" / "info").mkdir(exist_ok=True)
        (bare / "objects" / "info" / "alternates").write_text(f"{object_folder(git_dir)}\n")
        import_pack(bare, pack)
        yield bare
