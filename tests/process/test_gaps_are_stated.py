"""What an assistant did not get whole is in its proposal, and on a file of the patch it asks for two (R11)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from world.casework import CaseWorld, git
from world.control_process import start_control, start_witness
from world.front_process import Assistant, start_front
from world.running import unified

from magistrate.errors import Refused
from magistrate.usecases import gathered
from magistrate.usecases.gathered import gathered_by, record_read
from magistrate.wire.front_api import ReadNote

pytestmark = pytest.mark.requirement("R11")
D = "sha256:" + "0" * 64
FILES = {
    "shop/__init__.py": "",
    "shop/keys.py": 'TOKEN = "' + "ghp_" + "FaKe0123456789" * 3 + '"\n',
    "shop/user.py": "from shop import keys\n\nNAME = 1\n",
    "shop/other.py": "NAME = 1\n",
    "shop/blob.bin": "a\0b",
    "shop/long.py": "X = 1\n" * 50_000,
}


@pytest.fixture
def world(tmp_path) -> Iterator[CaseWorld]:
    made = CaseWorld(tmp_path)
    for path, text in FILES.items():
        (made.work / path).parent.mkdir(parents=True, exist_ok=True)
        (made.work / path).write_text(text)
    git("add", ".", cwd=made.work)
    git("commit", "-q", "-m", "files", cwd=made.work)
    git("push", "-q", "origin", "HEAD:main", cwd=made.work)
    yield made
    made.store.close()


@contextlib.contextmanager
def running(world: CaseWorld) -> Iterator[None]:
    with contextlib.ExitStack() as ending:
        for start in (start_witness, start_control, start_front):
            ending.callback(start(world.deployment).stop)
        yield


def proposed(world: CaseWorld, assistant: Assistant, path: str) -> tuple[list[str], dict[str, Any]]:
    """Change a file; the gaps that the sealed proposal states, and where it then stands."""
    patch = unified(path, FILES[path], FILES[path].replace("NAME = 1", "NAME = 2"))
    finding = world.finding.id
    made = assistant.good("submit_proposal", patch=patch, rationale="x", prompt="Fix it.", finding=finding)
    for _ in range(200):
        status = assistant.good("proposal_status", id=made["proposal"])
        if status["state"] in {"IN_REVIEW", "REFUSED", "HELD"}:
            break
    with world.store.transaction() as unit:
        body = json.loads(unit.document(made["proposal"]).payload_bytes())["body"]
    return body["context_gaps"], status


@pytest.mark.slow
def test_gaps_are_stated_and_those_on_the_patch_or_what_it_imports_ask_for_two(world: CaseWorld) -> None:
    opened = world.session()
    with running(world):
        assistant = Assistant(world.deployment, opened.session, opened.token)
        assert assistant.good("read_file", path="shop/keys.py")["redactions"] == 1
        assert assistant.good("read_file", path="shop/long.py")["truncated"]
        assert assistant.call("read_file", path="shop/blob.bin")[0] == 403
        assert assistant.call("read_file", path="../x")[0] == 403
        assistant.good("search_code", pattern="NAME", path_prefix="shop/b")
        gaps = {
            'redacted "shop/keys.py" read_file: 1', 'truncated "shop/long.py" read_file: 1',
            'refused "\'shop/blob.bin\'" read_file: 1 with MAG-E531', 'refused "\'../x\'" read_file: 1 with MAG-E530',
            'skipped "shop/b" search_code: 1',
        }  # fmt: skip
        stated, status = proposed(world, assistant, "shop/other.py")
        assert set(stated) == {"elsewhere: " + gap for gap in gaps}
        assert "policy/two-for-gaps" not in {r["code"] for r in status["reasons"]}
        stated, status = proposed(world, assistant, "shop/user.py")
        near = 'redacted "shop/keys.py" read_file: 1'
        assert stated[0] == near
        assert set(stated[1:]) == {"elsewhere: " + gap for gap in gaps - {near}}
        assert "policy/two-for-gaps" in {r["code"] for r in status["reasons"]}
        assert status["strictness"] == "two"


def note(session: str, **changes: Any) -> ReadNote:
    made = ReadNote(
        session=session, tool="read_file", source="a" * 40 + ":app.py", byte_start=0, byte_end=1, sha256=D,
        redactions=0, truncated=False, refused="",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def test_more_receipts_than_are_named_are_a_gap(world: CaseWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathered, "MAX_RECEIPTS", 3)
    session = world.session().session
    with world.store.transaction() as unit:
        receipts = [record_read(unit, note(session), world.now) for _ in range(3)]
        row = unit.session(session)
        assert (gathered_by(unit, row).context, gathered_by(unit, row).gaps) == (tuple(receipts), ())
        receipts.append(record_read(unit, note(session), world.now))
        found = gathered_by(unit, row)
    assert found.context == tuple(receipts[1:])
    assert found.gaps == ("receipts truncated: 4 reads, the newest 3 are named",)


def test_a_proposal_that_hides_a_gap_or_a_read_is_not_sealed(world: CaseWorld) -> None:
    session = world.session().session
    with world.store.transaction() as unit:
        receipt = record_read(unit, note(session, redactions=1), world.now)
    files = {"notes.md": "# Notes\n\nThis service greets people.\n"}
    gap = 'redacted "app.py" read_file: 1'
    for changes in (
        {"context": (), "context_gaps": (gap,)},
        {"context": (receipt,), "context_gaps": ()},
        {"context": (receipt,), "context_gaps": ('redacted "app.py" read_file: 0',)},
    ):
        with pytest.raises(Refused) as refused:
            world.seal(world.proposal(files, session, **changes))
        assert refused.value.code == "MAG-E463"
    world.seal(world.proposal(files, session, context=(receipt,), context_gaps=("elsewhere: " + gap, "and more")))
