"""Causes that stood in the way of harmless changes of a set nobody had tuned on: each mended shape, and what stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from paths import TESTS

from magistrate.domain.impact import Impact, Strictness
from magistrate.impact.assess import assess
from magistrate.impact.case import parse_case

ATTACKS = [json.loads(line) for line in (TESTS / "corpus/attacks/unseen_causes.jsonl").read_text().splitlines()]
LIST = "# Changes\n\n## 1.2.0\n\n- Rows are sorted.\n\n## 1.1.0\n\n- Columns are read.\n"
ENTRY = LIST.replace("- Rows are sorted.\n", "- Rows are sorted.\n- A wrong count is mended in `tool`.\n")
VERSION = LIST.replace("# Changes\n\n", "# Changes\n\n## Unreleased\n\n- Faster.\n\n")
PAGE = "# Tool\n\nIt sorts rows.\n"
SENTENCE = "# Tool\n\nIt sorts rows and columns.\n"
STEP = "jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"


def found(path: str, before: str, after: str, base: dict[str, str]) -> Impact:
    case: dict[str, Any] = {"id": "c", "files": [{"path": path, "before": before, "after": after}]}
    return assess(parse_case({**case, "context": {"files": {path: before, **base}}}))


def asks(path: str, before: str, after: str, base: dict[str, str]) -> Strictness:
    return found(path, before, after, base).strictness


TAKEN = {
    "package_data": {"setup.py": "setup(name='t', package_data={'t': ['README.md', 'a.1']})\n"},
    "include_files": {"setup.py": "setup(name='t', include_files=['README.md'])\n"},
    "mix": {"mix.exs": 'defp package do\n  [\n    files: ["lib", "README.md"],\n  ]\nend\n'},
    "conan": {"conanfile.py": 'class A(ConanFile):\n    exports_sources = "README.md", "src/*"\n'},
    "gradle": {"a/build.gradle": "task z(type: Zip) {\n    from 'README.md', 'LICENSE'\n}\n"},
    "image": {"Dockerfile": "FROM a\nCOPY pyproject.toml README.md ./\n"},
    "chain": {"ship.sh": "cp README.md dist/ && git add README.md\n"},
    "sed": {"bump.sh": 'sed -i "s/version-[0-9.]*/version-$NEW/g" README.md\n'},
    "sed scripts": {"bump.sh": "sed -i -e 's#v1#v2#' -e 's|a|b|g' README.md docs.md\n"},
    "commit": {"bump.sh": 'git commit -m "New version" README.md\n'},
    "archive": {"pack.sh": "tar czf out.tar.gz bin README.md LICENSE\n"},
    "attached": {
        ".github/workflows/r.yml": f"{STEP}      - uses: softprops/action-gh-release@v2\n        with:\n          files: |\n            README.md\n            LICENSE\n"
    },
    "kept": {
        ".github/workflows/r.yml": f"{STEP}      - uses: actions/upload-artifact@v4\n        with:\n          path: README.md\n"
    },
    "described": {"tasks.js": "module.exports = {\n  description: 'Check the links in README.md',\n}\n"},
    "added": {"tasks.js": "const all = [\n  'tidy && git add -A ./README.md',\n]\n"},
}
READ = {
    "package data that is put together": {"setup.py": "setup(package_data={'t': make('README.md')})\n"},
    "not of setup": {"setup.py": "run(package_data={'t': ['README.md']})\n"},
    "for agents": {"setup.py": "setup(data_files=[('.claude/rules', ['README.md'])])\n"},
    "said and run": {"setup.py": "setup(package_data={'t': ['README.md']}); exec(open('README.md').read())\n"},
    "mode": {"Dockerfile": "FROM a\nCOPY --chmod=755 README.md ./\n"},
    "another name": {"Dockerfile": "FROM a\nCOPY README.md /bin/run\n"},
    "goes on": {"Dockerfile": "FROM a\nRUN sh \\\nCOPY README.md ./\n"},
    "chain that runs": {"ship.sh": "cp README.md dist/ && sh README.md\n"},
    "chain that asks": {"ship.sh": "grep -q fast README.md && ./deploy\n"},
    "chain with a pipe": {"ship.sh": "git add README.md && cat README.md | sh\n"},
    "sed that runs": {"bump.sh": "sed -i 's/a/b/e' README.md\n"},
    "sed that writes": {"bump.sh": "sed -i 's/a/b/w run.sh' README.md\n"},
    "sed that prints": {"bump.sh": "sed -n 's/a/b/p' README.md\n"},
    "sed program": {"bump.sh": "sed -i '1e sh' README.md\n"},
    "unpacked": {"pack.sh": "tar xzf README.md\n"},
    "action that may run": {
        ".github/workflows/r.yml": f"{STEP}      - uses: someone/run-examples@v1\n        with:\n          files: README.md\n"
    },
    "another step": {
        ".github/workflows/r.yml": f"{STEP}      - uses: actions/upload-artifact@v4\n        with:\n          path: x\n      - uses: someone/run@v1\n        with:\n          path: README.md\n"
    },
    "script of an action": {
        ".github/workflows/r.yml": f"{STEP}      - uses: actions/upload-artifact@v4\n        run: |\n          README.md\n"
    },
    "described command": {"tasks.js": "module.exports = {\n  description: 'node README.md and more',\n}\n"},
    "command": {"tasks.js": "const all = [\n  'git add -A . && sh ./README.md',\n]\n"},
    "for whom": {"ship.sh": "cp README.md .claude/ && git add README.md\n"},
}


@pytest.mark.requirement("R19")
@pytest.mark.parametrize("name", TAKEN)
def test_a_page_that_is_only_taken_as_a_file_is_for_one_person(name: str) -> None:
    seen = found("README.md", PAGE, SENTENCE, TAKEN[name])
    assert seen.strictness is Strictness.ONE
    assert next(iter(TAKEN[name])) in seen.files[0].proof.why  # who names it is told


@pytest.mark.requirement("R16", "R19")
@pytest.mark.parametrize("name", READ)
def test_a_page_that_is_used_otherwise_is_for_two(name: str) -> None:
    assert asks("README.md", PAGE, SENTENCE, READ[name]) is Strictness.TWO


GO = 'package main\n\nimport "os"\n\nfunc main() {\n\tb, _ := os.ReadFile("CHANGELOG.md")\n\tos.WriteFile("CHANGELOG.md", b, 0o644)\n}\n'
PYTHON = (
    "import re, fileinput, json\nfrom subprocess import check_call\n\n"
    "def git(*args):\n    check_call(['git'] + list(args))\n\n"
    "notes = ''.join(fileinput.input('CHANGELOG.md'))\ngit('add', 'CHANGELOG.md')\npost(json.dumps({'body': notes}))\n"
)
RELEASES = {
    "go": {"cmd/release/main.go": GO},
    "python": {"support/release.py": PYTHON},
    "javascript": {"scripts/linkify-changelog.js": "const page = require.resolve('../CHANGELOG.md')\nwrite(page)\n"},
    "writer": {"package.json": '{"devDependencies": {"standard-version": "9"}}'},
}
RUN_BY_RELEASES = {
    "evaluated": {"support/release.py": PYTHON + "eval(notes)\n"},
    "shell": {"support/release.py": PYTHON + "check_call(['x', notes], shell=True)\n"},
    "interpreter": {"support/release.py": PYTHON + "check_call(['x', '-c', notes])\n"},
    "a computed program": {"support/release.py": PYTHON + "check_call(notes.splitlines())\n"},
    "handed on": {"support/release.py": PYTHON + "run = check_call\nrun(notes)\n"},
    "unpacked": {"support/release.py": PYTHON + "git(*notes.split())\n"},
    "written as a program": {"support/release.py": PYTHON + "open('src/news.py', 'w').write(notes)\n"},
    "for agents": {"support/release.py": PYTHON + "open('.claude/x.md', 'w').write(notes)\n"},
    "filled in": {"support/release.py": PYTHON + "jinja2.Template(notes).render()\n"},
    "go shell": {"cmd/release/main.go": GO.replace("func main", 'var c = exec.Command("sh", "-c", x)\n\nfunc main')},
    "node": {"scripts/changelog.js": "require('child_process').spawn(fs.readFileSync('CHANGELOG.md'))\n"},
    "shell script": {"scripts/release.sh": "NOTES=$(cat CHANGELOG.md)\n"},
    "the product": {"src/release/changelog.py": PYTHON},
    "no release": {"scripts/serve.py": PYTHON},
    "read by a workflow": {
        ".github/workflows/r.yml": f'{STEP}      - run: echo "$(sed -n 1,3p CHANGELOG.md)" >> notes\n'
    },
}


@pytest.mark.requirement("R19")
@pytest.mark.parametrize("after", [ENTRY, VERSION], ids=["entry", "title"])
@pytest.mark.parametrize("name", RELEASES)
def test_a_list_of_changes_that_a_release_takes_notes_from_is_for_one_person(name: str, after: str) -> None:
    assert asks("CHANGELOG.md", LIST, after, RELEASES[name]) is Strictness.ONE


@pytest.mark.requirement("R16", "R19")
@pytest.mark.parametrize("name", RUN_BY_RELEASES)
def test_a_list_of_changes_that_a_release_may_run_is_for_two(name: str) -> None:
    assert asks("CHANGELOG.md", LIST, ENTRY, RUN_BY_RELEASES[name]) is Strictness.TWO


@pytest.mark.requirement("R16", "R19")
def test_what_a_workflow_releases_by_title_is_for_two_and_an_entry_for_one() -> None:
    base = {"support/release.py": PYTHON, ".github/workflows/r.yml": f"{STEP}      - run: python support/release.py\n"}
    assert asks("CHANGELOG.md", LIST, VERSION, base) is Strictness.TWO
    assert asks("CHANGELOG.md", LIST, ENTRY, base) is Strictness.ONE
    reader = {".github/workflows/r.yml": f"{STEP}      - uses: mindsers/changelog-reader-action@v2\n"}
    assert asks("CHANGELOG.md", LIST, VERSION, reader) is Strictness.TWO
    assert asks("CHANGELOG.md", LIST, ENTRY, reader) is Strictness.ONE


@pytest.mark.requirement("R16", "R19")
def test_a_title_that_may_end_a_text_is_for_two() -> None:
    after = LIST.replace("# Changes\n\n", '# Changes\n\n## 1.3.0"; import os #\n\n- Faster.\n\n')
    assert asks("CHANGELOG.md", LIST, after, RELEASES["python"]) is Strictness.TWO


@pytest.mark.requirement("R19")
@pytest.mark.parametrize(
    "where", ["AUTHORS", "poetry.lock", "package-lock.json", "locale/de.po", ".github/semantic.yml"]
)
def test_a_name_in_a_list_of_people_or_locks_or_a_comment_reads_no_list_of_changes(where: str) -> None:
    said = (
        "# knope and release-please\n"
        if where.endswith(".yml")
        else "Ann Reno <reno@a.example>, knope, release-please\n"
    )
    assert asks("CHANGELOG.md", LIST, VERSION, {where: said}) is Strictness.ONE
    other = where.replace("AUTHORS", "Makefile").replace("poetry.lock", "pyproject.toml").replace("-lock", "")
    if other != where:
        assert asks("CHANGELOG.md", LIST, VERSION, {other: said}) is Strictness.TWO


FENCED = "# Use\n\n```js\nimport a from 'a'\n```\n\nMore.\n"
SHOWN = {
    "import in a fence": ("a.md", FENCED, FENCED.replace("import a from 'a'", "import { b } from 'a'")),
    "a rule": ("a.md", "# A\n\nOne.\n\nTwo.\n", "# A\n\nOne.\n\n---\n\nTwo.\n"),
    "c type": ("a.rst", "A\n=\n\nOne.\n", "A\n=\n\nOne.\n\n.. c:type:: row_t\n\n   A row.\n"),
    "py function": ("a.rst", "A\n=\n\nOne.\n", "A\n=\n\nOne.\n\n.. py:function:: sort(rows)\n\n   Sorts.\n"),
}
ACTS = {
    "import outside of a fence": ("a.md", FENCED, FENCED.replace("More.", "import { b } from 'a'")),
    "after a fence that closes": ("a.md", FENCED, FENCED + "\n```\n```\nexport * from 'a'\n"),
    "in a fence that is none": ("a.md", "# A\n\nOne.\n", "# A\n\n    ```\nimport a from 'a'\n    ```\n\nOne.\n"),
    "a script in a fence": ("a.md", FENCED, FENCED.replace("import a from 'a'", "import a from '<script>'")),
    "front matter": ("a.md", "# A\n\nOne.\n", "---\n\n# A\n\nOne.\n"),
    "automodule": ("a.rst", "A\n=\n\nOne.\n", "A\n=\n\nOne.\n\n.. automodule:: rows\n"),
    "a domain of one's own": ("a.rst", "A\n=\n\nOne.\n", "A\n=\n\nOne.\n\n.. run:type:: row_t\n\n   A row.\n"),
    "c include": ("a.rst", "A\n=\n\nOne.\n", "A\n=\n\nOne.\n\n.. c:include:: row_t\n\n   A row.\n"),
}


@pytest.mark.requirement("R19")
@pytest.mark.parametrize("name", SHOWN)
def test_what_is_only_shown_is_for_one_person(name: str) -> None:
    path, before, after = SHOWN[name]
    assert asks(path, before, after, {"src/a.py": "x = 1\n"}) is Strictness.ONE


@pytest.mark.requirement("R16", "R19")
@pytest.mark.parametrize("name", ACTS)
def test_what_acts_when_a_page_is_published_is_for_two(name: str) -> None:
    path, before, after = ACTS[name]
    assert asks(path, before, after, {"src/a.py": "x = 1\n"}) is Strictness.TWO


AROUND = {
    "a component over lines": "<Card\n  title='A'\n/>\n\n{}\n",
    "an expression over lines": "{[\n  a,\n].length}\n\n{}\n",
    "tabs": "<Tabs>\n\n{}\n\n</Tabs>\n",
    "a module": "import a from 'a'\n\nexport const b = {{\n  c: 1,\n}}\n\n{}\n",
    "a remark": "{/* said to writers */}\n\n{}\n\nMore than > one.\n",
    "code": "{}\n\n```js\nif (a) {\n```\n",
    "a span": "{}\n\nUse `{a` here.\n",
}
HELD = {
    "in an expression": "{[\n\n{}\n\n]}\n",
    "behind a text with a brace": "{['}',\n\n{}\n\n]}\n",
    "behind a remark": "{ /* } */\n\n{}\n\n}\n",
    "in a component": "<Card\n  title='a'\n\n{}\n\n/>\n",
    "in a value with an angle": '<Card title="a >\n\n{}\n\n" />\n',
    "in a module": "export const a = (\n\n{}\n\n)\n",
    "in a text of a module": "export const a = `\n\n{}\n\n`\n",
    "in an argument": "export const a = b(\n\n{}\n\n)\n",
    "open at the end": "{}\n\n{a\n",
    "a brace too many": "{}\n\n}\n",
    "in a fence that is none": "{[\n\n```js\n]}\n\n{}\n\n```\n",
}


def mdx(around: str, said: str) -> str:
    return around.replace("{}\n", f"{said}\n", 1).replace("{{", "{").replace("}}", "}")


@pytest.mark.requirement("R19")
@pytest.mark.parametrize("name", AROUND)
def test_braces_far_from_what_changes_leave_a_page_of_mdx_to_one_person(name: str) -> None:
    before, after = mdx(AROUND[name], "It sorts rows."), mdx(AROUND[name], "It sorts rows and `columns`.")
    assert asks("docs/a.mdx", before, after, {"src/a.py": "x = 1\n"}) is Strictness.ONE


@pytest.mark.requirement("R16", "R19")
@pytest.mark.parametrize("name", HELD)
def test_what_may_stand_in_an_expression_of_mdx_is_for_two(name: str) -> None:
    before, after = mdx(HELD[name], "first"), mdx(HELD[name], "second")
    assert asks("docs/a.mdx", before, after, {"src/a.py": "x = 1\n"}) is Strictness.TWO


FRONT = "---\ntitle: Rows\ndescription: How rows are sorted\n---\n\nIt sorts rows.\n"
FOR_AGENTS = {
    "agent key": ("docs/a.md", FRONT.replace("title", "globs")),
    "another agent key": ("docs/a.md", FRONT.replace("---\ntitle", "---\napplyTo: src\ntitle")),
    "name": ("docs/a.md", FRONT.replace("---\ntitle", "---\nname: rows\ntitle")),
    "no key of a page": ("docs/a.md", FRONT.replace("title: Rows\n", "")),
    "folder": ("docs/commands/a.md", FRONT),
    "hidden folder": ("docs/.tool/a.md", FRONT),
    "file": ("docs/agent-notes.md", FRONT),
    "another ending": ("docs/a.mdc", FRONT),
    "flow style": ("docs/a.md", FRONT.replace("title: Rows", "title: {name: x}")),
    "title of a value": ("docs/a.md", FRONT.replace("title: Rows", "x:\n  title: Rows")),
}


@pytest.mark.requirement("R19")
def test_a_described_page_is_no_rule_for_agents() -> None:
    assert asks("docs/a.md", FRONT, FRONT.replace("rows.", "rows and columns."), {}) is Strictness.ONE


@pytest.mark.requirement("R16")
@pytest.mark.parametrize("name", FOR_AGENTS)
def test_a_description_for_agents_stays_one(name: str) -> None:
    path, before = FOR_AGENTS[name]
    seen = found(path, before, before.replace("rows.", "rows and columns."), {})
    assert seen.strictness is Strictness.TWO
    assert "agent_instructions" in seen.classes


@pytest.mark.requirement("R16")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: str(one["id"]))
def test_attacks_on_these_causes_are_for_two(attack: dict[str, Any]) -> None:
    seen = assess(parse_case(attack))
    assert seen.strictness in {Strictness.TWO, Strictness.DENY}, [file.proof for file in seen.files]
