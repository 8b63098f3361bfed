"""What a promotion stands in for, and everything that it does not; the same admission as executor and gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.admissible import NOW, Admissible

from magistrate.authority.promotion import not_low_because
from magistrate.domain.estate import ActorKind
from magistrate.domain.impact import LOW, SENSITIVE, ChangeClass, Strictness
from magistrate.domain.principal import Mode, Role
from magistrate.errors import Refused
from magistrate.wire.assessment import FileVerdict, SensitivityVerdict
from magistrate.wire.canonical import digest
from magistrate.wire.decision import Chain, Obligation, Reason
from magistrate.wire.policy_bundle import Estate, EstateActor, EstatePrincipal
from magistrate.wire.withdrawal import Withdrawal

OTHER = digest(b"another")
DAY = 86_400


def case(home: Path, **knobs: Any) -> Admissible:
    return Admissible(home, **{"promotion": {}, **knobs})


@pytest.mark.requirement("R69")
def test_a_promoted_low_change_needs_nobody_and_says_who_promoted_it(tmp_path: Path) -> None:
    admitted = case(tmp_path).admit()
    assert admitted.approvals == ()
    assert [(one.change_class, one.persons) for one in admitted.promotions] == [(ChangeClass.LINT, ("ben", "carla"))]


@pytest.mark.requirement("R70")
@pytest.mark.requirement("R72")
@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ({"signers": ("ben",)}, "MAG-E121", "2 persons"),
        ({"signers": ("ben", "ben")}, "MAG-E121", "2 persons"),
        ({"signers": ("ben", "anna")}, "MAG-E121", "do not own the agent"),
        ({"signers": ("ben", "dora")}, "MAG-E121", "2 persons"),
        ({"repository": "other"}, "MAG-E129", "repository"),
        ({"environment": "other"}, "MAG-E129", "environment"),
        ({"agent": "other"}, "MAG-E129", "agent"),
        ({"assessor": OTHER}, "MAG-E129", "assessor"),
        ({"policy": OTHER}, "MAG-E129", "policy"),
        ({"lifetime": None}, "MAG-E105", "90 days"),
        ({"lifetime": 91 * DAY}, "MAG-E105", "90 days"),
        ({"lifetime": 10}, "MAG-E105", "expired"),
        ({"ago": -600}, "MAG-E105", "future"),
        ({"evidence": (OTHER,)}, "MAG-E129", "roster has changed"),
        ({"evidence": "the roster alone"}, "MAG-E129", "another version of the agent"),
        ({"classes": (ChangeClass.DOCS,)}, "MAG-E129", "no promotion covers `lint`"),
        ({"classes": (ChangeClass.LINT, ChangeClass.DOCS)}, "MAG-E129", "does not need"),
        ({"classes": (ChangeClass.LINT, ChangeClass.LINT)}, "MAG-E129", "does not need"),
        ({"change_class": ChangeClass.CODE}, "MAG-E129", "never automatic"),
    ],
)  # fmt: skip
def test_a_promotion_is_for_exactly_one_thing_and_by_two_who_may(
    tmp_path: Path, said: dict[str, Any], code: str, words: str
) -> None:
    made = case(tmp_path, promotion=said)
    if said.get("evidence") == "the roster alone":
        made.promotion = {"evidence": (made.town.trusted_roster().digest,)}
    with pytest.raises(Refused, match=words) as refused:
        made.admit()
    assert refused.value.code == code


@pytest.mark.requirement("R69")
@pytest.mark.requirement("R85")
@pytest.mark.parametrize(
    ("knobs", "ground", "words"),
    [
        ({}, {"drilled": False}, "drills"),
        ({}, {"same_user_walls": True}, "same user"),
        ({"production": True}, {}, "production"),
        ({"reversible": "no", "decision_strictness": Strictness.TWO}, {}, "undone"),
        ({"strictness": Strictness.ONE}, {}, "not proven to be low"),
        ({"decision_strictness": Strictness.TWO}, {}, "asks for `two`"),
        ({"obligations": (Obligation(role=Role.SECURITY, count=1, rule="r"),)}, {}, "certain person"),
        ({"obligations": (Obligation(role=None, count=2, rule="r"),)}, {}, "more than one"),
        ({"obligations": ()}, {}, "certain person"),
        ({"release": {}, "release_tags": "v"}, {}, "only merges"),
    ],
)  # fmt: skip
def test_nothing_is_automatic_where_the_place_or_the_change_asks_for_people(
    tmp_path: Path, knobs: dict[str, Any], ground: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        case(tmp_path, **knobs).admit(**ground)


@pytest.mark.requirement("R69")
@pytest.mark.parametrize("kind", sorted(SENSITIVE | {ChangeClass.UNKNOWN, ChangeClass.CODE, ChangeClass.DEPENDENCY}))
def test_no_promotion_reaches_beyond_the_low_classes(tmp_path: Path, kind: ChangeClass) -> None:
    strictness = Strictness.ONE if kind in {ChangeClass.CODE, ChangeClass.DEPENDENCY} else Strictness.TWO
    wrong = case(tmp_path, change_class=kind, strictness=strictness, decision_strictness=strictness)
    with pytest.raises(Refused):
        wrong.admit()


@pytest.mark.requirement("R69")
def test_one_person_alone_promotes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="one person alone"):
        case(tmp_path, mode=Mode.SOLO, promotion={"signers": ("anna",)}).admit()


@pytest.mark.requirement("R64")
@pytest.mark.requirement("R69")
def test_where_an_account_is_shared_nothing_is_automatic(tmp_path: Path) -> None:
    shared = Estate(
        actors=(
            EstateActor(kind=ActorKind.WORKLOAD, name="ci", acts_as=("pat",)),
            EstateActor(kind=ActorKind.AGENT, name="fixer", acts_as=("pat",)),
        ),
        principals=(EstatePrincipal(name="pat", becomes=(), reaches=("repository:shop",)),),
    )
    with pytest.raises(Refused, match="`pat` is used by"):
        case(tmp_path, estate=shared).admit()


@pytest.mark.requirement("R32")
@pytest.mark.requirement("R31")
def test_a_chain_of_other_classes_or_a_reason_of_its_own_asks_for_people(tmp_path: Path) -> None:
    chain = Chain(
        members=(OTHER,), landed=1, verdict_sha256=OTHER, strictness=Strictness.ONE, alone=Strictness.ONE,
        classes=(ChangeClass.DOCS,), why="together",
    )  # fmt: skip
    with pytest.raises(Refused, match="no promotion covers `docs`"):
        case(tmp_path / "a", decision={"chain": chain}).admit()
    both = {"classes": (ChangeClass.DOCS, ChangeClass.LINT)}
    assert len(case(tmp_path / "b", decision={"chain": chain}, promotion=both).admit().promotions) == 2
    reason = Reason(rule="pace/many", source="pace", why="too many in an hour", relax="time")
    with pytest.raises(Refused, match="too many in an hour"):
        case(tmp_path / "c", decision={"reasons": (reason,)}).admit()


@pytest.mark.requirement("R37")
def test_a_warrant_rests_on_people_or_on_promotions_and_names_what_is_presented(tmp_path: Path) -> None:
    made = case(tmp_path)
    bundle = made.build()
    with pytest.raises(Refused, match="other promotions"):
        made.admit(msgspec.structs.replace(bundle, promotions=()))
    with pytest.raises(Refused, match="other promotions"):
        made.admit(msgspec.structs.replace(bundle, promotions=bundle.promotions * 2))
    with pytest.raises(Refused, match="never on both"):
        case(tmp_path / "both", warrant={"approvals": (OTHER,)}).admit()
    with pytest.raises(Refused, match="without promotions"):
        case(tmp_path / "none", warrant={"promotions": ()}).admit()
    (signed,) = bundle.promotions
    forged = msgspec.structs.replace(signed, signatures=(signed.signatures[0], signed.signatures[0]))
    with pytest.raises(Refused, match="signature"):
        made.admit(msgspec.structs.replace(bundle, promotions=(forged,)))


@pytest.mark.requirement("R73")
@pytest.mark.parametrize("person", ["anna", "ben", "dora"])
def test_any_one_person_takes_a_promotion_back(tmp_path: Path, person: str) -> None:
    made = case(tmp_path)
    bundle = made.build()
    name = bundle.promotions[0].payload_digest()

    def word(of: str) -> Any:
        body = Withdrawal(person=person, proposal=of, approval=of, reason="not any more", epoch=NOW)
        return made.town.by_person(person, body, "wdr", now=NOW - 1)

    assert made.admit(bundle, withdrawals=(word(OTHER),)).promotions
    with pytest.raises(Refused, match=f"demoted by `{person}`"):
        made.admit(bundle, withdrawals=(word(OTHER), word(name)))


@pytest.mark.requirement("R69")
@given(kind=st.sampled_from(sorted(ChangeClass)), asks=st.sampled_from(list(Strictness)), data=st.data())
@settings(max_examples=60)
def test_a_verdict_is_low_only_where_every_part_of_it_is(
    tmp_path_factory: pytest.TempPathFactory, kind: ChangeClass, asks: Strictness, data: st.DataObject
) -> None:
    """Adding a file, a sensitivity or a strictness never makes a verdict low that was not, and one that is not low spoils all."""
    low = case(_home(tmp_path_factory))._verdict()
    file = low.files[0]
    more = FileVerdict(path="b.py", change_class=kind, proof=file.proof, asks=asks)
    seen = data.draw(st.booleans())
    touched = (SensitivityVerdict(kind=str(kind), path="b.py", line=1, why="w"),) if seen else ()
    verdict = msgspec.structs.replace(low, files=(file, more), sensitivities=touched)
    assert not any(not_low_because(low))
    expected = kind in LOW and asks is Strictness.AUTO and not touched
    assert (not any(not_low_because(verdict))) is expected


def _home(factory: pytest.TempPathFactory) -> Path:
    made: Path = getattr(_home, "made", None) or factory.mktemp("town")
    _home.made = made  # type: ignore[attr-defined]
    return made
