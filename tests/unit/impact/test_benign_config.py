"""Benign configuration (R22): the declaration, the floor under it, and what a proof says."""

from __future__ import annotations

from itertools import pairwise

import pytest

from magistrate.domain.impact import ChangeClass, FileChange, Impact, ProofStatus
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case
from magistrate.impact.configuration.declared import UndeclaredError, declared_keys
from magistrate.impact.configuration.floor import why_not_file, why_not_key

PLACE = "config/shop.yml"
DECLARED = """version: 1
benign_config:
  - file: config/shop.yml
    key: ui.page_size
    type: integer
    min: 10
    max: 100
    max_step: 50
    environment: staging
  - file: "web/*.json"
    key: sidebar.position
    type: string
    values: [left, right]
    environment: production
"""
BEFORE = "ui:\n  page_size: 20\n  theme: light\n"
AFTER = BEFORE.replace("20", "50")

pytestmark = pytest.mark.requirement("R22")


def judged(
    after: str, declared: str = DECLARED, path: str = PLACE, before: str = BEFORE, *, known: bool = True
) -> Impact:
    change = FileChange(path=path, before=before.encode(), after=after.encode())
    base = BaseTree(files={".magistrate.yml": declared}, known=known)
    return assess(Case(id="", steps=((change,),), base=base))


def why(after: str, declared: str = DECLARED) -> str:
    impact = judged(after, declared)
    assert not impact.auto_eligible
    (file,) = impact.files
    return next(one.why for one in file.tried if one.rule == "benign-config/1")


def test_a_proof_names_key_values_environment_and_rule() -> None:
    impact = judged(AFTER)
    (file,) = impact.files
    assert impact.auto_eligible
    assert file.change_class is ChangeClass.BENIGN_CONFIG
    witness = dict(file.proof.witness)
    assert witness["key ui.page_size old"] == "20"
    assert witness["key ui.page_size new"] == "50"
    assert witness["key ui.page_size environment"] == "staging"
    assert witness["key ui.page_size rule"] == declared_keys(DECLARED)[0].digest
    assert len(witness["settings_sha256"]) == len(witness["before_sha256"]) == 64


def test_without_the_whole_base_nothing_is_declared() -> None:
    impact = judged(AFTER, known=False)
    assert not impact.auto_eligible
    assert impact.context_wanted


@pytest.mark.requirement("R39")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("version: 1", "version: 1\nmore: 1"),
        ("version: 1", "version: 1\nversion: 1"),
        ("    max: 100\n", ""),
        ("    max: 100\n", "    max: 5\n"),
        ("    max: 100\n", "    max: high\n"),
        ("    max: 100\n", "    max: 1e2\n"),
        ("    max: 100\n", "    max: 100\n    note: x\n"),
        ("    max_step: 50\n", "    max_step: 0\n"),
        ("    max_step: 50\n", "    max_step: -5\n"),
        ("    type: integer\n", "    type: int\n"),
        ("    type: integer\n", ""),
        ("    type: integer\n", "    type: boolean\n"),
        ("    environment: staging\n", ""),
        ("    environment: staging\n", "    environment: [staging]\n"),
        ("ui.page_size", "ui.0.page_size"),
        ("ui.page_size", "ui..page_size"),
        ("ui.page_size", "*"),
        ("config/shop.yml", "config/**/shop.yml"),
        ("config/shop.yml", "../shop.yml"),
        ("config/shop.yml", "/config/shop.yml"),
        ("config/shop.yml", "config/*"),
        ("config/shop.yml", "'*/shop.yml'"),
        ("config/shop.yml", "'config/[a-z].yml'"),
        ("[left, right]", "left"),
        ("[left, right]", "[left]"),
        ("[left, right]", "[]"),
        ("[left, right]", "[left, 5]"),
        ("[left, right]", "[left, [right]]"),
        ("[left, right]", "[left, http://a.test/b]"),
        ("    values: [left, right]\n", ""),
        ('  - file: "web/*.json"', '  - &a\n    file: "web/*.json"'),
        ("key: sidebar.position\n", "key: sidebar.position\n    key: ui.page_size\n"),
        ('web/*.json"\n    key: sidebar.position', 'config/shop.yml"\n    key: ui.page_size'),
        ("benign_config:\n", "benign_config:\n  file: x\n"),
    ],
)  # fmt: skip
def test_one_wrong_field_anywhere_and_nothing_is_declared(old: str, new: str) -> None:
    assert DECLARED.count(old) == 1 or old == "version: 1"
    wrong = DECLARED.replace(old, new, 1)
    with pytest.raises(UndeclaredError):
        declared_keys(wrong)
    assert "so no key is declared" in why(AFTER, wrong)


def test_of_an_empty_or_missing_list_nothing_is_declared() -> None:
    for text in (None, "", "version: 1\n", "version: 1\nbenign_config: []\n", "version: 1\nbenign_config:\n"):
        with pytest.raises(UndeclaredError):
            declared_keys(text)


@pytest.mark.parametrize(
    ("after", "apt"),
    [
        (BEFORE.replace("20", "5"), "not from 10 to 100"),
        (BEFORE.replace("20", "101"), "not from 10 to 100"),
        (BEFORE.replace("20", "99"), "by more than 50 at once"),
        (BEFORE.replace("20", "fifty"), "not a plain integer"),
        (BEFORE.replace("light", "dark"), "is not declared"),
        (AFTER.replace("light", "dark"), "is not declared"),
        (AFTER + "more: 1\n", "a key comes, goes or moves"),
        (AFTER.replace("page_size: 50", "page_size:  50"), "changes more than its value"),
        (AFTER.replace("ui:", "ui: &u"), "an anchor"),
    ],
)
def test_what_stands_in_the_way_is_told(after: str, apt: str) -> None:
    assert apt in why(after)


def test_the_objection_is_what_a_person_sees_first() -> None:
    (file,) = judged(BEFORE.replace("20", "5")).files
    assert file.proof.rule == "benign-config/1"
    assert file.proof.why.startswith("line 2 `ui.page_size` has 5")


@pytest.mark.requirement("R41")
def test_the_declaration_itself_is_class_gate() -> None:
    impact = judged(DECLARED.replace("100", "500"), path=".magistrate.yml", before=DECLARED)
    assert ChangeClass.GATE in {found.kind for found in impact.sensitivities}
    assert not impact.auto_eligible


@pytest.mark.parametrize(
    "key",
    [
        "auth.retries", "session.timeout", "token_ttl", "tls.timeout", "cors.show", "host", "server.port", "api_url", "cache.path",
        "command", "image", "version", "log_level", "debug", "feature.show", "security.visible", "admin.visible", "role", "key_size",
        "rate", "limit", "strict", "enabled", "DEFAULT.rows", "consent.visible", "errors.show", "payment.timeout", "ui.unheard",
        "__proto__.size", "size.0",
    ],
)  # fmt: skip
def test_keys_that_no_declaration_makes_benign(key: str) -> None:
    assert why_not_key(tuple(key.split("."))) is not None


@pytest.mark.parametrize(
    "key",
    [
        "ui.page_size", "cache.ttl_seconds", "server.timeout", "search.batchSize", "pagination.items_per_page", "editor.tab_width",
        "feed.refresh_interval", "report.rows", "workers", "home.carousel.duration", "sidebar.collapsed", "theme",
    ],
)  # fmt: skip
def test_keys_of_sizes_intervals_and_looks_may_be_declared(key: str) -> None:
    assert why_not_key(tuple(key.split("."))) is None


@pytest.mark.parametrize(
    "path",
    [
        ".github/a.yml", ".env.ini", "a/.hidden.yml", "setup.cfg", "tox.ini", "package.json", "pyproject.toml", "Cargo.toml",
        "docker-compose.yml", "chart/values.yaml", "deploy/web.yml", "k8s/web.yml", "policies/a.yml", ".magistrate.yml", "prompts/a.yml",
        "agents/a.json", "alembic.ini", "config/security.yml", "config/login.yml", "logging.ini", "renovate.json", "mkdocs.yml",
        "gradle.properties", "app.yaml", "infra/a.toml", "migrations/a.ini", "config/consent.yml",
    ],
)  # fmt: skip
def test_files_with_a_role_have_no_benign_key(path: str) -> None:
    assert why_not_file(path, ()) is not None


@pytest.mark.parametrize(
    "path", ["config/shop.yml", "config/app.yml", "src/main/resources/application.properties", "web/looks.json"]
)
def test_ordinary_files_may_have_one(path: str) -> None:
    assert why_not_file(path, ()) is None


@pytest.mark.requirement("R26", "R32")
def test_small_steps_are_judged_as_one() -> None:
    sides = [BEFORE.replace("20", str(value)).encode() for value in (20, 60, 99)]
    steps = tuple((FileChange(path=PLACE, before=a, after=b),) for a, b in pairwise(sides))
    base = BaseTree(files={".magistrate.yml": DECLARED}, known=True)
    assert all(assess(Case(id="", steps=(step,), base=base)).auto_eligible for step in steps)
    assert not assess(Case(id="", steps=steps, base=base)).auto_eligible


def test_a_proof_holds_for_one_status_alone() -> None:
    (file,) = judged(AFTER).files
    assert file.proof.status is ProofStatus.PROVEN
    assert file.proof.rule == "benign-config/1"


@pytest.mark.requirement("R41")
def test_a_step_that_changes_the_declaration_proves_nothing_by_it() -> None:
    steps = (
        FileChange(path=PLACE, before=BEFORE.encode(), after=AFTER.encode()),
        FileChange(path=".magistrate.yml", before=DECLARED.encode(), after=(DECLARED + "# more\n").encode()),
    )
    impact = assess(Case(id="", steps=(steps,), base=BaseTree(files={".magistrate.yml": DECLARED}, known=True)))
    tried = next(file.tried for file in impact.files if file.path == PLACE)
    assert any("the same step changes" in proof.why for proof in tried)


@pytest.mark.requirement("R17")
def test_a_declared_file_is_not_read_by_its_declaration() -> None:
    impact = judged("ui:\n    page_size: 20\n    theme: light\n")
    assert impact.files[0].change_class is ChangeClass.FORMATTING
    assert impact.auto_eligible
