"""Sensors of product code know what other languages call the same, and stay silent only for a certain reason."""

from __future__ import annotations

import importlib

import pytest

from magistrate.domain.impact import FileChange, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile


def found(sensor: str, before: str, after: str, path: str = "zz/notes.bin.txt") -> list[Sensitivity]:
    """What one sensor says of a text that becomes another, under a name that says nothing."""
    speaker = importlib.import_module(f"magistrate.impact.sensors.{sensor}").SENSOR
    change = FileChange(path=path, before=f"keep\n{before}\n".encode(), after=f"keep\n{after}\n".encode())
    return list(speaker.sense(ChangedFile(change=change), BaseTree()))


LIMITS = [
    ("#define PART_SIZE 4096", "#define PART_SIZE 2048"),
    ("if (readLine(fd, buf, 1024, 5) == -1) {", "if (readLine(fd, buf, 1024, 3600) == -1) {"),
    ("every(g, time.Second*10, fetch)", "every(g, time.Second*60, fetch)"),
    ("if ((n < 0) || n >= (512*1024*1024))", "if (n < 0)"),
    ("checksPeers: true,", "checksPeers: false,"),
    ("", "r, err := zip.OpenReader(name)"),
    ("", "_, err = io.Copy(out, rc)"),
    ("a = header.split(/\\s*,\\s*/)", "a = header.split(',')"),
    ("", "Regex rgx = new Regex(pattern, RegexOptions.IgnoreCase, TimeSpan.FromHours(1));"),
    ("if raw.bytesize > most", "if raw"),
    ("if (exp.BoolValue(name)) { a() }", "a()"),
]


@pytest.mark.requirement("R24", "R29")
@pytest.mark.parametrize(("before", "after"), LIMITS)
def test_a_limit_or_a_switch_is_told_in_every_language(before: str, after: str) -> None:
    assert found("limits_and_flags", before, after)
    assert found("limits_and_flags", after, before)


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("for (let i = 0; i < rows.length; i++) {", "for (let j = 0; j < rows.length; j++) {"),
        ("if (rows.length > 0) {", "if (names.length > 0) {"),
        ("x = one(1)", "x = two(1)"),
        ("items.map(x => total)", "items.map(y => total)"),
    ],
)
def test_what_bounds_nothing_is_no_limit(before: str, after: str) -> None:
    assert not found("limits_and_flags", before, after)
