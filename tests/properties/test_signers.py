"""Whose key signed which entry: only a hand-over that both keys signed, one right after the other, changes it (R44, R60)."""

from __future__ import annotations

import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from magistrate.errors import Refused
from magistrate.executor.identity import Identity
from magistrate.executor.rows import JournalStep
from magistrate.executor.signers import Signers
from magistrate.wire.journal_entry import JournalEntry, StepStatus

KEYS = [Identity(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32), deployment="test") for n in range(1, 4)]
NAMES = {who.keyid: who.public for who in KEYS}
NUMBERS = st.integers(0, len(KEYS) - 1)
STEPS = st.sampled_from(["note", JournalStep.KEY_HANDED_OVER, JournalStep.KEY_TAKEN_OVER])
ONE = st.tuples(NUMBERS, STEPS, NUMBERS).map(lambda one: [one])
OVER = st.tuples(NUMBERS, NUMBERS, NUMBERS).map(
    lambda who: [(who[0], JournalStep.KEY_HANDED_OVER, who[1]), (who[1], JournalStep.KEY_TAKEN_OVER, who[2])]
)
ENTRIES = st.lists(ONE | OVER, max_size=5).map(lambda parts: [one for part in parts for one in part])


def entry(step: str, successor: int) -> JournalEntry:
    facts = {"successor": KEYS[successor].keyid}
    return JournalEntry(sequence=1, previous=None, execution="executor", step=step, status=StepStatus.DONE, facts=facts)


def sound(written: list[tuple[int, str, int]]) -> bool:
    """The same rule in other words: where the key changes, the entry before names it and the entry itself takes over."""
    ended: set[int] = set()
    for number, (who, step, _) in enumerate(written):
        before = written[number - 1] if number else None
        changed = before is not None and before[0] != who
        if changed != (step == JournalStep.KEY_TAKEN_OVER):
            return False
        if changed and before is not None:
            if before[1] != JournalStep.KEY_HANDED_OVER or before[2] != who or who in ended:
                return False
            ended.add(before[0])
    return True


@pytest.mark.requirement("R44", "R60")
@given(ENTRIES)
def test_a_key_signs_after_another_only_by_its_hand_over(written: list[tuple[int, str, int]]) -> None:
    signers, refused = Signers(KEYS[0], NAMES), False
    for who, step, successor in written:
        try:
            signers.verify_next(KEYS[who].keyid, entry(step, successor))
        except Refused:
            refused = True
            break
    assert refused is not sound(written)


@pytest.mark.requirement("R44", "R60")
@given(ENTRIES.filter(sound).filter(bool))
def test_only_the_key_of_the_last_entry_or_whom_it_names_goes_on(written: list[tuple[int, str, int]]) -> None:
    last, step, successor = written[-1]
    ended = {before[0] for before, after in itertools.pairwise(written) if before[0] != after[0]}
    for number, own in enumerate(KEYS):
        signers = Signers(own, NAMES)
        for who, what, whom in written:
            signers.verify_next(KEYS[who].keyid, entry(what, whom))
        handed = step == JournalStep.KEY_HANDED_OVER and successor == number and number not in ended
        if number == last:
            assert not signers.hands_over()
        elif handed:
            assert signers.hands_over() == KEYS[last].keyid
        else:
            with pytest.raises(Refused, match="did not hand over"):
                signers.hands_over()


@pytest.mark.requirement("R44")
def test_a_key_that_no_roster_named_opens_nothing() -> None:
    framed = KEYS[1].frame(entry("note", 0), "jrn", now=1_800_000_000, lifetime=None)
    assert Signers(KEYS[0], {KEYS[1].keyid: KEYS[1].public}).open(KEYS[1].seal(framed), JournalEntry) == framed
    with pytest.raises(Refused, match="neither this executor's key"):
        Signers(KEYS[0], {}).open(KEYS[1].seal(framed), JournalEntry)
