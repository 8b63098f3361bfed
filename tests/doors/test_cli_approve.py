"""`approve` believes nobody: what was rebuilt here must be what control says, or nothing is signed."""

from __future__ import annotations

import base64
import subprocess
from contextlib import nullcontext

import msgspec
import pytest
from world.deployment import make_deployment
from world.judging import judged_inside

from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.bootstrap.assess import assessor, reader
from magistrate.domain.execution import Action
from magistrate.domain.impact import Strictness
from magistrate.domain.principal import Role
from magistrate.entrypoints.cli.cases import open_case
from magistrate.entrypoints.cli.client import Client
from magistrate.entrypoints.cli.people import Caller
from magistrate.entrypoints.cli.rebuild import rebuild
from magistrate.errors import Refused
from magistrate.settings import Settings
from magistrate.wire.assessment import Assessment, Verdict
from magistrate.wire.canonical import digest, digest_of
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision, Obligation
from magistrate.wire.effect import GitUpdate, git_rollback_plan_digest
from magistrate.wire.proposal import Proposal, Provenance
from magistrate.wire.session import Session

D = "sha256:" + "0" * 64
HONEST = (
    Obligation(role=Role.REVIEWER, count=1, rule="floor/owning-role-reviewer"),
    Obligation(role=None, count=2, rule="policy/two-for-unproven"),
)
"""What policy and floor ask of an unproven change of the test's only repository."""
PATCH = b'diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-print("one")\n+exec("two")\n'


def git(folder, *arguments):
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def walls():
    """Whoever asks for this is judged behind walls, as a person is."""


@pytest.fixture(autouse=True)
def inside(request):
    with nullcontext() if "walls" in request.fixturenames else judged_inside():
        yield


class World:
    """A sealed and decided case about a real clone; parts of it can be told otherwise by a captured control."""

    def __init__(self, folder):
        self.deployment = make_deployment(folder / "home")
        self.clone = folder / "clone"
        self.clone.mkdir()
        git(self.clone, "init", "-q", "-b", "main")
        (self.clone / "a.py").write_text('print("one")\n')
        git(self.clone, "add", ".")
        git(self.clone, "commit", "-q", "-m", "first")
        self.git_dir = self.clone / ".git"
        self.base = git(self.clone, "rev-parse", "HEAD")
        self.tree = git(self.clone, "rev-parse", "HEAD^{tree}")
        self.applied = QuarantinedPatches(open_sandbox()).apply(self.git_dir, self.tree, PATCH)
        (self.clone / "a.py").write_text('exec("two")\n')
        git(self.clone, "add", ".")
        assert git(self.clone, "write-tree") == self.applied.result_tree
        found = assessor().of_trees(reader(self.git_dir), self.tree, self.applied.result_tree, name="case")
        self.verdict = msgspec.convert(found.verdict, Verdict)
        git(self.clone, "reset", "-q", "--hard")
        self.settings = Settings(home=self.deployment.home, deployment=self.deployment.name, mode="team")
        caller = Caller(name="ben", signer=self.deployment.people["ben"])
        self.nobody = Client("http://127.0.0.1:9", caller, deployment=self.deployment.name, audience="control")

    def bundle(self, *, verdict=None, strictness=Strictness.TWO, obligations=HONEST, **effect):
        made, d = verdict or self.verdict, self.deployment
        session = d.by_process(
            "control",
            Session(agent="fixer", owner="anna", manifest=d.manifest.payload_digest(), opened_by="anna", finding="fnd-1",
                    repository="shop", reason="fix", byte_budget=1, token_sha256=D), "ses", lifetime=3600)  # fmt: skip
        values = {
            "environment": "staging", "pre_state": self.tree, "repository": "shop", "ref": "refs/heads/main",
            "old": self.base, "base_tree": self.tree, "result_tree": self.applied.result_tree,
            "manifest_sha256": self.applied.manifest_sha256,
            "rollback_plan_digest": git_rollback_plan_digest(repository="shop", ref="refs/heads/main", restore_tree=self.tree),
        } | effect  # fmt: skip
        proposal = d.by_process(
            "front",
            Proposal(session="ses-" + "a" * 26, session_digest=session.payload_digest(), agent="fixer", owner="anna",
                     model="fake", finding="fnd-1", action=Action.MERGE, effect=GitUpdate(**values),
                     diff_sha256=digest(self.applied.diff), prompt_sha256=digest(b"p"), prompt_commitment=D,
                     rationale_sha256=digest(b"r"), context=(), context_gaps=(), provenance=Provenance.CLAIMED,
                     kind_commitment=D), "prp")  # fmt: skip
        name = proposal.payload_digest()
        assessment = d.by_process(
            "control", Assessment(proposal=name, verdict_sha256=digest_of(made), verdict=made, evidence=()), "asm"
        )
        decision = d.by_process(
            "control",
            Decision(proposal=name, assessment_verdict=digest_of(made), policy=d.policy.payload_digest(), roster=d.pin,
                     action=Action.MERGE, environment="staging", strictness=strictness,
                     obligations=obligations, reasons=()), "dec")  # fmt: skip
        bundle = CaseBundle(
            roster=(d.roster,), policy=d.policy, manifest=d.manifest, session=session, proposal=proposal,
            assessment=assessment, evidence=(), decision=decision, approvals=(), warrant=None, warrant_leaf="",
            warrant_salt="", warrant_proof="", diff=base64.b64encode(self.applied.diff).decode(), prompt="p", rationale="r",
        )  # fmt: skip
        return bundle, name

    def rebuild(self, bundle, name):
        return rebuild(open_case(bundle, name, self.settings), self.nobody, self.clone)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("approve"))


@pytest.mark.slow
@pytest.mark.requirement("R44", "R46")
def test_an_honest_case_is_rebuilt_and_equal(world, walls):
    rebuilt = world.rebuild(*world.bundle())
    assert rebuilt.paths == ("a.py",)
    assert rebuilt.verdict == world.verdict


@pytest.mark.requirement("R44")
@pytest.mark.parametrize(
    ("field", "value"),
    [("result_tree", "1" * 40), ("manifest_sha256", D), ("rollback_plan_digest", D), ("ref", "refs/heads/other"),
     ("environment", "elsewhere")],
)  # fmt: skip
def test_an_effect_that_is_told_otherwise_is_refused(world, field, value):
    with pytest.raises(Refused) as caught:
        world.rebuild(*world.bundle(**{field: value}))
    assert caught.value.code == "MAG-E605"


@pytest.mark.requirement("R44")
def test_a_verdict_that_is_told_milder_is_refused(world):
    milder = msgspec.structs.replace(
        world.verdict, strictness=Strictness.AUTO, auto_eligible=True, reasons=("harmless",)
    )
    with pytest.raises(Refused) as caught:
        world.rebuild(*world.bundle(verdict=milder))
    assert caught.value.code == "MAG-E605"


def test_a_decision_below_the_floor_is_refused(world):
    with pytest.raises(Refused) as caught:
        world.rebuild(*world.bundle(strictness=Strictness.AUTO))
    assert caught.value.code == "MAG-E605"


@pytest.mark.requirement("R44", "R39")
@pytest.mark.parametrize(
    ("left", "strictness"),
    [(HONEST[:1], Strictness.TWO), (HONEST[1:], Strictness.TWO), ((), Strictness.TWO), (HONEST, Strictness.DENY),
     ((HONEST[0], msgspec.structs.replace(HONEST[1], count=1)), Strictness.TWO)],
)  # fmt: skip
def test_a_control_plane_that_asks_for_less_or_else_than_policy_does_is_refused(world, left, strictness):
    with pytest.raises(Refused, match="nothing was signed") as caught:
        world.rebuild(*world.bundle(obligations=left, strictness=strictness))
    assert caught.value.code == "MAG-E605"


@pytest.mark.requirement("R46")
def test_another_diff_than_the_signed_one_is_refused(world):
    bundle, name = world.bundle()
    shown = msgspec.structs.replace(bundle, diff=base64.b64encode(b"harmless\n").decode())
    with pytest.raises(Refused) as caught:
        open_case(shown, name, world.settings)
    assert caught.value.code == "MAG-E605"


def test_another_case_than_the_one_asked_for_is_refused(world):
    bundle, _ = world.bundle()
    with pytest.raises(Refused) as caught:
        open_case(bundle, D, world.settings)
    assert caught.value.code == "MAG-E605"
