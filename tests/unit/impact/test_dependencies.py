"""Pins explained: what one person may decide, what asks for two, and what was not looked at (R23)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.domain.impact import ChangeClass, Evidence, FileChange, ProofStatus, Strictness, stricter
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.case import Case, parse_case
from magistrate.impact.dependencies.facts import facts_digest
from magistrate.impact.dependencies.known import reader_of
from magistrate.impact.dependencies.lookalikes import lookalike
from magistrate.impact.dependencies.versions import holds, order, range_moves
from magistrate.impact.provers.dependencies import PROVER
from magistrate.impact.sensors.dependency import SENSOR

A, B = "a" * 64, "b" * 64
OLD = f"requests==2.31.0 \\\n    --hash=sha256:{A}\n"
NEW = f"requests==2.32.4 \\\n    --hash=sha256:{B}\n"


def changed(path: str, before: str, after: str) -> ChangedFile:
    return ChangedFile(change=FileChange(path=path, before=before.encode(), after=after.encode()))


def proof_of(path: str, before: str, after: str, evidence: tuple[Evidence, ...] = (), **files: str):
    file = changed(path, before, after)
    return PROVER.prove(file, (file,), BaseTree(files=files, known=True), evidence)


def judged(*files: tuple[str, str, str], base: dict[str, str] | None = None, **more: Any):
    case = {"id": "c", "files": [{"path": p, "before": b, "after": a} for p, b, a in files], **more}
    return assess(parse_case({**case, "context": {"files": base or {}}}))


def npm_lock(version: str, mark: str, more: dict[str, Any] | None = None, needs: dict[str, str] | None = None) -> str:
    entry = {
        "version": version,
        "resolved": f"https://registry.npmjs.org/axios/-/axios-{version}.tgz",
        "integrity": f"sha512-{mark * 86}==",
        **({"dependencies": needs} if needs else {}),
    }
    root = {"name": "shop", "version": "1.0.0", "dependencies": {"axios": "^1.14.0"}}
    packages = {"": root, "node_modules/axios": entry, **(more or {})}
    return json.dumps({"name": "shop", "lockfileVersion": 3, "packages": packages}, indent=2) + "\n"


HOSTILE = {
    "node_modules/plain-crypto-js": {
        "version": "4.2.1",
        "resolved": "https://registry.npmjs.org/plain-crypto-js/-/plain-crypto-js-4.2.1.tgz",
        "integrity": f"sha512-{'C' * 86}==",
        "hasInstallScript": True,
    }
}
MANIFEST = {"package.json": '{"name": "shop", "version": "1.0.0", "dependencies": {"axios": "^1.14.0"}}'}


def facts(path: str, after: str, **said: Any) -> Evidence:
    release = {
        "ecosystem": "npm", "name": "axios", "version": "1.14.1", "released": "2026-01-31T00:20:00Z",
        "publisher": "known", "provenance": "given", "script": "none", "withdrawn": False, **said,
    }  # fmt: skip
    output = json.dumps({"v": 2, "looked_at": "2026-03-31T00:25:00Z", "releases": [release]}).encode()
    wanted = facts_digest(path, after.encode())
    return Evidence(tool="registry-facts", tool_digest="d", path=path, inputs_digest=wanted, output=output)


@pytest.mark.requirement("R23")
def test_as11_a_young_version_that_adds_a_package_with_a_postinstall_is_never_automatic_and_says_the_three_reasons():
    """AS-11: age, a new install script, a new transitive package."""
    before = npm_lock("1.14.0", "A")
    after = npm_lock("1.14.1", "B", HOSTILE, {"plain-crypto-js": "^4.2.1"})
    file = FileChange(path="package-lock.json", before=before.encode(), after=after.encode())
    case = Case(id="as11", steps=((file,),), base=BaseTree(files=MANIFEST, known=True))
    came = facts("package-lock.json", after, released="2026-03-31T00:20:00Z")
    for evidence in ((), (came,)):
        impact = assess(case, evidence)
        assert impact.strictness is Strictness.TWO
        assert impact.files[0].change_class is ChangeClass.UNKNOWN
        said = "\n".join(one.why for one in impact.sensitivities)
        assert "new transitive package plain-crypto-js 4.2.1" in said
        assert "a new install script" in said
    alone = proof_of("package-lock.json", before, npm_lock("1.14.1", "B"), (facts(
        "package-lock.json", npm_lock("1.14.1", "B"), released="2026-03-31T00:20:00Z"
    ),), **MANIFEST)  # fmt: skip
    assert alone.status is ProofStatus.REFUTED
    assert "0 hours before somebody looked" in alone.why


@pytest.mark.requirement("R21", "R23")
@pytest.mark.parametrize("title", ["lint: bump", "style: format", "chore(deps-dev): bump eslint-config-prettier"])
def test_as12_a_lint_package_for_development_is_a_dependency_whatever_the_title_says(title: str):
    """AS-12: a change that touches only packages for development."""
    before = '{\n  "name": "shop",\n  "devDependencies": {\n    "eslint-config-prettier": "10.1.5"\n  }\n}\n'
    impact = judged(("package.json", before, before.replace("10.1.5", "10.1.6")), title=title)
    assert impact.files[0].change_class is ChangeClass.DEPENDENCY
    assert impact.classes == (ChangeClass.DEPENDENCY,)
    assert impact.strictness is Strictness.ONE
    assert not impact.auto_eligible


@pytest.mark.requirement("R23")
def test_a_proof_never_calls_age_provenance_or_maintainers_fine_where_nobody_looked():
    said = proof_of("requirements.txt", OLD, NEW)
    assert said.status is ProofStatus.PROVEN
    assert "release age, provenance and maintainers were not looked at" in said.why
    assert "requests 2.31.0 -> 2.32.4, hash given" in said.why
    other = facts("requirements.txt", NEW)
    assert "were not looked at" in proof_of("requirements.txt", OLD, NEW, (other,)).why, "it names another release"


@pytest.mark.requirement("R23")
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"released": "2026-03-30T00:25:00Z"}, "24 hours before somebody looked"),
        ({"released": "2027-01-01T00:00:00Z"}, "0 hours before somebody looked"),
        ({"released": None}, "the registry has no such release"),
        ({"publisher": "new"}, "somebody who did not publish it before"),
        ({"provenance": "lost"}, "it has no provenance, and releases before it had some"),
        ({"script": "new"}, "it runs a script on installing"),
        ({"withdrawn": True}, "its publisher took it back"),
        ({"withdrawn": None}, "its publisher took it back"),
    ],
)
def test_facts_of_the_registry_refuse_what_is_young_unproven_or_from_a_new_hand(said: dict[str, Any], why: str):
    before, after = npm_lock("1.14.0", "A"), npm_lock("1.14.1", "B")
    good = proof_of("package-lock.json", before, after, (facts("package-lock.json", after),), **MANIFEST)
    assert good.status is ProofStatus.PROVEN
    assert "the registry holds nothing against it, out for 59 days" in good.why
    bad = proof_of("package-lock.json", before, after, (facts("package-lock.json", after, **said),), **MANIFEST)
    assert bad.status is ProofStatus.REFUTED
    assert why in bad.why


@pytest.mark.requirement("R23")
@pytest.mark.parametrize(
    ("said", "open_"),
    [
        ({"publisher": "unsaid"}, "does not say who published it"),
        ({"provenance": "none"}, "does not say which source it was built from"),
        ({"provenance": "unsaid", "publisher": "unsaid"}, "which source it was built from or who published it"),
    ],
)
def test_what_a_registry_does_not_say_stays_an_open_question_of_the_proof(said: dict[str, Any], open_: str):
    after = npm_lock("1.14.1", "B")
    came = facts("package-lock.json", after, **said)
    proof = proof_of("package-lock.json", npm_lock("1.14.0", "A"), after, (came,), **MANIFEST)
    assert proof.status is ProofStatus.PROVEN
    assert open_ in proof.why


VALUES = st.sampled_from(["known", "new", "unsaid", "given", "lost", "none", "old", None, True, False, 3, "x"])


@pytest.mark.requirement("R23", "R25")
@given(
    st.fixed_dictionaries(
        {"publisher": VALUES, "provenance": VALUES, "script": VALUES, "withdrawn": VALUES},
        optional={"released": st.sampled_from([None, "2026-03-31T00:20:00Z", "2020-01-01T00:00:00Z", "soon", 7])},
    )
)
def test_facts_of_a_registry_never_relax(said: dict[str, Any]):
    """Whatever a registry says, the verdict with it is at least as strict as the one without."""
    before, after = npm_lock("1.14.0", "A"), npm_lock("1.14.1", "B")
    file = FileChange(path="package-lock.json", before=before.encode(), after=after.encode())
    case = Case(id="f", steps=((file,),), base=BaseTree(files=MANIFEST, known=True))
    without, with_ = assess(case), assess(case, (facts("package-lock.json", after, **said),))
    assert stricter(without.strictness, with_.strictness) is with_.strictness
    assert set(without.classes) <= set(with_.classes) | {ChangeClass.DEPENDENCY}


@pytest.mark.requirement("R23")
@pytest.mark.parametrize("output", [b"\xff", b"[]", b"{}", b'{"v":2,"looked_at":"x","releases":[]}', b'{"v":1}'])
def test_facts_of_another_shape_prove_nothing(output: bytes):
    wanted = facts_digest("requirements.txt", NEW.encode())
    came = Evidence(
        tool="registry-facts", tool_digest="d", path="requirements.txt", inputs_digest=wanted, output=output
    )
    assert proof_of("requirements.txt", OLD, NEW, (came,)).status is ProofStatus.UNKNOWN


@pytest.mark.requirement("R23")
def test_facts_about_other_bytes_are_no_facts():
    before, after = npm_lock("1.14.0", "A"), npm_lock("1.14.1", "B")
    other = facts("package-lock.json", before)
    assert "were not looked at" in proof_of("package-lock.json", before, after, (other,), **MANIFEST).why


@pytest.mark.requirement("R23")
def test_a_lock_and_a_manifest_in_one_change_are_held_against_each_other():
    manifest = MANIFEST["package.json"]
    lock = npm_lock("1.14.0", "A")
    good = judged(
        ("package.json", manifest, manifest.replace("^1.14.0", "^1.15.0")),
        ("package-lock.json", lock, npm_lock("1.15.0", "B").replace('"^1.14.0"', '"^1.15.0"')),
    )
    assert {file.change_class for file in good.files} == {ChangeClass.DEPENDENCY}
    bad = judged(
        ("package.json", manifest, manifest.replace("^1.14.0", "^1.15.0")),
        ("package-lock.json", lock, npm_lock("1.15.0", "B")),
    )
    assert bad.strictness is Strictness.TWO
    assert "does not fit" in " ".join(file.proof.why for file in bad.files)


@pytest.mark.requirement("R23")
def test_without_the_repository_a_lock_alone_is_not_proven():
    file = changed("package-lock.json", npm_lock("1.14.0", "A"), npm_lock("1.14.1", "B"))
    said = PROVER.prove(file, (file,), BaseTree(), ())
    assert said.status is ProofStatus.UNKNOWN
    assert "only the repository says" in said.why


@pytest.mark.requirement("R23")
def test_each_pin_is_named_at_its_own_line():
    before = "flask==3.0.0\n# two\nrequests==2.31.0\nrich==13.0.0\n"
    after = "flask==3.0.0\n# two\nrequests==2.32.4\nrich==13.0.0\n"
    found = list(SENSOR.sense(changed("requirements.txt", before, after), BaseTree()))
    assert (found[0].line, found[0].why) == (3, "requests 2.31.0 -> 2.32.4, no hash")
    lock = npm_lock("1.14.0", "A"), npm_lock("1.14.1", "B")
    found = list(SENSOR.sense(changed("package-lock.json", *lock), BaseTree()))
    assert lock[1].split("\n")[found[0].line - 1].strip() == '"node_modules/axios": {'


@pytest.mark.requirement("R23")
def test_what_no_single_person_should_wave_through_is_raised_as_unknown():
    hits = list(SENSOR.sense(changed("requirements.txt", NEW, OLD), BaseTree()))
    assert hits[0].kind is ChangeClass.UNKNOWN
    assert "a downgrade" in hits[0].why


@pytest.mark.requirement("R23")
@pytest.mark.parametrize(
    ("name", "other", "ecosystem"),
    [
        ("reqeusts", "requests", "pypi"), ("requestss", "requests", "pypi"), ("request5", "requests", "pypi"),
        ("python-requests", "requests", "pypi"), ("lodahs", "lodash", "npm"), ("1odash", "lodash", "npm"),
        ("cross_env", "cross-env", "npm"), ("crossenv", "cross-env", "npm"), ("github.com/spf13/c0bra", "github.com/spf13/cobra", "go"),
        ("github.com/spfl3/cobra", "github.com/spf13/cobra", "go"), ("rnodule-x", "module-x", "npm"),
    ],
)  # fmt: skip
def test_names_that_are_taken_for_others(name: str, other: str, ecosystem: str):
    assert lookalike(name, {other}, ecosystem) == other


@pytest.mark.parametrize(
    ("name", "others", "ecosystem"),
    [
        ("types-requests", {"requests"}, "pypi"), ("@types/react", {"react"}, "npm"), ("lodash", {"lodash.merge"}, "npm"),
        ("github.com/a/b/v3", {"github.com/a/b/v2"}, "go"), ("windows-x86_64", {"windows-x86_32"}, "cargo"), ("ms", {"ws"}, "npm"),
    ],
)  # fmt: skip
def test_names_that_are_only_related(name: str, others: set[str], ecosystem: str):
    assert lookalike(name, others, ecosystem) is None


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        ("1.2.3", "1.2.4", 1), ("1.10", "1.9", -1), ("1.0rc1", "1.0", 1), ("1.0", "1.0.post1", 1), ("2.0", "2.0.0", None),
        ("1.0.0-alpha.1", "1.0.0-beta.1", 1), ("v1.0.0", "v1.0.1", 1), ("abc", "abd", None), ("1.0-x", "1.0-y", None),
        ("v0.0.0-20230101000000-aaaaaaaaaaaa", "v0.0.0-20240101000000-bbbbbbbbbbbb", 1), ("31.1-jre", "32.0-jre", 1),
        ("v0.0.0-20240101000000-aaaaaaaaaaaa", "v0.0.0-20230101000000-bbbbbbbbbbbb", -1), ("1.0+x", "1.0+y", None),
    ],
)  # fmt: skip
def test_versions_are_ordered_only_where_it_is_certain(old: str, new: str, way: int | None):
    assert order(old, new) == way


VERSIONS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda one: ".".join(map(str, one)))


@given(VERSIONS, VERSIONS)
def test_an_order_turned_round_is_the_other_order(one: str, other: str):
    from packaging.version import Version

    forth, back = order(one, other), order(other, one)
    if forth is None or one == other:
        assert back == forth
        return
    assert back == -forth
    assert forth == (1 if Version(other) > Version(one) else -1)


@given(VERSIONS, VERSIONS, st.sampled_from([">=", "<=", "==", ">", "<"]))
def test_a_range_holds_what_packaging_says_it_holds(bound: str, version: str, sign: str):
    from packaging.specifiers import SpecifierSet

    found = holds(f"{sign}{bound}", version)
    if found is not None:
        assert found is SpecifierSet(f"{sign}{bound}").contains(version)


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        ("^1.2.0", "^1.3.0", 1), ("^1.2.0", ">=1.3.0", -1), ("^1.2.0", "1.3.0", 1), (">=1,<2", ">=1,<3", 1), (">=1,<2", ">=1", -1),
        ("~1.2", "^1.3", -1), (">=2", ">=1", -1), ("==1.0", "==1.1", 1), ("!=1.0", "!=1.1", -1), ("1 || 2", "1 || 3", None),
    ],
)  # fmt: skip
def test_a_range_that_is_written_otherwise_counts_as_wider(old: str, new: str, way: int | None):
    assert range_moves(old, new)[0] == way


@pytest.mark.parametrize(
    "path", ["requirements.txt", "a/uv.lock", "x/package.json", ".github/workflows/ci.yml", "Dockerfile.prod"]
)
def test_files_are_told_by_their_names(path: str):
    assert reader_of(path) is not None


@pytest.mark.requirement("R23")
@pytest.mark.parametrize(
    "path", ["requirements.txt", "package-lock.json", "go.sum", "Cargo.lock", "pom.xml", "yarn.lock"]
)
def test_a_file_that_comes_or_goes_as_a_whole_is_not_explained(path: str):
    for before, after in ((None, b"x"), (b"x", None)):
        file = ChangedFile(change=FileChange(path=path, before=before, after=after))
        assert PROVER.prove(file, (file,), BaseTree(known=True), ()).status is not ProofStatus.PROVEN


@pytest.mark.requirement("R23")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package.json", "[" * 100_000), ("package-lock.json", '{"a":' * 50_000), ("uv.lock", "a = " + "[" * 5_000),
        ("pom.xml", "<a>" * 50_000), ("pnpm-lock.yaml", "- " * 20_000), ("Cargo.toml", "a." * 5_000 + "b = 1"),
        ("yarn.lock", "# yarn lockfile v1\n" + "a@1," * 100_000 + ":\n"), ("requirements.txt", "a[" * 100_000),
        ("go.mod", "require (" * 50_000), ("Dockerfile", "FROM " + "a/" * 100_000), ("requirements.txt", "\\\n" * 200_000),
    ],
)  # fmt: skip
def test_a_hostile_file_costs_its_own_verdict_and_nothing_else(path: str, text: str):
    assert proof_of(path, text, text + "\n\n").status is not ProofStatus.PROVEN
    list(SENSOR.sense(changed(path, text, text + "\n\n"), BaseTree()))


@pytest.mark.requirement("R23", "R26")
def test_what_a_registry_says_stands_in_front_and_what_is_no_matter_of_pins_does_not():
    """A workflow that moves no pin is told by what changes in it, not by what a reader of pins misses."""
    after = npm_lock("1.14.1", "B")
    file = FileChange(path="package-lock.json", before=npm_lock("1.14.0", "A").encode(), after=after.encode())
    case = Case(id="r", steps=((file,),), base=BaseTree(files=MANIFEST, known=True))
    young = assess(case, (facts("package-lock.json", after, publisher="new"),))
    assert "somebody who did not publish it before" in young.files[0].proof.why
    steps = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo {}\n"
    plain = judged((".github/workflows/a.yml", steps.format("a"), steps.format("b")))
    assert "pins" not in plain.files[0].proof.why
