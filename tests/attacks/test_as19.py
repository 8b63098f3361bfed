"""AS-19: drafts that would leave the repository or wipe it, on a running deployment (R25, R55)."""

from __future__ import annotations

import pytest
from world.running import FILES, running_below, unified
from world.seen import look

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("as19")]

CANARY = "/tmp/magistrate-as19-canary"


def made(path: str, text: str = "x", mode: str = "100644") -> str:
    """A patch that adds one file."""
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n"
        f"+{text}\n\\ No newline at end of file\n"
    )


OUTSIDE = {
    "dots": made("../../escape.txt"),
    "dots inside": made("shop/../../escape.txt"),
    "absolute": made("/tmp/magistrate-as19-canary"),
    "git folder": made(".git/hooks/post-receive", f"touch {CANARY}", "100755"),
    "git folder in capitals": made(".GIT/config", "[core]"),
    "git folder in a folder": made("shop/.git/config", "[core]"),
    "git folder by short name": made("git~1/config", "[core]"),
    "git folder with a hidden character": made(".g\u200cit/config", "[core]"),
    "drive letter": made("C:/windows/x"),
    "backslashes": made("..\\..\\escape.txt"),
    "through a link of the same patch": made("out", "/tmp", "120000") + made("out/magistrate-as19-canary"),
}
ODD = {
    "a link out": made("out", "/proc/self/environ", "120000"),
    "a submodule": made("sub", "Subproject commit " + "1" * 40, "160000"),
    "another case of a path": made("Shop/report.py"),
    "a hook folder with attributes": made(".gitattributes", f"* filter=touch-{CANARY}"),
}


@pytest.fixture(scope="module")
def town():
    with running_below("as19") as town:
        yield town


@pytest.fixture(scope="module")
def session(town):
    return town.session("shop/report.py")


@pytest.mark.requirement("R55")
@pytest.mark.parametrize("name", OUTSIDE)
def test_what_leaves_the_repository_is_no_draft(town, session, name):
    before = look(town.home)
    for tool in ("check_draft", "submit_proposal"):
        more = {} if tool == "check_draft" else {"rationale": name, "prompt": "Fix it.", "finding": session.finding}
        status, answer = session.call(tool, patch=OUTSIDE[name], **more)
        assert status == 403, answer
    changed = before.changes(look(town.home))
    assert not {"files", "refs", "objects", "+control.proposal_case"} & set(changed), changed
    from pathlib import Path

    assert not Path(CANARY).exists()


@pytest.mark.requirement("R55", "R23")
@pytest.mark.parametrize("name", ODD)
def test_what_stays_inside_but_is_odd_is_never_low_and_never_executed_by_one(town, session, name):
    _never_executed_by_one(town, session, ODD[name], name)


@pytest.mark.requirement("R55", "R23")
def test_deleting_everything_is_never_executed_by_one(town, session):
    patch = ""
    for path, text in FILES.items():
        if text:
            gone = unified(path, text, "").replace(f"+++ b/{path}", "+++ /dev/null")
            patch += gone.replace(f"b/{path}\n", f"b/{path}\ndeleted file mode 100644\n", 1)
    _never_executed_by_one(town, session, patch, "clean up")


def _never_executed_by_one(town, session, patch: str, name: str) -> None:
    before = town.tip()
    status, answer = session.call(
        "submit_proposal", patch=patch, rationale=name, prompt="Fix it.", finding=session.finding
    )
    if status == 403:
        return
    assert status == 200, answer
    row = town.until(answer["proposal"], {"IN_REVIEW", "REFUSED"})
    assert row["strictness"] in {"two", "deny"}, row
    town.approve(answer["proposal"], status=None)
    town.until(answer["proposal"], {"APPROVED_NOT_EXECUTED", "REFUSED", "IN_REVIEW"})
    assert town.tip() == before
