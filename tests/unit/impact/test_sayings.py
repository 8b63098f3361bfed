"""A page and a test show examples of everything: there the changed lines must say the role themselves."""

from __future__ import annotations

import pytest

from magistrate.domain.impact import FileChange
from magistrate.impact.assess import SENSORS
from magistrate.impact.base import BaseTree, ChangedFile

DOCKERFILE = "FROM python:3.12\nRUN make\n"
WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: x\n"
SAMPLE = {
    "containers": DOCKERFILE,
    "ci_cd": WORKFLOW,
    "infrastructure": 'resource "a" "b" {\n}\n',
    "build": "cmake_minimum_required(VERSION 3)\n",
    "migration": "class CreateA < ActiveRecord::Migration\n",
    "gate": "pull_request_rules:\n",
    "release": "goreleaser\nbuilds:\n",
}
TEXT = "A tool.\n\n"


def says(name: str, path: str, before: str, after: str) -> bool:
    sensor = next(one for one in SENSORS if one.name == name)
    change = FileChange(path=path, before=before.encode(), after=after.encode())
    return next(iter(sensor.sense(ChangedFile(change=change), BaseTree())), None) is not None


@pytest.mark.requirement("R24")
@pytest.mark.parametrize("name", sorted(SAMPLE))
@pytest.mark.parametrize("path", ["README.md", "docs/a.rst", "tests/unit/a.py", "src/a_test.go", "web/a.spec.ts"])
def test_an_example_elsewhere_in_a_page_or_a_test_is_no_role(name: str, path: str) -> None:
    assert not says(name, path, TEXT + SAMPLE[name] + "teh end\n", TEXT + SAMPLE[name] + "the end\n")
    assert says(name, path, TEXT, TEXT + SAMPLE[name])


@pytest.mark.requirement("R24")
@pytest.mark.parametrize("name", sorted(SAMPLE))
@pytest.mark.parametrize(
    "path", ["zz/notes", "ops/a.yaml", "tests/run.yml", "tests/Thing", "tests/conftest.py", "docs/a.html"]
)
def test_elsewhere_any_line_gives_the_role(name: str, path: str) -> None:
    assert says(name, path, TEXT + SAMPLE[name] + "teh end\n", TEXT + SAMPLE[name] + "the end\n")


@pytest.mark.requirement("R24")
def test_front_matter_of_a_page_still_counts() -> None:
    front = "---\non: issues\njobs:\n  a: b\n---\n"
    assert says("ci_cd", "flows/a.md", front + "Do teh work.\n", front + "Do the work.\n")


@pytest.mark.requirement("R24")
def test_yaml_that_begins_with_dashes_is_no_front_matter() -> None:
    tasks = "---\n- name: a\n  mode: '0640'\n"
    assert not says("agent_instructions", "tasks/a.yml", tasks, tasks + "  when: b\n")
    rule = "---\ndescription: a\n---\n"
    assert says("agent_instructions", "x/a.txt", rule, rule + "Be brief.\n")


@pytest.mark.requirement("R24")
def test_a_test_about_migrations_is_none() -> None:
    old = "<?php\nclass DatabaseMigrationCreatorTest\n{\n"
    assert not says("migration", "spec.php", old, old + "// b\n")
    assert says("migration", "spec.php", "<?php\nclass AddMigration\n{\n", "<?php\nclass AddMigration\n{\n// b\n")


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("name", "line"), [("build", "os.system('x')"), ("release", "npm publish"), ("suppressions", "it.skip('a')")]
)
def test_words_of_pages_and_comments_run_nothing(name: str, line: str) -> None:
    assert not says(name, "a.md", "", line + "\n")
    assert not says(name, "a.x", "", f"// {line}\n")
    assert says(name, "a.x", "", line + "\n")
