"""Which secrets a change touches, who uses them and what they open (R36)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.domain.impact import BlastRadius, FileChange, SecretReach
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.measures.secret_reach import secret_reach, widened
from magistrate.impact.reach.consumers import MAX_TEXT

MAP = "reach:\n  environments: {production: ['**']}\n  secrets: {DEPLOY_TOKEN: [registry, cluster]}\n"
JOB = "on: push\njobs:\n  ship:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./ship\n      env:\n        KEY: ${{ secrets.%s }}\n"
POD = "env:\n- name: DB\n  valueFrom:\n    secretKeyRef:\n      name: %s\n      key: %s\n"


def touched(before: str, after: str, path: str, **tree: str) -> tuple[SecretReach, ...]:
    files = {path: before, **{name.replace("__", "/") + ".yml": text for name, text in tree.items()}}
    change = FileChange(path=path, before=before.encode(), after=after.encode())
    return secret_reach((), [[ChangedFile(change=change)]], BaseTree(files=files, known=True))


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("path", "before", "after", "names"),
    [
        (".github/workflows/a.yml", JOB % "A_ONE", JOB % "B_TWO", {"A_ONE", "B_TWO"}),
        (".github/workflows/a.yml", "on: push\n", JOB % "A_ONE", {"A_ONE"}),
        (".github/workflows/a.yml", "a: 1\n", "secrets: inherit\n", {"*"}),
        (".github/workflows/a.yml", "a: 1\n", "a: ${{ toJSON(secrets) }}\n", {"*"}),
        ("pod.yaml", POD % ("db", "user"), POD % ("db", "admin"), {"db"}),
        ("pod.yaml", POD % ("db", "user"), POD % ("root", "user"), {"db", "root"}),
        ("pod.yaml", "a: 1\n", "envFrom:\n- secretRef: {name: all-of-it}\n", {"all-of-it"}),
        ("pod.yaml", "a: 1\n", "volumes:\n- secret:\n    secretName: tls\n", {"tls"}),
        ("compose.yaml", "a: 1\n", "secrets: [one, two]\n", {"one", "two"}),
        ("main.tf", "", 'resource "random_password" "db" {\n  length = 4\n}\n', {"random_password.db"}),
        ("main.tf", 'resource "aws_db_instance" "m" {\n}\n', 'resource "aws_db_instance" "m" {\n  password = "x"\n}\n', {"aws_db_instance.m.password"}),
        (".gitlab-ci.yml", "a: 1\n", "script: [push $DEPLOY_TOKEN]\n", {"DEPLOY_TOKEN"}),
        ("a.py", "", "import os\nx = os.environ['API_TOKEN']\n", {"API_TOKEN"}),
        ("a.py", "", "import os\nx = os.environ[name]\n", {"*"}),
        ("a.ts", "", "const x = process.env.API_TOKEN;\n", {"API_TOKEN"}),
        ("a.py", "x = 1\n", "x = 2\n", set()),
        ("a.py", "", "import os\nx = os.environ['HOME']\n", set()),
        ("a.py", "x = os.environ['API_TOKEN']\n", "y = 1\nx = os.environ['API_TOKEN']\n", set()),
        ("a.py", "", "token = 3\n", set()),
        ("a.yml", "replicas: 1\n", "replicas: 2\n", set()),
        (".github/workflows/a.yml", JOB % "A_ONE", "# said\n" + JOB % "A_ONE", set()),
        ("pod.yaml", POD % ("db", "user"), "replicas: 2\n" + POD % ("db", "user"), set()),
        ("a.md", "", "secrets.A_ONE\n", set()),
        ("main.tf", "", 'resource "aws_s3_bucket" "b" {\n}\n', set()),
        (".gitlab-ci.yml", "a: 1\n", "script: [push $PWD $CI_COMMIT_SHA]\n", set()),
        ("a.ts", "", "const x = process.env.NODE_ENV;\n", set()),
        ("a.py", "", "x = 'a' * 5\n", set()),
        ("a.yml", "a: 1\n", "secretly: fine\n", set()),
        ("a.go", "", 'x := os.Getenv("HOST")\n', set()),
        ("a.sh", "", "cp $HOME/a $TMPDIR\n", set()),
    ],
)  # fmt: skip
def test_which_secrets_are_touched(path: str, before: str, after: str, names: set[str]) -> None:
    assert {one.name for one in touched(before, after, path)} >= names
    assert bool(names) is bool(touched(before, after, path))


@pytest.mark.requirement("R36")
def test_what_is_declared_is_opened_and_each_user_is_listed() -> None:
    settings = {".magistrate.yml": MAP, ".github/workflows/b.yml": JOB % "DEPLOY_TOKEN"}
    change = FileChange(path="a.py", before=b"", after=b"import os\nx = os.environ['DEPLOY_TOKEN']\n")
    (row,) = secret_reach((), [[ChangedFile(change=change)]], BaseTree(files=settings, known=True))
    assert row.opens == ("cluster", "registry")
    assert row.consumers == ("a.py", "gha:.github/workflows/b.yml#ship")


@pytest.mark.requirement("R36")
def test_without_a_map_or_without_the_repository_nobody_knows_what_it_opens() -> None:
    change = ChangedFile(change=FileChange(path="a.py", before=b"", after=b"x = os.environ['DEPLOY_TOKEN']\n"))
    for base in (BaseTree(files={}, known=True), BaseTree()):
        (row,) = secret_reach((), [[change]], base)
        assert row.opens == ("unknown",)
        assert ("unknown" in row.consumers) is not base.known
        assert not widened(BlastRadius(files=1, dependents=0, complete=True), [row]).complete


@pytest.mark.requirement("R36")
def test_what_a_secret_opens_is_in_the_radius() -> None:
    row = SecretReach(name="A", path="a", line=1, consumers=(), opens=("cluster", "registry"))
    found = widened(BlastRadius(files=1, dependents=0, services=("own",), complete=True), [row])
    assert (found.services, found.complete) == (("cluster", "own", "registry"), True)


@pytest.mark.requirement("R36")
def test_a_text_that_is_too_large_may_touch_any_secret() -> None:
    (row,) = touched("", "x" * (MAX_TEXT + 1), "a.js")
    assert (row.name, row.opens) == ("*", ("unknown",))


@pytest.mark.requirement("R36")
@given(st.lists(st.sampled_from(["api", "job", "web"]), unique=True), st.sampled_from(["api", "new", "unknown"]))
def test_more_that_a_secret_opens_never_shrinks_the_radius(opens: list[str], more: str) -> None:
    start = BlastRadius(files=1, dependents=2, services=("own",), complete=True)
    row = SecretReach(name="A", path="a", line=1, consumers=(), opens=tuple(opens))
    wider = SecretReach(name="A", path="a", line=1, consumers=("x",), opens=(*opens, more))
    one, two = widened(start, [row]), widened(start, [wider])
    assert set(one.services) <= set(two.services)
    assert one.complete >= two.complete
    assert two.complete is (more != "unknown")


@pytest.mark.requirement("R36")
@given(st.integers(0, 6), st.integers(0, 6))
def test_more_users_are_never_fewer(few: int, more: int) -> None:
    def users(number: int) -> set[str]:
        tree = {f"j{n}": "a: ${{ secrets.A_ONE }}\n" for n in range(number)}
        return {one for row in touched("", "x: ${{ secrets.A_ONE }}\n", "z.yml", **tree) for one in row.consumers}

    assert users(few) <= users(few + more)
    assert len(users(few)) == few + 1
