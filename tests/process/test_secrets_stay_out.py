"""Secrets in a repository and in findings, and everything that an assistant is ever sent of them (R8).

Real front, control and witness; 102 plainly fake secrets of 34 kinds, made anew for each run. A leak is
8 consecutive characters of a secret, or of its written form, in the union of all bytes delivered; in hex
it is the 16 digits that write 8 characters, since 8 digits of a digest may agree by chance.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from corpus.secrets.seeded import ENDS, FORMS, LEAK, SHAPE_FORMS, WHOLE_LINE, Seeded, bare, left_of, seeded
from world import warm
from world.casework import CaseWorld, git
from world.control_process import start_control, start_witness
from world.front_process import Assistant, start_front
from world.running import unified

from magistrate.domain.case import RepositoryRow
from magistrate.domain.finding import Finding, Severity, finding_id, fingerprint

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R8")]
CHUNK = 40
PIECE = 7
OTHER_FORMS = tuple(form for form in FORMS if form not in SHAPE_FORMS)
LEFT = {
    "base64, wrapped": 28, "hex with colons": 28, "JSON inside JSON": 0, "YAML, folded": 28, "wrapped at 5": 28,
    "wrapped, as text": 28, "lines in reverse order": 28, "joined over lines": 0, "in a diff": 28, "first 7 cut": 27,
    "over two log lines": 28, "backwards": 28,
}  # fmt: skip
"""How many of the 28 kinds with a form of their own are left when nobody knows the secret; a measurement."""


@dataclass(frozen=True)
class Seeds:
    """Of every kind one secret that front is told of, one that it is not, and one written in other forms."""

    known: list[Seeded]
    shaped: list[Seeded]
    disguised: list[Seeded]

    def files(self) -> dict[str, str]:
        made = {f"known/{n}.txt": written(s, tuple(FORMS)) for n, s in enumerate(self.known)}
        made |= {f"shaped/{n}.txt": written(s, shape_forms(s)) for n, s in enumerate(self.shaped)}
        for n, s in enumerate(self.known):
            half = len(s.value) // 2
            made |= {f"halves/{n}-1.txt": f"a {s.value[:half]}\n", f"halves/{n}-2.txt": f"{s.value[half:]} b\n"}
        for s in self.disguised:
            if s.kind not in WHOLE_LINE:
                made |= {place(form, s): f"x\n{FORMS[form](s.value)}\ny\n" for form in OTHER_FORMS}
        (first, *_) = self.known
        pieces = [first.value[i : i + PIECE] for i in range(0, len(first.value), PIECE)]
        return made | {f"pieces/{n:02}.txt": piece + "\n" for n, piece in enumerate(pieces)}


def place(form: str, secret: Seeded) -> str:
    return f"disguised/{OTHER_FORMS.index(form)}/{secret.kind}.txt"


def shape_forms(secret: Seeded) -> tuple[str, ...]:
    return ("whole",) if secret.kind in WHOLE_LINE else SHAPE_FORMS


def written(secret: Seeded, forms: tuple[str, ...]) -> str:
    """Every form in its own paragraph; the first with the line that its kind is known by."""
    shown = [secret.line if form == "whole" else FORMS[form](secret.value) for form in forms]
    return "\n\n".join(f"form {n}:\n{text}" for n, text in enumerate(shown)) + "\n"


def seeds() -> Seeds:
    made = seeded(each=3)
    return Seeds(known=made[0::3], shaped=made[1::3], disguised=made[2::3])


OWN_DIGITS = re.compile(r"\[\[secret:[a-z-]+:[0-9a-f]{16}\]\]|(?:hmac-)?sha256:[0-9a-f]{64}")


@dataclass
class Union:
    """Everything delivered: as it came, without its JSON, and as text of each file."""

    parts: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def ask(self, assistant: Assistant, tool: str, **arguments: Any) -> dict[str, Any]:
        status, answer = assistant.call(tool, **arguments)
        assert status, "the connection broke"
        self.calls[tool] = self.calls.get(tool, 0) + (status == 200)
        self.parts += [json.dumps(answer), *strings(answer)]
        return answer

    def leaks(self, secrets: list[tuple[Seeded, str]]) -> dict[str, str]:
        """Windows of secrets and of their written forms in the union, each with whose it is.

        Placeholders and digests are keyed anew in each run: eight of their digits are now and then those of a seed.
        """
        union = OWN_DIGITS.sub("~", "\n".join(self.parts))
        views = (union, bare(union), bare("\n".join(reversed(union.split("\n")))))
        needles: dict[str, str] = {}
        for secret, form in secrets:
            whose = f"{secret.kind}, {form}"
            texts = [secret.value, bare(secret.value)]
            if form in ENDS:
                first, last = ENDS[form]
                text = bare(FORMS[form](secret.value))
                texts.append(text[first : len(text) - last])
            needles |= {window: whose for text in texts for window in windows(text, form)}
        widths = {len(needle) for needle in needles}
        found = {view[i : i + n] for view in views for n in widths for i in range(len(view) - n + 1)} & set(needles)
        return {needle: needles[needle] for needle in found}


def windows(text: str, form: str) -> Iterator[str]:
    """The pieces of a text of which one alone is a leak."""
    digits = form.startswith("hex") and re.fullmatch(r"[0-9a-f]+", text) is not None
    width = 2 * LEAK if digits else LEAK
    return (text[i : i + width] for i in range(len(text) - width + 1))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


@dataclass
class Ground:
    """A running deployment that holds the seeds, and an assistant with two sessions."""

    world: CaseWorld
    seeds: Seeds
    files: dict[str, str]
    findings: list[Finding]
    one: Assistant
    two: Assistant


def finding(number: int, message: str) -> Finding:
    name = fingerprint(rule=f"S{number}", path="app.py", snippet="import os")
    return Finding(
        id=finding_id(repository="shop", fingerprint_=name), rule=f"S{number}", tool="fake-scanner", message=message,
        path="app.py", start_line=1, end_line=1, severity=Severity.WARNING, fingerprint=name, source="fake",
        repository="shop",
    )  # fmt: skip


def messages(planted: Seeds) -> list[str]:
    made = [written(s, tuple(FORMS)) for s in planted.known] + [written(s, shape_forms(s)) for s in planted.shaped]
    for s in planted.known:
        half = len(s.value) // 2
        made += [f"begins {s.value[:half]}", f"{s.value[half:]} ends"]
    return made


def plant(world: CaseWorld, planted: Seeds) -> tuple[dict[str, str], list[Finding]]:
    """Files in the repository, findings in the store, and the file of known secrets."""
    files = planted.files()
    for path, text in files.items():
        (world.work / path).parent.mkdir(parents=True, exist_ok=True)
        (world.work / path).write_text(text)
    git("add", ".", cwd=world.work)
    git("commit", "-q", "-m", "seeds", cwd=world.work)
    git("push", "-q", "origin", "HEAD:main", cwd=world.work)
    found = [finding(n, message) for n, message in enumerate(messages(planted))]
    ref = "refs/heads/main"
    with world.store.transaction() as unit:
        tip = world.repositories.tip("shop", ref)
        row = RepositoryRow(repository="shop", ref=ref, environment="staging", ready=True, tip=tip, alarm="")
        unit.put_repository(row)
        unit.keep_findings(found, now=world.now, source="anna")
    lines = [f"K{n}={s.value}" if n % 2 else s.value for n, s in enumerate(planted.known)]
    world.deployment.settings.known_secrets.write_text("\n".join(lines) + "\n")
    world.deployment.settings.known_secrets.chmod(0o600)
    return files, found


@pytest.fixture(scope="module")
def ground(tmp_path_factory) -> Iterator[Ground]:
    world = CaseWorld(tmp_path_factory.mktemp("seeds"))
    planted = seeds()
    files, found = plant(world, planted)
    one, two = (
        Assistant(world.deployment, opened.session, opened.token) for opened in (world.session(), world.session())
    )
    with contextlib.ExitStack() as ending:
        ending.callback(world.store.close)
        for start in (start_witness, start_control, start_front):
            ending.callback(start(world.deployment).stop)
        yield Ground(world, planted, files, found, one, two)


def read_everything(ground: Ground) -> Union:
    """By every tool that returns text, in whole and in parts, by two sessions in turn."""
    union = Union()
    turns = (ground.one, ground.two)
    after: dict[str, str] = {}
    while True:
        page = union.ask(ground.one, "list_findings", limit=50, **after)
        if not page["next"]:
            break
        after = {"after": page["next"]}
    for number, one in enumerate(ground.findings):
        union.ask(turns[number % 2], "get_finding", id=one.id)
    plain = [path for path in sorted(ground.files) if path.startswith(("known/", "shaped/", "halves/"))]
    for number, path in enumerate(plain):
        text = union.ask(turns[number % 2], "read_file", path=path)["text"]
        union.texts[path] = text
        union.ask(turns[number % 2], "search_code", pattern=".", path_prefix=path, limit=200)
        for start in range(1, text.count("\n") + 1, CHUNK) if path.startswith("known/") else ():
            reader = turns[start // CHUNK % 2]
            union.ask(reader, "read_file", path=path, start_line=start, end_line=start + CHUNK - 1)
    union.ask(ground.one, "affected_files", finding=ground.findings[0].id)
    draft(ground, union, plain)
    return union


def draft(ground: Ground, union: Union, paths: list[str]) -> None:
    """Drafts beside secrets, drafts whose refusal quotes something, one proposal and its fate."""
    patches = [unified(p, t := union.texts[p], t.replace("form 0:", "form A:")) for p in paths if "halves" not in p][
        ::6
    ]
    for patch in patches:
        assert union.ask(ground.one, "check_draft", patch=patch)["applies"]
        shifted = re.sub(r"@@ -1,", "@@ -2,", patch).replace("form 1:", "form X:")
        union.ask(ground.one, "check_draft", patch=shifted)
        union.ask(
            ground.one, "check_draft", patch=patch.replace("--- a/", "--- a/[[secret:known:").replace("+form", "form")
        )
    made = union.ask(
        ground.one, "submit_proposal", patch=patches[0], rationale=ground.seeds.known[0].value,
        prompt=ground.seeds.shaped[0].value, finding=ground.world.finding.id,
    )  # fmt: skip
    for _ in range(100):
        if union.ask(ground.one, "proposal_status", id=made["proposal"])["state"] in {"IN_REVIEW", "REFUSED", "HELD"}:
            return
    raise AssertionError("the proposal is not judged")


@pytest.fixture(scope="module")
def union(ground: Ground) -> Union:
    return read_everything(ground)


def test_of_known_secrets_and_known_forms_nothing_reaches_the_assistant(ground: Ground, union: Union) -> None:
    planted = [(s, form) for s in ground.seeds.known for form in FORMS]
    planted += [(s, form) for s in ground.seeds.shaped for form in shape_forms(s)]
    assert len({s.kind for s, _ in planted}) >= 20
    assert len({s.value for s, _ in planted}) >= 40
    assert set(union.calls) == {
        "list_findings", "get_finding", "read_file", "search_code", "affected_files", "check_draft", "submit_proposal",
        "proposal_status",
    }  # fmt: skip
    assert union.leaks(planted) == {}
    assert sum(text.count("[[secret:") for text in union.texts.values()) >= len(planted) // 2


def test_the_measure_itself_sees_a_leak(ground: Ground) -> None:
    """A union that holds a file as it is: every secret is found missing from redaction."""
    raw = Union(parts=[text for path, text in ground.files.items() if path.startswith("known/")])
    whose = {w.partition(",")[0] for w in raw.leaks([(s, "whole") for s in ground.seeds.known]).values()}
    assert whose == {s.kind for s in ground.seeds.known}


def test_what_is_left_of_unknown_secrets_in_disguise_is_told_as_it_is(ground: Ground) -> None:
    """No claim of safety: the table in docs/reference/redaction.md says the same."""
    left = dict.fromkeys(OTHER_FORMS, 0)
    for secret in ground.seeds.disguised:
        for form in OTHER_FORMS if secret.kind not in WHOLE_LINE else ():
            text = ground.two.good("read_file", path=place(form, secret))["text"]
            left[form] += bool(left_of(secret.value, form, text))
    assert left == LEFT


def test_pieces_of_7_in_as_many_files_are_left_even_of_a_known_secret(ground: Ground) -> None:
    names = sorted(path for path in ground.files if path.startswith("pieces/"))
    texts = [ground.one.good("read_file", path=path)["text"].strip() for path in names]
    assert "".join(texts) == ground.seeds.known[0].value


def test_a_draft_is_named_for_its_session_and_nothing_about_it_can_be_guessed_offline(ground: Ground) -> None:
    path = "known/0.txt"
    text = ground.one.good("read_file", path=path)["text"]
    patch = unified(path, text, text.replace("form 0:", "form A:"))
    other = unified(path, text, text.replace("form 0:", "form B:"))
    first, again = (ground.one.good("check_draft", patch=patch) for _ in range(2))
    assert first == again
    assert set(first) == {"applies", "draft", "paths", "redactions", "truncated"}
    assert first["draft"].startswith("hmac-sha256:")
    assert ground.one.good("check_draft", patch=other)["draft"] != first["draft"]
    assert ground.two.good("check_draft", patch=patch)["draft"] != first["draft"]


@pytest.mark.requirement("R12")
def test_the_values_are_in_no_log_and_only_their_number_is_told(ground: Ground) -> None:
    settings = ground.world.deployment.settings
    logs = "".join(log.read_text() for log in settings.run.glob("*.log"))
    kept = [path.read_bytes() for path in (settings.home / "front").rglob("*") if path.is_file()]
    for secret in ground.seeds.known:
        for start in range(0, len(secret.value) - LEAK + 1, LEAK):
            piece = secret.value[start : start + LEAK]
            assert piece not in logs
            assert not any(piece.encode() in content for content in kept)
    number = len(ground.seeds.known)
    told = tell(ground, "status", "-o", "json")
    assert json.loads(told)["known_secrets"] == number
    rows = {row["check"]: row["seen"] for row in json.loads(tell(ground, "doctor", "-o", "json"))}
    assert rows["secrets"] == f"front looks for {number} known secrets"


def tell(ground: Ground, *arguments: str) -> str:
    return warm.run([*arguments, "--home", str(ground.world.home)], timeout=60).stdout


@pytest.mark.requirement("R12")
def test_front_does_not_start_on_a_file_that_others_can_read(tmp_path) -> None:
    world = CaseWorld(tmp_path)
    world.store.close()
    path = world.deployment.settings.known_secrets
    path.write_text("plainly-fake-known-secret\n")
    path.chmod(0o644)
    with pytest.raises(AssertionError, match="others may touch") as caught:
        start_front(world.deployment)
    assert "plainly-fake" not in str(caught.value)
