"""A quorum counts distinct persons, and nothing to meet is never met."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.wire_samples import SAMPLES

from magistrate.authority.quorum import GivenApproval, count_for, verify_quorum
from magistrate.domain.principal import Role
from magistrate.errors import Refused
from magistrate.wire.approval import Approval
from magistrate.wire.decision import Obligation
from magistrate.wire.roster import Person

BODY = SAMPLES["approval"].body
assert isinstance(BODY, Approval)
APPROVAL: Approval = BODY
NAMES = st.sampled_from(["ann", "bob", "cat"])
ROLES = {"ann": (Role.REVIEWER,), "bob": (Role.SECURITY,), "cat": (Role.AUDITOR,)}


def given_by(name: str, number: int) -> GivenApproval:
    person = Person(person=name, display_name=name, keys=(f"ssh-ed25519 {name}{number}",), roles=ROLES[name])
    return GivenApproval(person=person, digest=f"sha256:{number:064}", approval=APPROVAL)


@pytest.mark.requirement("R39", "R43")
@given(st.lists(NAMES, max_size=6))
def test_nothing_to_meet_is_never_met(names):
    people = [given_by(name, n) for n, name in enumerate(names)]
    for obligations in ([], [Obligation(role=None, count=0, rule="x")]):
        with pytest.raises(Refused, match="without obligations"):
            verify_quorum(people, obligations)


@pytest.mark.requirement("R45")
@given(st.lists(NAMES, max_size=8), st.integers(1, 4))
def test_one_person_counts_once_and_only_in_a_reviewing_role(names, count):
    people = [given_by(name, n) for n, name in enumerate(names)]
    distinct = len({name for name in names if name != "cat"})
    obligation = Obligation(role=None, count=count, rule="x")
    assert count_for(people, obligation) == distinct
    if distinct < count:
        with pytest.raises(Refused):
            verify_quorum(people, [obligation])
    else:
        verify_quorum(people, [obligation])
