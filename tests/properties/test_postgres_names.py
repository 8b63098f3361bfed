"""A lease and its role in PostgreSQL name each other, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.errors import MagistrateError, NotFound, Refused
from magistrate.executor.credentials.postgres_names import MOST_BYTES, PREFIX, lease_of, minted_role, role_of

LEASES = st.from_regex(r"\A[a-z]{3}-[a-z2-7]{26}\Z")
TEXTS = st.text(max_size=80)
NAMES = st.one_of(
    st.builds("lease_{}".format, st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=57)),
    st.from_regex(r"\Alease_[a-z]{3}_[a-z2-7]{25,27}\Z"),
    st.builds(lambda lease: "lease_" + lease, LEASES),
).filter(lambda name: len(name.encode()) <= MOST_BYTES)  # fmt: skip


@pytest.mark.requirement("R50", "R4")
@given(LEASES)
def test_a_lease_comes_back_from_its_role(lease):
    role = minted_role(lease)
    assert lease_of(role) == lease
    assert role_of(lease) == role
    assert re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", role), "no quotes, no cut"


@pytest.mark.requirement("R50")
@given(NAMES)
def test_every_role_under_the_prefix_is_named_by_exactly_one_lease(role):
    lease = lease_of(role)
    assert role_of(lease) == role
    assert lease.isascii()
    assert lease.isprintable()
    assert len(lease) < 200


@pytest.mark.requirement("R50", "R4")
@given(st.one_of(TEXTS, TEXTS.map("role:lease_{}".format), TEXTS.map("lease_{}".format), LEASES.map("{}\n".format)))
def test_no_two_texts_mean_one_role(lease):
    try:
        role = role_of(lease)
    except NotFound:
        return
    assert role.startswith(PREFIX)
    assert "\0" not in role
    assert len(role.encode()) <= MOST_BYTES
    assert lease_of(role) == lease, "the only text that means it"


@pytest.mark.requirement("R4")
@given(st.one_of(TEXTS, LEASES.map("{}\n".format), LEASES.map(str.upper), NAMES.map(lease_of)))
def test_only_the_id_of_a_lease_document_is_minted(lease):
    if re.fullmatch(r"[a-z]{3}-[a-z2-7]{26}", lease):
        assert minted_role(lease)
        return
    with pytest.raises(Refused) as caught:
        minted_role(lease)
    assert isinstance(caught.value, MagistrateError)
    assert caught.value.diagnostics().isprintable() or "\n" not in caught.value.message
