"""systemd units as boxes: against a corpus written from the documentation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.brute_force import verdict_of
from world.rights import corpus, found_by, rows_of, verify_reads_anything

from magistrate.impact.privilege.domains.systemd import READER
from magistrate.impact.privilege.domains.systemd_known import SWITCHES
from magistrate.impact.privilege.engine import delta

CORPUS = corpus("systemd")


def rows(path):
    return rows_of(path, "systemd")


def grants(files):
    return found_by(READER, files)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", rows(CORPUS), ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    assert verdict_of(delta(grants(row["before"]), grants(row["after"]))) == row["expected"], row["why"]


@pytest.mark.requirement("R28")
@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="[Service]\nUser=~+\\ yesno#;{}", max_size=80), st.sampled_from(rows(CORPUS)))
def test_any_text_is_read_or_unknown_and_never_an_error(noise, row):
    verify_reads_anything(READER, noise, row)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("setting", sorted(SWITCHES))
def test_each_protection_is_a_right_while_it_is_off(setting):
    off = grants({"a.service": "[Service]\nUser=app\n"})
    on = grants({"a.service": f"[Service]\nUser=app\n{setting}=yes\n"})
    assert verdict_of(delta(on, off)) == "widened"
    assert verdict_of(delta(off, on)) == "narrowed"


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    "path", ["a.service", "etc/systemd/system/a@.service", "a.service.d/x.conf", "a.socket", "a.service.j2"]
)
def test_files_are_known_by_their_names(path):
    assert READER.reads(path)
