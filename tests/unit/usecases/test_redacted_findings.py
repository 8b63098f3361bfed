"""What an agent reads of a finding is redacted whole, also what the repository says of its secret (R8, R36)."""

from __future__ import annotations

from typing import cast

import pytest

from magistrate.bootstrap.front import BareTrees, KeyedTexts, Quarantine
from magistrate.entrypoints.front.answers import get_finding, list_findings
from magistrate.usecases.desk import ControlLine, Desk
from magistrate.usecases.gather import Sight
from magistrate.usecases.propose import Authorship
from magistrate.wire.agent_api import FindingView, GetFinding, ListFindings, SecretView
from magistrate.wire.front_api import FindingPage, ReadNote, SessionView

LEAK = "ghp_" + "a1B2c3D4" * 5
VIEW = FindingView(
    id="fnd-abcde", rule="github-pat", tool="gitleaks", message=f"found {LEAK}", path="a.py", start_line=1, end_line=1,
    severity="error", fingerprint="sha256:x", source_sha256="sha256:y", repository="shop",
    secrets=[
        SecretView(name=LEAK, path=f"{LEAK}.py", line=1, consumers=["a.py", f"b/{LEAK}"], opens=["db", LEAK, "unknown"])
    ],
)  # fmt: skip


class Line:
    """Control, as far as it is asked about findings; keeps what is recorded."""

    def __init__(self) -> None:
        self.notes: list[ReadNote] = []

    def findings(self, _session: str, _limit: int, _after: str) -> FindingPage:
        return FindingPage(findings=(VIEW,), next="")

    def finding(self, _session: str, _finding: str) -> FindingView:
        return VIEW

    def record(self, note: ReadNote) -> str:
        self.notes.append(note)
        return "sha256:receipt"


def desk(line: Line) -> Desk:
    sight = Sight(session="ses-1", repository="shop", git_dir="", ref="", commit="", tree="", finding="fnd-abcde")
    return Desk(
        session=cast("SessionView", None), sight=sight, trees=BareTrees(), texts=KeyedTexts(b"k" * 32),
        quarantine=cast("Quarantine", None), control=cast("ControlLine", line), sign=lambda _: pytest.fail("signs"),
        authorship=cast("Authorship", None),
    )  # fmt: skip


@pytest.mark.requirement("R8", "R36")
def test_names_and_paths_of_a_findings_secrets_are_redacted_before_an_agent_reads_them() -> None:
    line = Line()
    one, page = get_finding(desk(line), GetFinding(id="fnd-abcde")), list_findings(desk(line), ListFindings())
    for view in (one.finding, *page.findings):
        assert LEAK not in repr(view)
        (row,) = view.secrets
        assert (row.consumers[0], row.opens[0], row.opens[-1]) == ("a.py", "db", "unknown")
        assert (len(row.consumers), len(row.opens)) == (2, 3)
    assert one.redactions == page.redactions == 5
    assert [note.redactions for note in line.notes] == [5, 5]
    assert all(note.byte_end > len(VIEW.id) + len(VIEW.message) for note in line.notes)
