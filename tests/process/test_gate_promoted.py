"""The gate under a promotion: nobody signed the bytes, so it judges them itself, with its own objects and assessor."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from world.admissible import Admissible, without
from world.gate_world import GateWorld, git, make_gate_world

from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.bootstrap.gate_assessor import GateAssessor
from magistrate.domain.impact import ChangeClass
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.effect import GitUpdate
from magistrate.wire.envelope import Envelope
from magistrate.wire.withdrawal import Withdrawal

pytestmark = pytest.mark.slow


class Promoted(Admissible):
    """A case whose change is really there, and whose verdict is that of the real assessor, or what control claims."""

    world: GateWorld
    diff: bytes
    claims: dict[str, Any]
    given: Verdict | None = None

    def _proposal(self, session: Envelope, effect: Any) -> Envelope:
        self.named = super()._proposal(session, effect)
        return self.named

    def _verdict(self) -> Verdict:
        effect = self._effect()
        if self.given is not None:
            return self.given
        assert isinstance(effect, GitUpdate)
        assessor = GateAssessor(lambda name: self.world.settings.repositories / f"{name}.git")
        found = assessor.verdict(effect, self.diff, self.named.payload_digest())
        return msgspec.structs.replace(found, **self.claims)


def case(world: GateWorld, text: str, **claims: Any) -> tuple[Promoted, CaseBundle]:
    """A case that makes a.py this text, at the present time."""
    (world.work / "a.py").write_text(text)
    git(world.work, "commit", "-qa", "--amend", "-m", "change")
    world.change, world.change_tree = (git(world.work, "rev-parse", one) for one in ("HEAD", "HEAD^{tree}"))
    patch = git(world.work, "diff", "--binary", world.base, "HEAD").encode() + b"\n"
    applied = QuarantinedPatches(open_sandbox()).apply(world.bare, world.base_tree, patch)
    made = world.case(promotion={"classes": (ChangeClass.FORMATTING,)}, change_class=ChangeClass.FORMATTING)
    made.__class__ = Promoted
    assert isinstance(made, Promoted)
    made.world, made.diff, made.claims = world, applied.diff, claims
    made.effect |= {"manifest_sha256": applied.manifest_sha256}
    made.proposal = {"diff_sha256": digest(applied.diff)}
    return made, without(made.build(), diff=base64.b64encode(applied.diff).decode())


LOW = {
    "auto_eligible": True, "strictness": "auto", "sensitivities": (), "denials": (), "privilege": (), "secrets": (),
    "no_way_back": (), "reversible": "yes", "classes": (ChangeClass.FORMATTING,),
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GateWorld]:
    made = make_gate_world(tmp_path)
    made.start()
    yield made
    made.stop()


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.requirement("R69")
def test_what_the_gate_judges_alike_gets_one_push(world: GateWorld) -> None:
    _, bundle = case(world, "A  =  1\n")
    answer = world.ask(bundle=bundle)
    assert answer.status_code == 200, answer.text
    lease = answer.json()["lease"]
    assert world.get(f"/gate/v1/leases/{lease}").json()["approvers"] == ["ben", "carla"]


@pytest.mark.requirement("R69")
@pytest.mark.requirement("R55")
def test_control_and_executor_together_cannot_pass_code_off_as_formatting(world: GateWorld) -> None:
    """Every signature is right; only the verdict is invented, and nobody's approval stands behind it."""
    files = {"files": (msgspec.structs.replace(case(world, "A  =  1\n")[0]._verdict().files[0], path="a.py"),)}
    _, bundle = case(world, "A = 2\n", **LOW, **files)
    assert told(world.ask(bundle=bundle)) == (403, "MAG-E350")
    assert world.tip() == world.base


@pytest.mark.requirement("R55")
def test_a_diff_that_does_something_else_than_the_effect_says_is_refused(world: GateWorld) -> None:
    made, sound = case(world, "A  =  1\n")
    made.effect |= {"result_tree": "4" * 40}
    made.given = _judged(sound)
    bundle = without(made.build(), diff=sound.diff)
    answer = world.ask(bundle=bundle, tree="4" * 40)
    assert told(answer) == (403, "MAG-E350")
    assert "something else than its effect says" in answer.text


@pytest.mark.requirement("R73")
def test_a_demotion_that_the_gate_was_told_ends_the_credential_and_the_promotion(world: GateWorld) -> None:
    made, bundle = case(world, "A =  1\n")
    token = world.ask(bundle=bundle).json()["token"]
    name = bundle.promotions[0].payload_digest()
    body = Withdrawal(person="dora", proposal=name, approval=name, reason="enough", epoch=1)
    word = made.town.by_person("dora", body, "wdr")
    answer = httpx.post(f"{world.url}/gate/v1/stops", content=word.encode(), timeout=30)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["ended"]) == 1
    assert world.push(token, f"{world.change}:refs/heads/main").returncode != 0
    assert world.tip() == world.base
    assert told(world.ask(bundle=bundle)) == (403, "MAG-E129")


def _judged(bundle: CaseBundle) -> Verdict:
    assert bundle.assessment is not None
    return msgspec.convert(msgspec.json.decode(bundle.assessment.payload_bytes())["body"]["verdict"], Verdict)
