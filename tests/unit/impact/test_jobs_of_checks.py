"""Which jobs of a base may run tests with something at hand: told job by job, what is not read counts (R20)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.impact.base import BaseTree
from magistrate.impact.testing.workflows import why_not_secretless

pytestmark = pytest.mark.requirement("R20")

TESTS = """on: [push, pull_request]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: tox
"""
FLIT = '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
RELEASE = """on:
  push:
    tags: ['*']
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: astral-sh/setup-uv@v8
        with:
          enable-cache: false
      - uses: actions/setup-python@v6
        with:
          python-version: '3.13'
      - run: echo "SOURCE_DATE_EPOCH=$(git log -1 --pretty=%ct)" >> $GITHUB_ENV
      - run: uv build
      - uses: actions/upload-artifact@v5
        with:
          name: dist
          path: dist/
  publish:
    needs: [build]
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      id-token: write
      contents: write
    steps:
      - uses: actions/download-artifact@v5
        with:
          name: dist
          path: dist/
      - run: gh release create --draft --repo ${GITHUB_REPOSITORY} ${GITHUB_REF_NAME} dist/*
        env:
          GH_TOKEN: ${{ github.token }}
      - uses: pypa/gh-action-pypi-publish@release/v1
"""
LABELS = """on: pull_request_target
permissions:
  pull-requests: write
jobs:
  label:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/labeler@v5
        with:
          repo-token: ${{ secrets.LABELS }}
"""
QUESTIONS = """on: issues
permissions: {}
jobs:
  close:
    permissions:
      issues: write
    runs-on: ubuntu-latest
    steps:
      - env:
          ISSUE_URL: ${{ github.event.issue.html_url }}
          GH_TOKEN: ${{ github.token }}
        run: |
          gh issue close $ISSUE_URL \\
            --comment "As described, we won't answer; please ask elsewhere" \\
            --reason "not planned"
          gh issue lock $ISSUE_URL --reason off_topic
"""
CODEQL = """on: push
permissions:
  contents: read
jobs:
  analyze:
    permissions:
      security-events: write
    runs-on: ubuntu-latest
    strategy:
      matrix:
        language: [python]
    steps:
      - uses: actions/checkout@v4
      - run: git checkout HEAD^2
        if: ${{ github.event_name == 'pull_request' }}
      - uses: github/codeql-action/init@v4
        with:
          languages: ${{ matrix.language }}
      - uses: github/codeql-action/autobuild@v4
      - uses: github/codeql-action/analyze@v4
"""
CALLS = TESTS + "  more:\n    uses: ./.github/workflows/b.yml\n"
CALLED = TESTS.replace("on: [push, pull_request]", "on: workflow_call")


def said(*texts: str, **more: str) -> str | None:
    files = {f".github/workflows/{chr(97 + at)}.yml": text for at, text in enumerate(texts)}
    return why_not_secretless(BaseTree(files={"pyproject.toml": FLIT, **files, **more}, known=True))


@pytest.mark.parametrize(
    "texts",
    [
        (TESTS, RELEASE),
        (TESTS, LABELS),
        (TESTS, QUESTIONS),
        (TESTS, CODEQL),
        (CALLS, CALLED),
        (TESTS, RELEASE.replace("uv build", "python -m pip install build==1.4.0\n      - run: python -m build")),
        (TESTS, RELEASE.replace("uv build", "pip install -U flit==3.9 wheel[all]\n      - run: flit build")),
        (TESTS.replace("ubuntu-latest", "${{ matrix.os || 'ubuntu-latest' }}\n    strategy:\n      matrix:\n        include:\n          - {os: macOS-latest}\n          - {py: '3'}"), RELEASE),
        (TESTS.replace("ubuntu-latest", "${{ matrix.config.os }}\n    strategy:\n      matrix:\n        config:\n          - {os: windows-2025}"),),
        (TESTS + "  after:\n    needs: test\n    permissions:\n      issues: write\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/stale@v9\n",),
    ],
)  # fmt: skip
def test_jobs_that_hold_something_and_can_run_no_test_do_not_count(texts: tuple[str, ...]) -> None:
    assert said(*texts) is None


def in_release(old: str, new: str) -> tuple[str, ...]:
    assert old in RELEASE
    return TESTS, RELEASE.replace(old, new, 1)


def in_tests(old: str, new: str) -> tuple[str, ...]:
    assert old in TESTS
    return (TESTS.replace(old, new, 1), RELEASE)


FIRST = "      - uses: actions/download-artifact@v5"
AFTER = "  late:\n    runs-on: ubuntu-latest\n"
REFUTED = {
    "secret in the environment of the workflow": in_tests("jobs:", "env:\n  T: ${{ secrets.T }}\njobs:"),
    "secret in the environment of the job": in_tests("    steps:", "    env:\n      T: ${{ secrets.T }}\n    steps:"),
    "secret in the environment of a step": in_tests("run: tox", "run: tox\n        env:\n          T: ${{ secrets['T'] }}"),
    "secret given to an action": in_tests("@v4", "@v4\n        with:\n          token: ${{ secrets.PAT }}"),
    "all of the context": in_tests("run: tox", "run: echo ${{ join(github.*, ',') }} && tox"),
    "the context as text": in_tests("run: tox", "run: tox\n        env:\n          T: ${{ toJSON( GitHub ) }}"),
    "token by index": in_tests("run: tox", "run: tox\n        env:\n          T: ${{ github['token'] }}"),
    "secret behind a condition": in_tests("run: tox", "run: tox\n        if: ${{ secrets.T != '' }}"),
    "secret in a matrix": in_tests("    steps:", "    strategy:\n      matrix:\n        t: ['${{ secrets.T }}']\n    steps:"),
    "secret of a service": in_tests("    steps:", "    services:\n      db:\n        image: postgres\n        env: {P: '${{ secrets.P }}'}\n    steps:"),
    "password of a service": in_tests("    steps:", "    services:\n      db:\n        image: postgres\n        credentials: {username: a, password: b}\n    steps:"),
    "image with credentials": in_tests("    steps:", "    container:\n      image: acme/a\n      credentials: {username: a, password: b}\n    steps:"),
    "environment of a test job": in_tests("    steps:", "    environment: staging\n    steps:"),
    "environment from a matrix": in_tests("    steps:", "    environment: ${{ matrix.e }}\n    steps:"),
    "identity token": in_tests("contents: read", "contents: read\n  id-token: write"),
    "token that may write": in_tests("contents: read", "contents: write"),
    "token of the default": in_tests("permissions:\n  contents: read\n", ""),
    "token that reads all, alerts too": in_tests("permissions:\n  contents: read\n", "permissions: read-all\n"),
    "alerts": in_tests("contents: read", "contents: read\n  security-events: read"),
    "private packages": in_tests("contents: read", "packages: read"),
    "machine of one's own": in_tests("ubuntu-latest", "[self-hosted, linux]"),
    "machine from an unknown matrix": in_tests("ubuntu-latest", "${{ matrix.os }}\n    strategy:\n      matrix: ${{ fromJSON(inputs.m) }}"),
    "machine of one's own in the matrix": in_tests("ubuntu-latest", "${{ matrix.c.os || 'big' }}\n    strategy:\n      matrix:\n        c: [{os: ubuntu-latest}]"),
    "machine of one's own included": in_tests("ubuntu-latest", "${{ matrix.os }}\n    strategy:\n      matrix:\n        os: [ubuntu-latest]\n        include: [{os: runner-7}]"),
    "trigger with secrets": in_tests("[push, pull_request]", "[push, pull_request_target]"),
    "trigger after other runs": in_tests("[push, pull_request]", "{workflow_run: {workflows: [x]}}"),
    "secrets inherited": (TESTS, "on: push\npermissions: {}\njobs:\n  t:\n    uses: ./.github/workflows/a.yml\n    secrets: inherit\n"),
    "secrets handed on": (TESTS, "on: push\npermissions: {}\njobs:\n  t:\n    uses: ./.github/workflows/a.yml\n    secrets:\n      T: ${{ secrets.T }}\n"),
    "secret handed on as an input": (TESTS, "on: push\npermissions: {}\njobs:\n  t:\n    uses: ./.github/workflows/a.yml\n    with:\n      t: ${{ secrets.T }}\n"),
    "workflow of others": (TESTS, "on: push\npermissions: {}\njobs:\n  t:\n    uses: acme/a/.github/workflows/a.yml@v1\n"),
    "workflow that is not there": (TESTS, "on: push\npermissions: {}\njobs:\n  t:\n    uses: ./.github/workflows/none.yml\n"),
    "called workflow with the token of its caller": (CALLS, CALLED.replace("permissions:\n  contents: read\n", "")),
    "called workflow with an environment": (CALLS, CALLED.replace("    steps:", "    environment: live\n    steps:")),
    "called release that takes artifacts of its caller": (TESTS + "  r:\n    uses: ./.github/workflows/b.yml\n", RELEASE.replace("on:\n", "on:\n  workflow_call:\n", 1)),
    "token as an input": in_tests("run: tox", "run: tox\n        env:\n          T: ${{ inputs.deploy_token }}"),
    "tests in the release": in_release("run: uv build", "run: uv build && tox"),
    "tests in the job that publishes": in_release(FIRST, "      - uses: actions/checkout@v4\n      - run: pytest\n" + FIRST),
    "tests behind a program": in_release(FIRST, "      - run: make check\n" + FIRST),
    "tests behind a shell": in_release(FIRST, "      - run: bash -c 'pytest'\n" + FIRST),
    "tests behind a quoted command": in_release(FIRST, "      - run: '\"py\"test'\n" + FIRST),
    "tests behind a variable": in_release(FIRST, "      - run: $RUN\n" + FIRST),
    "tests behind a substitution": in_release(FIRST, '      - run: echo "$(echo "x" ; pytest "y")"\n' + FIRST),
    "tests behind a backtick": in_release(FIRST, "      - run: echo `pytest`\n" + FIRST),
    "tests behind a pipe": in_release(FIRST, "      - run: echo pytest | sh\n" + FIRST),
    "tests behind a quote of a comment": in_release(FIRST, "      - run: |\n          echo a # '\n          pytest\n          echo b # '\n" + FIRST),
    "tests behind a document": in_release(FIRST, "      - run: |\n          cat <<X\n          $(pytest)\n          X\n" + FIRST),
    "tests as a step of Python": in_release(FIRST, "      - run: echo\n        shell: python\n" + FIRST),
    "tests by a shell of the workflow": in_release("permissions: {}", "permissions: {}\ndefaults:\n  run:\n    shell: python"),
    "tests by a start file": in_release(FIRST, "      - run: echo\n        env:\n          BASH_ENV: tests/run.sh\n" + FIRST),
    "tests by a start file of the job": in_release("    environment: pypi", "    environment: pypi\n    env:\n      PYTHONPATH: tests"),
    "tests by a start file for later steps": in_release(FIRST, '      - run: echo "BASH_ENV=tests/run.sh" >> $GITHUB_ENV\n' + FIRST),
    "tests by a hook of git": in_release(FIRST, "      - run: echo pytest > .git/hooks/pre-push\n" + FIRST),
    "tests by a setting of git": in_release(FIRST, "      - run: git config core.hooksPath tests\n" + FIRST),
    "tests in an action of the repository": in_release(FIRST, "      - uses: ./.github/actions/check\n" + FIRST),
    "tests in an image": in_release(FIRST, "      - uses: docker://acme/tests\n" + FIRST),
    "action that nobody knows": in_release(FIRST, "      - uses: acme/publish@v1\n" + FIRST),
    "script of an action": in_release(FIRST, "      - uses: actions/github-script@v7\n        with:\n          script: exec('pytest')\n" + FIRST),
    "package of a folder, quoted": in_release(FIRST, '      - run: pip install "."\n' + FIRST),
    "package of a folder by its path": in_release(FIRST, "      - run: pip install tests/all\n" + FIRST),
    "package in place": in_release(FIRST, "      - run: pip install -e build\n" + FIRST),
    "packages that a file lists": in_release(FIRST, "      - run: pip install -r build\n" + FIRST),
    "package from an address": in_release(FIRST, "      - run: pip install git+https://example.org/a\n" + FIRST),
    "package from another index": in_release(FIRST, "      - run: pip install --index-url build build\n" + FIRST),
    "package of the repository installed": in_release(FIRST, "      - run: pip install .\n" + FIRST),
    "release in an image": in_release("    environment: pypi", "    environment: pypi\n    container: acme/a"),
    "cache restored where it is published": in_release(FIRST, "      - uses: actions/cache@v4\n        with: {path: a, key: b}\n" + FIRST),
    "cache of pip where it is built": in_release("python-version: '3.13'", "python-version: '3.13'\n          cache: pip"),
    "cache of uv where it is built": in_release("enable-cache: false", "enable-cache: true"),
    "cache of uv by default": in_release("        with:\n          enable-cache: false\n", ""),
    "artifact of another run": in_release("name: dist\n          path: dist/\n      - run", "name: dist\n          run-id: 1\n      - run"),
    "artifact of a job that runs tests": (TESTS, RELEASE + AFTER + "    steps:\n      - run: tox\n"),
    "release after a run of tests": (TESTS, RELEASE.replace("on:\n  push:\n    tags: ['*']", "on:\n  workflow_run:\n    workflows: [x]").replace(FIRST, "      - uses: acme/fetch@v1\n" + FIRST)),
    "result of a job that runs tests": (TESTS + '    outputs:\n      v: x\n  say:\n    needs: test\n    permissions: {issues: write}\n    runs-on: ubuntu-latest\n    steps:\n      - run: gh issue comment 1 --body "$V"\n        env:\n          V: ${{ needs.test.outputs.v }}\n',),
    "result of a job with a secret": (TESTS.replace("run: tox", "run: tox ${{ needs.k.outputs.k }}") + "  k:\n    runs-on: ubuntu-latest\n    outputs:\n      k: ${{ secrets.K }}\n    steps:\n      - run: echo\n",),
    "result in a command": in_release("run: gh release create", "run: gh release create ${{ needs.build.outputs.x }}"),
    "analysis that builds": (TESTS, CODEQL.replace("[python]", "[python, java]")),
    "analysis of what is found": (TESTS, CODEQL.replace("        with:\n          languages: ${{ matrix.language }}\n", "")),
    "key that nobody knows": in_tests("    steps:", "    Permissions: write-all\n    steps:"),
    "key of a step that nobody knows": in_release(FIRST, "      - run: echo\n        working-directory: x\n" + FIRST),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUTED)
def test_a_job_that_may_run_tests_with_something_at_hand_is_told(name: str) -> None:
    assert said(*REFUTED[name]) is not None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("setup.py", "import subprocess\nsubprocess.run(['pytest'])\n"),
        ("setup.py", "from setuptools import setup\nsetup(cmdclass={})\n"),
        ("setup.py", "from tests.all import run\nrun()\n"),
        ("setup.cfg", "[options]\ncmdclass = a = b\n"),
        ("pyproject.toml", '[build-system]\nbuild-backend = "ours"\nbackend-path = ["."]\n'),
        ("pyproject.toml", '[build-system]\nbuild-backend = "hatchling.build"\n[tool.hatch.build.hooks.custom]\n'),
        ("pyproject.toml", "["),
        ("build.py", "x = 1\n"),
    ],
)
def test_a_package_that_is_built_with_programs_of_the_repository_may_run_tests(path: str, text: str) -> None:
    for tool in ("uv build", "python -m build", "poetry build", "flit build"):
        if path == "build.py" and tool != "python -m build":
            continue
        builds = RELEASE.replace("uv build", tool)
        assert said(TESTS, builds) is None
        assert said(TESTS, builds, **{path: text}) is not None


@given(st.sampled_from(sorted(REFUTED)), st.lists(st.sampled_from([LABELS, QUESTIONS, CODEQL, RELEASE]), max_size=3))
def test_no_other_workflow_makes_a_refuted_one_pass(name: str, others: list[str]) -> None:
    assert said(*REFUTED[name], *others) is not None
