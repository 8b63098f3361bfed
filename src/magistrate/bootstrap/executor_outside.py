"""The executor's own assessor, check runner and rebuilder: adapters behind its ports."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from magistrate.adapters.git.artifact import write_artifact
from magistrate.adapters.git.objects import import_pack
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.git.release_plan import planned
from magistrate.adapters.git.stage_plan import document_in, planned_stage, secret_use_in
from magistrate.adapters.scanners.sarif import SarifFile
from magistrate.authority.across import LinkedVerdict
from magistrate.authority.admission import Pins
from magistrate.authority.policy import trust_policy
from magistrate.authority.roster import trust_roster
from magistrate.authority.stage_effect import kind_of
from magistrate.domain.case import Companion
from magistrate.domain.entitlements import Entitlement
from magistrate.domain.finding import Finding
from magistrate.domain.rotation import SecretUse
from magistrate.domain.stages import StagePlan
from magistrate.domain.tags import ReleasePlan
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.executor.ports import AssessmentMatter, Found, Rebuilt, Ruling, Scanned, Seen
from magistrate.ports import Sandbox, SandboxLimits, SandboxResult, TreeEntry
from magistrate.usecases.across import Side, by_place, judged_across, place_of
from magistrate.usecases.assess import Assessor
from magistrate.usecases.composition import Part, judged_together
from magistrate.usecases.effects import judged_on, judged_trees, verdict_on
from magistrate.wire.assessment import Verdict
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Obligation, Reason
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import GitUpdate, Release, StageEffect
from magistrate.wire.policy_bundle import Command
from magistrate.wire.proposal import Proposal

SYMLINK: Final = "120000"
SUBMODULE: Final = "160000"
EXECUTABLE: Final = "100755"
_PYTHON: Final = frozenset({"python", "python3"})
_TAIL: Final = 1500


class _Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    strictness: str
    obligations: tuple[Obligation, ...]
    reasons: tuple[Reason, ...]


class QuarantinedRebuilder:
    """Applies a diff in the sandbox and takes the new objects into the executor's repository."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._patches = QuarantinedPatches(sandbox)

    def __call__(self, git_dir: Path, old: str, diff: bytes) -> Rebuilt:
        """Rebuild the result of a diff on a commit (raises Refused, Unavailable)."""
        base_tree = RepositoryReader(git_dir).tree_of(old)
        applied = self._patches.rebuild(git_dir, base_tree, diff, want_pack=True)
        import_pack(git_dir, applied.pack)
        return Rebuilt(base_tree=base_tree, result_tree=applied.result_tree, manifest_sha256=applied.manifest_sha256)

    def planned(self, git_dir: Path, prefix: str, effect: Release) -> ReleasePlan:
        """The release as the executor's own copy makes it (raises Refused, Unavailable)."""
        return planned(git_dir, self._patches, prefix, effect.commit, effect.ref)

    def stage(self, git_dir: Path, effect: StageEffect) -> StagePlan:
        """What brings a stage up to date as the executor's own copy makes it (raises Refused, Unavailable)."""
        return planned_stage(git_dir, self._patches, effect.ref, effect.old, effect.commit, kind_of(effect))

    def document(self, git_dir: Path, tree: str, path: str) -> frozenset[Entitlement]:
        """The entitlements of a document in the executor's own copy (raises Refused MAG-E315)."""
        return document_in(RepositoryReader(git_dir), tree, path)

    def artifact(self, git_dir: Path, tree: str) -> bytes:
        """The archive of a tree in the executor's own copy (raises Refused MAG-E314)."""
        into = io.BytesIO()
        write_artifact(RepositoryReader(git_dir), tree, into)
        return into.getvalue()

    def secret_use(self, git_dir: Path, tree: str, path: str) -> SecretUse:
        """The uses of a secret in the executor's own copy (raises Refused MAG-E316)."""
        return secret_use_in(RepositoryReader(git_dir), tree, path)


class PinnedAssessor:
    """The installed judge in the sandbox, asked with the executor's own trees, policy and roster."""

    def __init__(self, assessor: Assessor, git_dir: Callable[[str], Path], pins: Pins) -> None:
        self._assessor = assessor
        self._git_dir = git_dir
        self._pins = pins

    def verdict(self, matter: AssessmentMatter) -> Verdict:
        """Judge the two trees in the executor's repository."""
        reader = RepositoryReader(self._git_dir(matter.effect.repository))
        name = matter.bundle.proposal.payload_digest()
        effect, diff_sha256 = matter.effect, self._diff_sha256(matter.bundle)
        trees = judged_trees(effect, diff_sha256)
        made = self._assessor.of_trees(reader, *trees, commit=judged_on(effect), name=name)
        try:
            return verdict_on(msgspec.convert(made.verdict, Verdict, strict=True), effect, diff_sha256)
        except msgspec.ValidationError as error:
            raise Unavailable("MAG-E398", f"the verdict has another shape: {error}") from error

    def _diff_sha256(self, bundle: CaseBundle) -> str:
        return open_envelope(bundle.proposal, Proposal, deployment=self._pins.deployment).body.diff_sha256

    def together(self, matter: AssessmentMatter, landed: Sequence[Companion]) -> tuple[Verdict, ...]:
        """Judge the step as one change with what landed before, from the trees in the executor's repository."""
        reader, effect = RepositoryReader(self._git_dir(matter.effect.repository)), matter.effect
        if not isinstance(effect, GitUpdate):
            return ()  # it brings all that landed since the one before: it is the whole already
        mine = reader.changes(effect.base_tree, effect.result_tree)
        return judged_together(self._assessor, reader, effect, mine, _parts(reader, landed))

    def across(
        self,
        matter: AssessmentMatter,
        landed: Sequence[Companion],
        elsewhere: Sequence[Companion],
        own: Sequence[Verdict],
    ) -> tuple[LinkedVerdict, ...]:
        """Judge what landed in other repositories, where they are linked with it, from the executor's own copies."""
        effect, bundle = matter.effect, matter.bundle
        policy = trust_policy(
            bundle.policy, trust_roster(bundle.roster, pin=self._pins.roster, deployment=self._pins.deployment)
        )
        step = Companion(
            proposal="", base_tree=effect.base_tree, result_tree=effect.result_tree, diff=b"", landed=False,
            repository=effect.repository, ref=effect.ref, tip_tree=effect.base_tree,
        )  # fmt: skip
        sides = [self._side(group) for group in by_place(elsewhere)]
        return judged_across(
            self._assessor, self._side([*landed, step]), sides, own,
            {one.repository: one for one in policy.body.repositories},
        )  # fmt: skip

    def _side(self, group: Sequence[Companion]) -> Side:
        last = group[-1]
        reader = RepositoryReader(self._git_dir(last.repository))
        return Side(
            repository=last.repository, ref=last.ref, git=reader, tree=last.tip_tree, parts=_parts(reader, group),
            members=tuple(one.proposal for one in group if not one.settled),
            settled=tuple(one.proposal for one in group if one.settled),
        )  # fmt: skip

    def ruling(self, matter: AssessmentMatter, verdict: Verdict, place: str = "") -> Ruling:
        """Ask the judge what policy and floor want of this verdict."""
        bundle, effect = matter.bundle, matter.effect
        roster = trust_roster(bundle.roster, pin=self._pins.roster, deployment=self._pins.deployment)
        policy = trust_policy(bundle.policy, roster)
        proposal = roster.open_by_front(bundle.proposal, Proposal).body
        question = {
            "verdict": verdict, "policy": policy.body, "action": proposal.action, "solo": roster.solo,
            "agent": proposal.agent, "provenance": proposal.provenance, "context_gaps": proposal.context_gaps,
            **place_of(policy.body.repositories, policy.place(effect), effect, place),
        }  # fmt: skip
        reply = self._assessor.ask({"v": 1, "mode": "decide", **msgspec.to_builtins(question)})
        try:
            answer = msgspec.convert(reply, _Answer, strict=True)
            return msgspec.convert(
                {"strictness": answer.strictness, "obligations": msgspec.to_builtins(answer.obligations)}, Ruling
            )
        except msgspec.ValidationError as error:
            raise Unavailable("MAG-E398", f"the judge gave no usable ruling: {error}") from error


def _parts(reader: RepositoryReader, companions: Sequence[Companion]) -> tuple[Part, ...]:
    return tuple(
        Part(changes=reader.changes(one.base_tree, one.result_tree), landed=one.landed, settled=one.settled)
        for one in companions
    )


class SandboxedChecks:
    """Lays one tree out in a fresh folder and runs a command of the policy in it, behind walls."""

    def __init__(self, sandbox: Sandbox, git_dir: Callable[[str], Path]) -> None:
        self._sandbox = sandbox
        self._git_dir = git_dir

    def run(self, repository: str, tree: str, command: Command) -> Seen:
        """Run the argv; `held` when it exited 0 within its time (raises Unavailable without walls)."""
        result, _ = self._ran(repository, tree, command)
        said = (result.stdout + result.stderr).decode(errors="replace").strip()[-_TAIL:]
        return Seen(held=result.clean, seen=f"{_how(result)}: {said}" if said else _how(result))

    def scan(self, repository: str, tree: str, command: Command) -> Scanned:
        """Run a scanner and read the SARIF that it writes to its standard output (raises Unavailable without walls)."""
        result, root = self._ran(repository, tree, command)
        if result.timed_out or result.overflowed:
            return Scanned(read=False, seen=_how(result))
        texts = TreeTexts(RepositoryReader(self._git_dir(repository)), tree)
        try:
            sarif = SarifFile(io.BytesIO(result.stdout), repository=repository, root=root, line_text=texts.lines)
            found = tuple(Found(finding=one.id, rule=one.rule, text=texts.of(one)) for one in sarif.findings())
        except Refused as error:
            said = result.stderr.decode(errors="replace").strip()[-_TAIL:]
            return Scanned(read=False, seen=f"{error.message}; {_how(result)} {said}".strip())
        if _failed_by_itself(result.stdout):
            return Scanned(read=False, seen=f"the scanner says of itself that it failed; {_how(result)}")
        if sarif.refused:
            return Scanned(read=False, seen=f"a result cannot be used: {sarif.refused[0].message}")
        return Scanned(read=True, seen=_how(result), found=found)

    def _ran(self, repository: str, tree: str, command: Command) -> tuple[SandboxResult, str]:
        """How the run ended, and the folder in which the tree lay."""
        argv = [sys.executable if command.argv[0] in _PYTHON else command.argv[0], *command.argv[1:]]
        limits = SandboxLimits(
            cpu_seconds=max(1, command.timeout_seconds), wall_seconds=float(command.timeout_seconds),
            memory_bytes=4 << 30, processes=256,
        )  # fmt: skip
        made = Path(tempfile.mkdtemp(prefix="magistrate-checks-")).resolve()
        try:
            lay_out(RepositoryReader(self._git_dir(repository)), tree, made)
            result = self._sandbox.run(argv, writable=made, cwd=made, limits=limits)
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return result, str(made)


def _how(result: SandboxResult) -> str:
    return "ran out of its limits" if result.timed_out or result.overflowed else f"exit {result.returncode}"


class _Invocation(msgspec.Struct):
    executionSuccessful: bool = True  # noqa: N815  SARIF's own name (3.20.14)


class _Run(msgspec.Struct):
    invocations: list[_Invocation] = []


class _Log(msgspec.Struct):
    runs: list[_Run] = []


def _failed_by_itself(sarif: bytes) -> bool:
    """Whether a run of the scanner says that it did not come to its end, or says it in a way that SARIF does not know."""
    try:
        log = msgspec.json.decode(sarif, type=_Log)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    return not all(one.executionSuccessful for run in log.runs for one in run.invocations)


class TreeTexts:
    """The text of places in one tree, each file read once; links are not followed."""

    def __init__(self, reader: RepositoryReader, tree: str) -> None:
        self._reader = reader
        files = (entry for entry in reader.list_tree(tree) if entry.mode not in {SYMLINK, SUBMODULE})
        self._blobs = {entry.path: entry.object_id for entry in files}
        self._texts: dict[str, list[str]] = {}

    def lines(self, path: str, start: int, end: int) -> str | None:
        """Lines from `start` to `end` (1-based, inclusive); None where there are none."""
        if path not in self._texts:
            blob = self._blobs.get(path)
            content = b"" if blob is None else self._reader.read_blobs([blob])[blob]
            self._texts[path] = content.decode("utf-8", "replace").splitlines()
        found = self._texts[path][max(start - 1, 0) : end]
        return "\n".join(found) if found else None

    def of(self, finding: Finding) -> str:
        """What stands in the place of a finding, one blank between words; else what the tool says of it."""
        text = self.lines(finding.path, finding.start_line, finding.end_line) if finding.start_line else None
        return " ".join((finding.message if text is None else text).split())


def lay_out(reader: RepositoryReader, tree: str, folder: Path) -> None:
    """Write every file of a tree below a folder, byte for byte, without filters or attributes.

    Raises:
        Refused: MAG-E393 for a path that would leave the folder or reach into `.git`.
    """
    folder.chmod(0o755)
    entries = [entry for entry in reader.list_tree(tree) if entry.mode != SUBMODULE]
    blobs = reader.read_blobs([entry.object_id for entry in entries])
    for entry in entries:
        _write(folder, entry, blobs[entry.object_id])


def _write(folder: Path, entry: TreeEntry, content: bytes) -> None:
    parts = entry.path.split("/")
    if any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts):
        raise Refused("MAG-E393", f"`{entry.path[:120]}` is not a path that is laid out")
    place = folder
    for part in parts[:-1]:
        place /= part
        if place.is_symlink():
            raise Refused("MAG-E393", f"`{entry.path[:120]}` leads through a link")
        place.mkdir(exist_ok=True, mode=0o755)
    place /= parts[-1]
    if entry.mode == SYMLINK:
        place.symlink_to(content.decode("utf-8", "surrogateescape"))
        return
    place.write_bytes(content)
    place.chmod(0o755 if entry.mode == EXECUTABLE else 0o644)


def readable_source(folder: Path, repository: str) -> str:
    """Where the gate keeps the objects of a repository (raises NotFound MAG-E399)."""
    found = folder / f"{repository}.git"
    if not (found / "HEAD").is_file():
        raise NotFound("MAG-E399", f"there is no repository `{repository[:60]}` at the gate")
    return str(found)
