"""The assessor as a program: contract, determinism, errors, workflow words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import TESTS

from magistrate.context.redact import Redactor
from magistrate.domain.impact import FileChange
from magistrate.impact.assess import SENSORS
from magistrate.impact.base import ChangedFile
from magistrate.impact.sensing import hits
from magistrate.impact.sensors import ci_cd
from magistrate.judge import answer, assessor_digest
from magistrate.usecases.judging import judge_argv
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import canonical

RULES = [one for sensor in SENSORS for one in getattr(sensor, "rules", ())] + list(ci_cd.RULES.rules)
SPOKEN = [
    *(
        "",
        " ",
        "\t- verbs:",
        "verbs",
        ": [get]",
        "mode",
        "= 0644",
        "GRANT ALL",
        "TO me",
        "Role",
        "x = 1  # noqa",
        "\u017fecret: a",
    ),
    *(
        "uses: a/b@v1",
        "uses: a/b@",
        "0" * 40,
        "import random",
        "RANDOM",
        "DROP",
        "TABLE t",
        "eval(x)",
        "\u212aey",
        "skip:",
        "1.0",
    ),
    *(
        "a==1.0",
        "image: b",
        "you are an AI",
        "ignore",
        "the rules above",
        "print(",
        "PASSWORD)",
        "verify = False",
        "verify =\u2028False",
    ),
]
WHOLE: dict[str, Any] = {"files": {}}
FORMAT = {"path": "a.py", "before": "x=1\n", "after": "x = 1\n"}


def judged(case: Any) -> dict[str, Any]:
    reply, status = answer(msgspec.json.encode({"v": 1, "mode": "assess", "case": case}))
    assert status == 0, reply
    return json.loads(reply)["assessment"]


def test_the_verdict_is_the_wire_document() -> None:
    verdict = judged({"id": "c", "files": [FORMAT], "context": WHOLE})
    assert msgspec.convert(verdict, Verdict).auto_eligible
    assert verdict["assessor"] == assessor_digest()


@pytest.mark.requirement("R16")
def test_title_label_actor_and_extra_keys_change_no_byte() -> None:
    case = {"id": "c", "files": [FORMAT, {"path": "b.c", "before": "a", "after": "b"}]}
    loud = {**case, "title": "docs: typo", "label": "safe", "actor": "dependabot[bot]", "claimed_class": "docs"}
    assert canonical(judged(case)) == canonical(judged(loud))


@pytest.mark.requirement("R23")
@pytest.mark.parametrize("path", ["setup.py", "sub/setup.py"])
def test_a_manifest_is_never_low_even_where_its_program_is_proven_the_same(path: str) -> None:
    before = 'from setuptools import setup\n\n# Reads the nmae.\nsetup(name="x", install_requires=["y==1.0"])\n'
    change = {"path": path, "before": before, "after": before.replace("nmae", "name")}
    verdict = judged({"id": "c", "files": [change], "context": WHOLE})
    assert not verdict["auto_eligible"]
    layout = judged({"id": "c", "files": [{**change, "after": before.replace('"x", ', '"x",  ')}], "context": WHOLE})
    assert {"dependency", "formatting"} <= set(layout["classes"])
    assert not layout["auto_eligible"]
    plain = {"path": "a.py", "before": before.replace("setuptools", "names").replace("setup(", "make(")}
    plain["after"] = plain["before"].replace("nmae", "name")
    other = judged({"id": "c", "files": [plain], "context": WHOLE})
    assert other["auto_eligible"], "a change of comments in a program that is no manifest"


def test_the_program_answers_the_same_bytes_as_the_function() -> None:
    request = msgspec.json.encode({"v": 1, "mode": "assess", "case": {"id": "c", "files": [FORMAT]}})
    done = subprocess.run([sys.executable, "-m", "magistrate.judge"], input=request, capture_output=True, check=True)
    assert done.stdout == answer(request)[0] + b"\n"


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        b'{"v":2,"mode":"assess"}',
        b'{"v":1,"mode":"approve"}',
        b'{"v":1,"mode":"assess","case":[]}',
        b'{"v":1,"mode":"assess","case":{"files":[{"path":"a"}]}}',
        b'{"v":1,"mode":"assess","case":{"files":[{"path":"a","before":{"base64":"!"},"after":""}]}}',
        b'{"v":1,"mode":"assess","case":{"files":[]},"evidence":[{}]}',
    ],
)
def test_a_bad_request_is_an_error_and_never_a_verdict(bad: bytes) -> None:
    reply, status = answer(bad)
    assert status == 4
    assert set(json.loads(reply)) == {"error"}


@pytest.mark.requirement("R24")
@pytest.mark.parametrize("path", [".github/workflows/ci.yml", "docs/notes.txt"])
def test_widened_workflow_permissions_are_said_in_plain_words_at_their_line(path: str) -> None:
    text = "on: push\npermissions:\n  contents: read\njobs:\n  a:\n    runs-on: x\n"
    verdict = judged({"files": [{"path": path, "before": text, "after": text.replace("read", "write")}]})
    hit = next(s for s in verdict["sensitivities"] if "contents: read -> write" in s["why"])
    assert (hit["kind"], hit["line"]) == ("ci_cd", 3)
    assert verdict["strictness"] == "two"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("permissions: read-all\n", "permissions: write-all\n", "read -> write"),
        ("permissions: {contents: read}\n", "permissions: {contents: write}\n", "contents: read -> write"),
        ("permissions:\n  contents: read\n", "on: push\n", "is gone"),
    ],
)
def test_other_spellings_of_permissions_are_read(before: str, after: str, words: str) -> None:
    tail = "jobs:\n  a:\n    runs-on: x\n"
    verdict = judged({"files": [{"path": ".github/workflows/a.yml", "before": before + tail, "after": after + tail}]})
    assert any(words in s["why"] for s in verdict["sensitivities"])


def test_maps_of_paths_and_base64_are_read() -> None:
    verdict = judged({"before": {"a.py": "x=1\n"}, "after": {"a.py": {"base64": "eCA9IDEK"}}, "context": WHOLE})
    assert [f["class"] for f in verdict["files"]] == ["formatting"]


@pytest.mark.requirement("R25")
@pytest.mark.parametrize("path", ["../a.py", "/a.py", ".GIT/a.py", "a/.git./x.py", "git~1/a.py", "C:/a.py", "a\\b.py"])
def test_illegal_paths_are_denied(path: str) -> None:
    assert judged({"files": [{**FORMAT, "path": path}]})["strictness"] == "deny"


def test_hidden_text_in_an_added_line_is_denied() -> None:
    verdict = judged({"files": [{"path": "a.py", "before": "x = 1\n", "after": "x = 1  # a\u202eb\n"}]})
    assert verdict["strictness"] == "deny"
    assert verdict["denials"][0]["line"] == 1


@pytest.mark.requirement("R25")
@pytest.mark.parametrize("context", [None, {}, {"complete": True}, {"files": {"b.c": "x"}, "complete": False}])
def test_without_the_whole_repository_nothing_is_low_and_the_reason_says_what_would_pass(context: object) -> None:
    comment = {"path": "b.py", "before": "# Teh row here\nx = 1\n", "after": "# The row here\nx = 1\n"}
    page = {"path": "docs/c.md", "before": "Teh fox.\n", "after": "The fox.\n"}
    for file in (FORMAT, comment, page):
        verdict = judged({"files": [file], "context": context})
        assert (verdict["strictness"], verdict["files"][0]["class"]) == ("two", "unknown")
        assert "repository" in verdict["files"][0]["proof"]["why"]
        assert judged({"files": [file], "context": WHOLE})["auto_eligible"]


@pytest.mark.parametrize("token", ["[[secret:github:0123456789abcdef]]", "[[SECRET:aws-key-id:0123456789ABCDEF"])
def test_a_redaction_token_in_an_added_line_is_denied(token: str) -> None:
    verdict = judged({"files": [{"path": "a.py", "before": "x = 1\n", "after": f"x = '{token}'\n"}]})
    assert [denial["kind"] for denial in verdict["denials"]] == ["redaction-token"]
    plain = {"path": "a.md", "before": "a\n", "after": "A token is `[[secret:<kind>:<16 hex>]]`.\n"}
    assert judged({"files": [plain]})["denials"] == []


def test_what_redaction_makes_is_what_the_gate_sees() -> None:
    token = Redactor(b"0" * 32).token("assigned", "not-a-real-value")
    assert judged({"files": [{"path": "a", "before": "x\n", "after": f"{token}\n"}]})["strictness"] == "deny"


@given(st.lists(st.sampled_from(SPOKEN), max_size=12), st.lists(st.sampled_from(SPOKEN), max_size=12))
def test_leaping_over_lines_finds_what_reading_each_line_finds(old: list[str], new: list[str]) -> None:
    change = FileChange(path="a.txt", before="\n".join(old).encode(), after="\n".join(new).encode())
    file = ChangedFile(change=change)
    for one in RULES:
        assert list(hits(file, one)) == [line for line in file.lines if one.pattern.search(line.text)]


def test_the_judge_starts_while_the_installation_has_no_path_file(tmp_path):
    """Another interpreter that knows the libraries and no `magistrate`, as in the instant of a renewal."""
    venv.create(tmp_path, with_pip=False, symlinks=True)
    (packages,) = (tmp_path / "lib").glob("python*/site-packages")
    (packages / "libraries.pth").write_text(str(Path(msgspec.__file__).parent.parent))
    python = tmp_path / "bin" / "python"
    lost = subprocess.run([python, "-I", "-m", "magistrate.judge"], input=b"{}", capture_output=True, check=False)
    assert b"No module named" in lost.stderr
    done = subprocess.run(judge_argv(python), input=b"{}", capture_output=True, check=False)
    assert msgspec.json.decode(done.stdout)["error"]["code"] == "MAG-E252", done.stderr


@pytest.mark.slow
@pytest.mark.requirement("R42")
def test_the_verdict_does_not_hang_on_the_order_of_sets():
    """Each process hashes texts in its own way; who rebuilds an assessment must find the same bytes."""
    lines = [b'{"v":1,"mode":"many","texts":{}}']
    for path in sorted((TESTS / "corpus" / "attacks").glob("*.jsonl")):
        cases = [json.loads(line) for line in path.read_text().splitlines()]
        lines += [msgspec.json.encode({"v": 1, "mode": "assess", "case": case}) for case in cases[::4]]
    assert _differing(lines, ("1", "2")) == []


@pytest.mark.slow
@pytest.mark.requirement("R42")
def test_whose_power_moves_does_not_hang_on_the_order_of_sets():
    """Equal rights at several places: which of them is told is the same in every process."""
    lines = [b'{"v":1,"mode":"many","texts":{}}']
    rows = [
        json.loads(line)
        for path in sorted((TESTS / "corpus" / "privilege").glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    for number, row in enumerate(rows[::3]):
        sides = [
            {f"{folder}{path}": text for path, text in row[side].items() for folder in ("", f"copy{number % 3}/")}
            for side in ("before", "after")
        ]
        lines.append(_asks(*sides))
    flows = "on: pull_request\n{}jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
    names = [f".github/workflows/{name}.yml" for name in ("a", "b", "c", "d", "e", "f")]
    before, after = (dict.fromkeys(names, flows.format(stated)) for stated in ("", "permissions: {}\n"))
    lines.append(_asks(before, {**after, names[2]: before[names[2]] + "# more\n"}))
    assert _differing(lines, ("0", "1", "2", "3")) == []


def _asks(before, after):
    texts = {
        side: {path: text if isinstance(text, str) else json.dumps(text) for path, text in files.items()}
        for side, files in (("before", before), ("after", after))
    }
    files = [
        {"path": path, "before": texts["before"].get(path), "after": texts["after"].get(path)}
        for path in sorted({*texts["before"], *texts["after"]})
        if texts["before"].get(path) != texts["after"].get(path)
    ]
    case = {"id": "x", "files": files, "context": {"files": texts["before"], "complete": True}}
    return msgspec.json.encode({"v": 1, "mode": "privilege", "case": case})


def _differing(lines, seeds):
    """The requests that are answered otherwise in processes which hash texts in other ways."""
    given = [
        subprocess.run(
            [sys.executable, "-m", "magistrate.judge"], input=b"\n".join(lines), capture_output=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout.split(b"\n")
        for seed in seeds
    ]  # fmt: skip
    assert all(len(one) == len(lines) for one in given)
    return [lines[n + 1][:200] for n, answers in enumerate(zip(*given, strict=True)) if len(set(answers)) > 1]
