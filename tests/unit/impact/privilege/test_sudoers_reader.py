"""sudoers as boxes: against a corpus written from the documentation, and against sudo's own way to decide."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from paths import outside_data
from world.brute_force import verdict_of
from world.rights import EXACT, corpus, found_by, rows_of, verify_reads_anything

from magistrate.impact.privilege.domains.sudoers import READER
from magistrate.impact.privilege.domains.sudoers_text import items, lines_of
from magistrate.impact.privilege.engine import Turn, delta

CORPUS = corpus("sudoers")
PEOPLE = ("ann", "bob")
COMMANDS = ("/bin/a", "/bin/b", "/bin/c")


def rows(path):
    return rows_of(path, "sudoers")


def grants(files):
    return found_by(READER, files)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", rows(CORPUS), ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    assert verdict_of(delta(grants(row["before"]), grants(row["after"]))) == row["expected"], row["why"]


@pytest.mark.requirement("R28")
def test_every_labelled_pair_is_exact():
    found = [row for row in rows(outside_data("privilege-pairs.jsonl")) if row["kind"] == "pair"]
    assert found
    for row in found:
        got = verdict_of(delta(grants(row["before"]), grants(row["after"])))
        assert got in EXACT.get(row["expected"], {row["expected"]}), row["id"]


@pytest.mark.requirement("R28")
@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='app ALL=(root)!,:/bin*\\\n#%"[]Defaults@{}', max_size=80), st.sampled_from(rows(CORPUS)))
def test_any_text_is_read_or_unknown_and_never_an_error(noise, row):
    verify_reads_anything(READER, noise, row)


entries = st.lists(
    st.tuples(
        st.sampled_from([*PEOPLE, "ALL", "ALL, !bob"]),
        st.sampled_from(["root", "www", "ALL", "ALL, !root"]),
        st.sampled_from(["", "NOPASSWD: ", "PASSWD: "]),
        st.lists(st.sampled_from([*COMMANDS, "/bin/*", "ALL", "!/bin/a", "!/bin/*"]), min_size=1, max_size=3),
    ),
    max_size=5,
)


def written(found):
    return "".join(f"{who} ALL=({target}) {tag}{', '.join(commands)}\n" for who, target, tag, commands in found)


def listed(text, name):
    """Whether a list holds: its last member that matches is taken."""
    held = False
    for part in text.split(", "):
        if part.lstrip("!") in {"ALL", name}:
            held = not part.startswith("!")
    return held


def allowed(found, person, target, command, *, password):
    """sudo's own way: all entries in order, and the last one that matches decides."""
    answer = False
    for who, targets, tag, commands in found:
        for one in commands:
            bare = one.lstrip("!")
            if listed(who, person) and listed(targets, target) and bare in {command, "/bin/*", "ALL"}:
                answer = not one.startswith("!") and (password or tag == "NOPASSWD: ")
    return answer


def everything(found):
    return {
        (person, target, command, password)
        for person in (*PEOPLE, "zoe")
        for target in ("root", "www", "db")
        for command in (*COMMANDS, "/bin/z")
        for password in (True, False)
        if allowed(found, person, target, command, password=password)
    }


@pytest.mark.slow
@pytest.mark.requirement("R28")
@settings(max_examples=300, deadline=None)
@given(entries, entries)
def test_gains_are_those_of_sudo_itself_where_the_last_entry_that_matches_decides(before, after):
    sides = [grants({"sudoers": written(one)}) for one in (before, after)]
    unknown = {one.why for side in sides for one in side.unknown}
    assert unknown <= {"the entries exclude each other in too many ways"}
    assume(not unknown)
    found = {change.turn for change in delta(*sides)}
    more, less = everything(after) - everything(before), everything(before) - everything(after)
    if more:
        assert Turn.GAINS in found
    if less:
        assert Turn.LOSES in found
    if not more and all("ALL" not in one[3] for one in (*before, *after)):
        assert Turn.GAINS not in found


@pytest.mark.requirement("R28")
@pytest.mark.slow
@pytest.mark.parametrize("row", rows(CORPUS), ids=lambda row: row["id"])
def test_what_visudo_refuses_is_unknown(row, tmp_path):
    visudo = shutil.which("visudo") or shutil.which("visudo", path="/usr/sbin")
    if visudo is None:
        pytest.skip("visudo is not installed")
    for text in row["after"].values():
        path = tmp_path / "sudoers"
        path.write_text(text)
        path.chmod(0o440)
        told = subprocess.run(
            [visudo, "-c", "-q", "-f", str(path), "-O", "-P"], capture_output=True, text=True, check=False
        )
        if "unknown option" in told.stderr or "invalid option" in told.stderr:
            told = subprocess.run([visudo, "-c", "-q", "-f", str(path)], capture_output=True, text=True, check=False)
        if told.returncode and "syntax error" in told.stderr + told.stdout:
            assert grants(row["after"]).unknown, told.stderr


@pytest.mark.requirement("R28")
def test_lists_and_lines_are_read_as_sudo_reads_them():
    assert [line for _, line in lines_of("a \\\n b # c\n#1000 d\n")] == ["a   b", "#1000 d"]
    assert [(one.name, one.taken) for one in items("a, !b, !!c")] == [("a", True), ("b", False), ("c", True)]
