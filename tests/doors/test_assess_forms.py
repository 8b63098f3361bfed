"""What `magistrate assess` shows: text, one file explained, SARIF by OASIS's own schema, Markdown that nothing steers."""

from __future__ import annotations

import importlib
import json
import os
import pty
import re
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from paths import PYTHON, TESTS
from world.assessing import WORKFLOW, commit, git, run, run_behind_walls, small_repository, write

from magistrate.ports import SandboxLimits

SCHEMA = TESTS / "resources/sarif/sarif-schema-2.1.0.json"
KEY = "AKIA" + "A7" * 8
"""Plainly fake, and of the form that the secrets sensor knows."""
HOSTILE = "docs/@evil [x](http:evil) ![i](//evil) #1 `a` <img src=x> {0}|b.md"

pytestmark = pytest.mark.slow


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "a repo")


def log_of(repo: Path, *revisions: str) -> dict[str, Any]:
    found = json.loads(run(repo, *revisions, "--format", "sarif").output)
    importlib.import_module("jsonschema").Draft4Validator(json.loads(SCHEMA.read_text())).validate(found)
    assert isinstance(found, dict)
    return found


@pytest.mark.requirement("R26")
def test_the_strictest_file_comes_first_with_its_line_and_what_would_pass(repo: Path) -> None:
    commit(repo, {"a.py": "import os\n\nprint(os, 1)\n", ".github/workflows/ci.yml": WORKFLOW.replace("read", "write")})
    done = run(repo, "HEAD~1")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0].startswith("HEAD~1 -> HEAD: asks for two people")
    heads = [line for line in lines if re.match(r"  \S.* (?:two people|one person), [a-z]+$", line)]
    assert [head.split()[0] for head in heads] == [".github/workflows/ci.yml", "a.py"]
    assert any("to pass" in line for line in lines)
    assert any("touches" in line and "ci.yml:3" in line for line in lines)
    assert max(map(len, lines)) <= 100


def test_an_empty_change_and_wrong_names_are_told_in_words(repo: Path, tmp_path: Path) -> None:
    empty = run(repo, "HEAD", "HEAD", "--fail-on", "two")
    assert "nothing changes between the two" in empty.output
    assert empty.exit_code == 1, "an empty change is never automatic"
    unknown = run(repo, "nowhere\x1b[31m")
    assert (unknown.exit_code, "\x1b" in unknown.output) == (3, False)
    missing = run(repo, "nowhere")
    assert missing.exit_code == 3
    assert "there is no revision `nowhere`" in missing.output
    assert "git fetch" in missing.output
    outside = run(tmp_path, "HEAD")
    assert outside.exit_code == 3
    assert "--repo DIR" in outside.output
    nothing = run(repo)
    assert nothing.exit_code == 2
    assert "magistrate assess HEAD~1" in nothing.output


def test_of_thousands_of_files_the_first_are_shown_and_the_rest_counted(repo: Path) -> None:
    commit(repo, {f"n{number:04}.bin": "\0" for number in range(1_500)})
    done = run(repo, "HEAD~1")
    assert len(done.output.splitlines()) < 250
    assert "and 1,475 more files that ask for people: `--limit 0` shows all" in done.output
    assert len(re.findall(r"^  n\d+\.bin", run(repo, "HEAD~1", "--limit", "0").output, re.MULTILINE)) == 1_500
    assert len(run(repo, "HEAD~1", "--format", "markdown").output.encode()) <= 60_000
    assert "more |" in run(repo, "HEAD~1", "--format", "markdown").output


@pytest.mark.requirement("R25")
def test_a_change_that_is_too_large_is_no_yes_and_is_told_how_to_go_on(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("magistrate.usecases.judging.JUDGE_LIMITS", SandboxLimits(wall_seconds=0.01))
    commit(repo, {"docs/a.md": "The fox.\n"})
    done = run_behind_walls(repo, "HEAD~1")
    assert done.exit_code == 4
    assert "`--commits BASE..HEAD` judges it commit by commit" in done.output


def on_a_terminal(repo: Path, **env: str) -> str:
    """What a person sees: the program in a real pseudo-terminal of a hundred columns."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 100))
    done = subprocess.run(
        [PYTHON, "-m", "magistrate.entrypoints.cli.main", "assess", "HEAD~1"],
        cwd=repo, stdout=theirs, stderr=theirs, check=True, env={**os.environ, "TERM": "xterm", **env},
    )  # fmt: skip
    assert done.returncode == 0
    os.close(theirs)
    seen = os.read(ours, 100_000).decode()
    os.close(ours)
    return seen


def test_colour_is_for_terminals_and_never_under_no_color(repo: Path) -> None:
    commit(repo, {"docs/a.md": "The fox.\n"})
    assert "\x1b[" not in run(repo, "HEAD~1").output
    assert "\x1b[32m" in on_a_terminal(repo)
    assert "\x1b[" not in on_a_terminal(repo, NO_COLOR="1")


@pytest.mark.requirement("R26")
def test_one_file_is_explained_with_its_lines_and_no_secret(repo: Path) -> None:
    text = f"import os\n\nKEY = '{KEY}'\n# my password: {KEY} is `{KEY}`\nprint(os)\n"
    commit(repo, {"a.py": text, "docs/a.md": "The fox.\n"})
    done = run(repo, "HEAD~1", "--explain", "a.py")
    assert done.exit_code == 0, done.output
    assert "Tried, in order:" in done.output
    assert re.search(r" 1\. \S+/\d+ for \w+: \w+   docs/provers\.md#\w+", done.output)
    assert re.search(r"^ +3 \| \+ \[masked\] \d+ characters", done.output, re.MULTILINE)
    assert "to pass" in done.output
    for form in ("text", "markdown", "sarif"):
        assert KEY not in run(repo, "HEAD~1", "--format", form).output
    assert KEY not in done.output
    low = run(repo, "HEAD~1", "--explain", "./docs/a.md")
    assert re.search(r"proven +by \S+", low.output)
    other = run(repo, "HEAD~1", "--explain", "b.py")
    assert other.exit_code == 3
    assert "the change touches `a.py`, `docs/a.md`" in other.output


def test_a_line_with_a_secret_that_no_sensor_named_is_masked_too(repo: Path) -> None:
    from magistrate.entrypoints.cli.assess_explain import Sides, explanation
    from magistrate.entrypoints.cli.assess_words import Report
    from magistrate.usecases.assess import Assessed

    why = f"line 1: `password = '{KEY}'` does not begin like prose"
    proof = {"rule": "python-comments/1", "status": "refuted", "why": why, "witness": {}}
    file = {"path": "a", "class": "unknown", "proof": proof, "tried": [{**proof, "class": "comments"}]}
    verdict = {"files": [file], "sensitivities": [], "denials": [], "strictness": "two", "digest": "d", "assessor": "a"}
    report = Report(found=Assessed(verdict=verdict, evidence=()), revisions=("a", "b"))
    said = explanation(report, "a", Sides(before=b"", after=f"password = '{KEY}'\n".encode()))
    assert KEY not in said
    assert "[masked]" in said


@pytest.mark.requirement("R26")
def test_what_another_sensor_quotes_of_such_a_line_is_masked_too() -> None:
    from magistrate.entrypoints.cli.assess_words import merged

    def hit(kind: str, line: int, why: str) -> dict[str, Any]:
        return {"kind": kind, "path": "a", "line": line, "why": why}

    found = merged([hit("secrets", 3, "a key"), hit("network", 3, f"names `{KEY}`"), hit("network", 4, "`actions/a1`")])
    assert found == [(3, "network", "names `[masked]`"), (3, "secrets", "a key"), (4, "network", "`actions/a1`")]


@pytest.mark.requirement("R26")
def test_sarif_holds_by_the_schema_of_its_standard(repo: Path) -> None:
    commit(
        repo,
        {
            "a.py": "import os\n\nprint(os, 1)\n",
            "docs/a.md": "The fox.\n",
            ".github/workflows/ci.yml": WORKFLOW.replace("read", "write"),
            "docs/h.md": "A \u202etrick.\n",
            HOSTILE.replace("/", "_").replace("docs_", "docs/", 1): "x\n",
        },
    )
    run_ = log_of(repo, "HEAD~1")["runs"][0]
    rules = run_["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({rule["id"] for rule in rules})
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"].endswith(".") for rule in rules)
    places = set()
    for result in run_["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] >= 1
        assert place["artifactLocation"]["uriBaseId"] in run_["originalUriBaseIds"]
        assert re.fullmatch(r"[A-Za-z0-9_.~%/-]+", place["artifactLocation"]["uri"])
        assert not re.search(r"(?<!\\)\[|(?<!\{)\{(?!\{)", result["message"]["text"])
        places.add((result["ruleId"][:4], place["artifactLocation"]["uri"], result["level"]))
    assert ("MAG3", "docs/h.md", "error") in places
    assert ("MAG2", ".github/workflows/ci.yml", "warning") in places
    assert ("MAG1", "a.py", "note") in places
    assert not any(uri == "docs/a.md" for _, uri, _ in places), "what is proven low is no result"
    assert run_["columnKind"] == "unicodeCodePoints"
    assert run_["invocations"][0]["executionSuccessful"] is True


def test_a_finding_keeps_its_fingerprint_when_its_line_moves(repo: Path) -> None:
    first = commit(repo, {"b.txt": "password = get()\n"})
    git(repo, "checkout", "-q", "-b", "other", "HEAD~1")
    second = commit(repo, {"b.txt": "\n\n\npassword = get()\n"})
    prints = []
    for sha in (first, second):
        results = log_of(repo, f"{sha}^", sha)["runs"][0]["results"]
        prints.append({r["partialFingerprints"]["magistrateFinding/v1"] for r in results if r["ruleId"][3] == "2"})
    assert prints[0] == prints[1] != set()


def test_every_class_has_a_number_that_stays() -> None:
    from magistrate.domain.impact import ChangeClass
    from magistrate.entrypoints.cli.assess_sarif import CLASSES

    assert set(map(str, ChangeClass)) <= set(CLASSES), "give a new class its number at the end of CLASSES"
    assert CLASSES[10] == "unknown"
    assert CLASSES.index("gate") == 22


def rendered_text(markdown: str) -> str:
    """What GitHub would look at for mentions, references and links: all text outside code."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    seen = []
    for block in parser.parse(markdown):
        for token in block.children or [block]:
            assert token.type not in {"link_open", "image", "html_inline"} or token.content in {"<sub>", "</sub>"}, (
                token
            )
            if token.type == "html_block":
                assert re.fullmatch(
                    r"(?:<!-- magistrate assess -->|</?details>(?:<summary>[\w ,]+</summary>)?)\s*", token.content
                )
            if token.type == "text":
                seen.append(token.content)
    return "\n".join(seen)


@pytest.mark.requirement("R26")
def test_markdown_of_a_hostile_repository_stays_words(repo: Path) -> None:
    path = HOSTILE.replace("/", "_").replace("docs_", "docs/", 1)
    commit(repo, {path: "x\n", "a.py": "# see http://evil.example @all `x` ![y](z)\nimport os\n\nprint(os)\n"})
    out = run(repo, "HEAD~1", "--format", "markdown").output
    assert not re.search(r"[@#\[\]<>`|]|://|www\.", rendered_text(out).replace("more |", ""))
    assert "@evil" in out, "it is shown, as code"
    table = [line for line in out.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in table} == {4}


def test_an_answer_can_be_saved_in_several_forms_at_once(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"docs/a.md": "The fox.\n"})
    paths = [tmp_path / f"a{ending}" for ending in (".json", ".sarif", ".md", ".txt")]
    done = run(repo, "HEAD~1", "--quiet", *[word for path in paths for word in ("--save", str(path))])
    assert (done.exit_code, done.output) == (0, "")
    assert json.loads(paths[0].read_text())["auto_eligible"] is True
    assert json.loads(paths[1].read_text())["version"] == "2.1.0"
    assert paths[2].read_text().startswith("<!-- magistrate assess -->")
    assert run(repo, "HEAD~1", "--save", str(tmp_path / "a.html")).exit_code == 2
    assert run(repo, "HEAD~1", "--explain", "docs/a.md", "--format", "json").exit_code == 2


def test_exit_statuses_for_ci(repo: Path) -> None:
    commit(repo, {"docs/a.md": "The fox.\n"})
    assert run(repo, "HEAD~1", "--fail-on", "one", "-q").exit_code == 0
    commit(repo, {"a.py": "import os\n\nprint(os, 1)\n"})
    assert run(repo, "HEAD~1", "-q").exit_code == 0
    assert run(repo, "HEAD~1", "--fail-on", "one", "-q").exit_code == 1
    assert run(repo, "HEAD~1", "--fail-on", "two", "-q").exit_code == 0
    commit(repo, {".github/workflows/ci.yml": WORKFLOW.replace("read", "write")})
    assert run(repo, "HEAD~1", "--fail-on", "two", "-q").exit_code == 1
    assert run(repo, "HEAD~1", "--fail-on", "deny", "-q").exit_code == 0
    commit(repo, {"docs/a.md": "The \u202efox.\n"})
    assert run(repo, "HEAD~1", "--fail-on", "deny", "-q").exit_code == 1


def test_from_the_common_ancestor_only_what_the_branch_did_is_judged(repo: Path) -> None:
    git(repo, "checkout", "-q", "-b", "topic")
    commit(repo, {"docs/a.md": "The fox.\n"})
    git(repo, "checkout", "-q", "main")
    commit(repo, {"a.py": "import os\n\nprint(os, 1)\n"})
    assert "a.py" in run(repo, "main", "topic").output
    own = run(repo, "main", "topic", "--merge-base", "--fail-on", "one")
    assert (own.exit_code, "a.py" in own.output) == (0, False)
    git(repo, "checkout", "-q", "--orphan", "alone")
    write(repo, {"a.py": "1\n"})
    git(repo, "commit", "-q", "-m", "alone")
    apart = run(repo, "main", "alone", "--merge-base")
    assert apart.exit_code == 3
    assert "no commit in common" in apart.output
