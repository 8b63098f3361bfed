"""What the corpus cannot say of data formats: names, sensors beside a proof, and texts made to hurt."""

from __future__ import annotations

import contextlib
import time

import pytest

from magistrate.domain.impact import LOW, ChangeClass, FileChange, Impact, ProofStatus
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case
from magistrate.impact.languages.known import LANGUAGES
from magistrate.impact.languages.reading import UnreadableError

WORKFLOW = (
    "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: make  # in rows\n",
    "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make # in rows\n",
)


def judged(path: str, before: str, after: str, **files: str) -> Impact:
    change = FileChange(path=path, before=before.encode(), after=after.encode())
    return assess(Case(id="", steps=((change,),), base=BaseTree(files=files, known=True)))


def readers(name: str) -> list[str]:
    return [one.name for one in LANGUAGES if one.reads(name)]


@pytest.mark.requirement("R24", "R26")
@pytest.mark.parametrize("path", [".github/workflows/ci.yml", "odd/place.yaml"])
def test_the_layout_of_a_workflow_is_proven_and_still_sensitive(path: str) -> None:
    impact = judged(path, *WORKFLOW)
    assert impact.files[0].proof.status is ProofStatus.PROVEN
    assert impact.files[0].change_class is ChangeClass.FORMATTING
    assert ChangeClass.CI_CD in {found.kind for found in impact.sensitivities}
    assert not impact.auto_eligible


@pytest.mark.requirement("R17")
def test_layout_of_plain_settings_is_low() -> None:
    assert judged("app/a.yaml", "a:\n- b\n", "a:\n  - b\n").auto_eligible
    assert judged("app/a.json", '{\n"a": 1\n}\n', '{\n  "a": 1\n}\n').auto_eligible
    assert judged("app/a.toml", "a=1\n", "a = 1\n").auto_eligible


@pytest.mark.requirement("R17")
@pytest.mark.parametrize(
    "reader",
    [
        "sed -n 2p app/a.yaml\n",
        "x:\n\tgrep -q '^- b' \\\n\t\tapp/a.yaml\n",
        "run: awk 1 < ./app/a.yaml\n",
        "rows = open('app/a.yaml').readlines()\n",
    ],
)
def test_what_a_script_reads_line_by_line_is_no_formatting(reader: str) -> None:
    before, after = "a:\n- b\n", "a:\n  - b\n"
    impact = judged("app/a.yaml", before, after, **{"scripts/check": reader})
    assert impact.files[0].change_class not in LOW
    assert (
        "reads a file of this name line by line" in impact.files[0].proof.why or "may read" in impact.files[0].proof.why
    )
    assert judged("app/a.yaml", before, after, **{"scripts/check": "sed x ba.yaml\n# load app/a.yaml\n"}).auto_eligible


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.json", ["json"]), ("a.jsonc", ["jsonc"]), ("tsconfig.build.json", ["jsonc"]), (".eslintrc.json", ["jsonc"]),
        ("settings.json", []), ("package-lock.json", []), ("packages.lock.json", []), ("a.toml", ["toml"]),
        ("a.yaml", ["yaml"]), ("a.yml", ["yaml"]), ("a.yaml.j2", []), ("a.j2.yaml", []), ("pnpm-lock.yaml", []),
        ("a.tpl.json", []), ("a.ini", ["ini"]), (".editorconfig", ["ini"]), ("a.properties", ["properties"]),
        (".env", []), ("a.tf", ["hcl"]), (".terraform.lock.hcl", []), ("dockerfile", ["dockerfile"]),
        ("dockerfile.debug", ["dockerfile"]), ("a.dockerfile", ["dockerfile"]), ("dockerfile.py", ["python"]), ("dockerfile.json", ["json"]), ("a.sh", ["shell"]), ("a.zsh", []),
    ],
)  # fmt: skip
def test_a_name_has_at_most_one_reader(name: str, expected: list[str]) -> None:
    assert readers(name) == expected


HOSTILE = {
    "a.json": ["[" * 60_000, '{"a":' * 60_000, '"' + "\\" * 100_000, "[" * 150 + "]" * 150 + "," * 9_000],
    "a.jsonc": ["//" * 50_000, "/*" * 50_000, "/" + "*" * 100_000, "{\n" + "// x\n" * 60_000 + "}"],
    "a.toml": [
        "a = " + "[" * 60_000,
        'a = """' + '"' * 50_000,
        "[" * 60_000,
        ("a." * 4_000 + "a = 1\n") * 20,
        "#\n" * 60_000,
        "a = 1 # x\n" * 9_000,
    ],
    "a.yaml": [
        "[" * 60_000,
        "{" * 60_000,
        "- " * 30_000,
        "? " * 30_000,
        "&a " * 20_000,
        "a: " + "b " * 30_000,
        "!" * 60_000,
    ],
    "a.ini": ["[" * 90_000, "a" * 90_000, "a = 1\n " * 20_000, "#\n" * 40_000, "a = 1\n" + "# x\n\n" * 40_000],
    "a.tf": ['"' * 90_001, '"${' * 20_000, "/" * 90_000, "$" * 90_000],
    "dockerfile": ["RUN \\\n" * 20_000, "#" * 90_000, "`" * 90_000],
    "a.sh": [
        '"$(' * 20_000,
        "$(" * 40_000,
        "'" * 90_001,
        " #" * 40_000,
        "((" * 40_000,
        "\\" * 90_000,
        '"$(a "b' * 9_000,
    ],
}


@pytest.mark.requirement("R25")
@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in HOSTILE.items() for text in texts], ids=lambda x: x[:9]
)
def test_a_text_made_to_hurt_costs_its_own_verdict_and_little_time(name: str, text: str) -> None:
    language = next(one for one in LANGUAGES if one.reads(name))
    started = time.process_time()
    with contextlib.suppress(UnreadableError):
        language.read(text.encode())
    assert time.process_time() - started < 3
