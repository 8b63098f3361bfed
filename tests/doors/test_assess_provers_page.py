"""docs/provers.md says what the provers say: every one, every case, every place that `--explain` points to."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from paths import PYTHON, ROOT, TESTS

from magistrate.entrypoints.cli.assess_explain import page_of
from magistrate.impact.assess import BASE_RULE, GATE_RULE, NO_PROVER, PROVERS

PAGE = ROOT / "docs/provers.md"


@pytest.mark.requirement("R26")
def test_the_page_is_what_the_provers_say() -> None:
    argv = [PYTHON, str(ROOT / "tools/provers_page.py"), "--check"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_prover_and_every_case_is_on_it() -> None:
    text = PAGE.read_text()
    headings = set(re.findall(r"^## (\S+)$", text, re.MULTILINE))
    for prover in PROVERS:
        assert page_of(prover.name).partition("#")[2] in headings, prover.name
    for rule in (GATE_RULE, BASE_RULE, NO_PROVER):
        assert page_of(rule).partition("#")[2] in headings
        assert f"`{rule}`" in text
    for case in (TESTS / "corpus/provers").glob("*/*"):
        assert f"- `{case.name}`" in text


def test_every_section_has_a_claim_and_says_what_it_refuses() -> None:
    sections = PAGE.read_text().split("\n## ")[1:]
    provers = {type(prover).__module__.rsplit(".", 1)[-1] for prover in PROVERS}
    own = {section.split("\n", 1)[0]: section for section in sections}
    for unit in provers:
        assert "**Claim.** " in own[unit], unit
        assert "**Refuses.**" in own[unit] or "efuse" in own[unit], unit
        assert "**Known limits.**" in own[unit], unit
        assert re.search(r"\*\*Cases\.\*\* \d+ proven and [1-9]\d* refuted", own[unit]), unit


def test_a_page_that_is_not_what_the_provers_say_is_told(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; sys.path.insert(0, 'tools'); import provers_page as page;"
        f"page.PAGE = pathlib.Path({str(tmp_path)!r}) / 'provers.md';"
        "page.PAGE.write_text(page.page() + 'more'); sys.exit(page.main(['--check']))"
    )
    done = subprocess.run([PYTHON, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "run `make docs`" in done.stdout
