"""Nothing of a secret is left in any form; redaction is idempotent, stable and independent of order."""

from __future__ import annotations

import functools
import random
import string

import pytest
from corpus.secrets.seeded import FORMS, SHAPE_FORMS, SHAPES, WHOLE_LINE, harmless, left_of, seeded, windows
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.context.redact import Redactor, tokens_in

KEY = b"plainly fake redaction key"
SET = seeded()


@functools.cache
def knowing() -> Redactor:
    return Redactor(KEY, known=[one.value for one in SET])


PRINTABLE = st.text(alphabet=string.ascii_letters + string.digits + "-_.!$/+=:&", min_size=12, max_size=60)


def test_the_set_is_large_enough():
    assert len(SET) >= 500
    assert len({one.kind for one in SET}) >= 20
    assert seeded() == SET


@pytest.mark.requirement("R8")
@pytest.mark.parametrize("form", FORMS)
def test_no_piece_of_a_known_secret_is_left_in_any_form(form):
    redactor = knowing()
    leaks = []
    for one in SET:
        written = FORMS[form](one.value)
        text = redactor.redact(f"before\n{written}\nafter").text
        leaks += [(one.kind, found) for found in left_of(one.value, form, text)]
    assert leaks == []


@pytest.mark.requirement("R8")
@pytest.mark.parametrize("kind", [*SHAPES, "pem"])
def test_a_seeded_secret_is_gone_though_nobody_told_us(kind):
    redactor = Redactor(KEY)
    assert [w for one in SET if one.kind == kind for w in windows(one.value, redactor.redact(one.line).text)] == []


@pytest.mark.requirement("R8")
@pytest.mark.parametrize("form", SHAPE_FORMS)
def test_a_providers_secret_is_gone_when_encoded_or_joined(form):
    redactor = Redactor(KEY)
    leaks = []
    for one in SET:
        if one.kind in WHOLE_LINE:
            continue
        written = FORMS[form](one.value)
        text = redactor.redact(f"a {written} b").text
        leaks += [(one.kind, found) for found in left_of(one.value, form, text)]
    assert leaks == []


@pytest.mark.requirement("R8")
@settings(max_examples=150, deadline=None, derandomize=True)
@given(secret=PRINTABLE, form=st.sampled_from(sorted(FORMS)), around=st.text(max_size=40))
def test_any_known_secret_in_any_form_and_surroundings(secret, form, around):
    once = Redactor(KEY, known=[secret]).redact(f"{around}\n{FORMS[form](secret)}\n{around}")
    assert [w for w in windows(secret, once.text) if w not in "".join(tokens_in(once.text))] == []
    assert Redactor(KEY, known=[secret]).redact(once.text).text == once.text


@pytest.mark.requirement("R8")
def test_redaction_is_idempotent_stable_and_independent_of_order():
    redactor = Redactor(KEY)
    lines = [one.line for one in SET if one.kind != "pem"]
    tokens = {line: tokens_in(redactor.redact(line).text) for line in lines}
    for seed in range(3):
        mixed = lines[:]
        random.Random(seed).shuffle(mixed)
        text = redactor.redact("\n".join(mixed)).text
        assert redactor.redact(text).text == text
        assert [tokens_in(line) for line in text.split("\n")] == [tokens[line] for line in mixed]
    values = [one.value for one in SET[:60]]
    sample = "\n".join(values)
    forwards, backwards = Redactor(KEY, known=values), Redactor(KEY, known=values[::-1])
    assert forwards.redact(sample) == backwards.redact(sample)


def test_harmless_lines_stay_without_the_entropy_tier():
    redactor = Redactor(KEY)
    assert [line for line in harmless() if redactor.redact(line).count] == []
