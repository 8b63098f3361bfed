"""The documentation: links lead somewhere, reference pages are current, results are not stale."""

from __future__ import annotations

import re
import subprocess

import pytest
from paths import PYTHON, ROOT

LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(page):
    found = set()
    for heading in HEADING.findall(FENCE.sub("", page.read_text())):
        found.add(re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in anchors(found), f"{target}: no such heading"


def test_the_reference_is_what_the_program_says():
    done = subprocess.run([PYTHON, ROOT / "tools/reference.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_decision_record_has_its_parts():
    records = sorted((ROOT / "docs/adr").glob("0*.md"))
    numbers = [int(r.name[:4]) for r in records]
    assert numbers == list(range(len(records))), "numbered without a hole, the template is 0000"
    for record in records:
        text = record.read_text()
        assert re.match(rf"# {record.name[:4]} ", text), record.name
        for part in ("## Context", "## Decision", "## Consequences"):
            assert part in text, f"{record.name}: {part}"


def test_every_make_target_in_the_readme_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        named = set(re.findall(r"`?make ([a-z-]+)", page.read_text()))
        assert named <= targets | {"and"}, page.name


def test_the_digest_of_sources_moves_with_their_bytes(tmp_path):
    for folder in ("src", "tools"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tools/freshness.py").write_bytes((ROOT / "tools/freshness.py").read_bytes())

    def digest():
        asked = [PYTHON, tmp_path / "tools/freshness.py", "src/*.py"]
        return subprocess.run(asked, capture_output=True, text=True, check=False)

    assert digest().returncode == 2, "a pattern that matches nothing is an error"
    (tmp_path / "src/a.py").write_text("a = 1\n")
    first = digest().stdout
    (tmp_path / "src/a.py").write_text("a = 2\n")
    assert first.startswith("sha256:")
    assert digest().stdout != first
