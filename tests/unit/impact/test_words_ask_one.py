"""Documentation and comments that newly say something: rightly named, never automatic, one person (R18, R19, R24)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from world.wire_samples import VERDICT

from magistrate.authority.floor import Ground, floor_ruling
from magistrate.domain.impact import ChangeClass, FileChange, Impact, Strictness
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case
from magistrate.judge import assessment
from magistrate.wire.assessment import Verdict

PAGE = "# Page\n\nRows are kept.\n"
NEW = {"docs/a.md": (PAGE, PAGE + "\n    ssl.CERT_NONE = verify(False)\n")}
BASE = {"src/a.py": "x = 1\n"}


def judged(files: Mapping[str, tuple[str | None, str | None]], base: dict[str, str] | None = None) -> Impact:
    step = tuple(
        FileChange(path=path, before=None if a is None else a.encode(), after=None if b is None else b.encode())
        for path, (a, b) in files.items()
    )
    texts = BASE | {path: a for path, (a, _) in files.items() if a is not None} | (base or {})
    return assess(Case(id="x", steps=(step,), base=BaseTree(files=texts, known=True)))


@pytest.mark.requirement("R19", "R24")
def test_a_page_that_says_something_new_is_documentation_and_asks_for_one():
    found = judged(NEW)
    assert found.classes == (ChangeClass.DOCS,)
    assert found.strictness is Strictness.ONE
    assert found.mentions
    assert found.sensitivities == ()
    assert found.files[0].proof.asks is Strictness.ONE


@pytest.mark.requirement("R24")
def test_what_is_mentioned_takes_away_that_a_change_is_automatic():
    found = judged(
        {"src/b.py": ("x = ssl.CERT_NONE  # the wrost of them\n", "x = ssl.CERT_NONE  # the worst of them\n")}
    )
    assert found.files[0].low
    assert {one.kind for one in found.mentions} == {ChangeClass.CRYPTOGRAPHY}
    assert found.strictness is Strictness.ONE


@pytest.mark.requirement("R24")
def test_layout_of_what_is_sensitive_stays_sensitive():
    found = judged({"src/b.py": ("x = ssl.CERT_NONE\n", "x  =  ssl.CERT_NONE\n")})
    assert found.files[0].low
    assert ChangeClass.CRYPTOGRAPHY in found.classes
    assert found.strictness is Strictness.TWO


@pytest.mark.requirement("R24")
def test_a_secret_in_a_page_is_a_secret():
    found = judged({"docs/a.md": (PAGE, PAGE + "\nThe key is AKIA" + "FAKEFAKEFAKEFAKE.\n")})
    assert ChangeClass.SECRETS in found.classes
    assert found.strictness is Strictness.TWO


@pytest.mark.requirement("R18")
def test_a_comment_that_says_something_new_asks_for_one():
    found = judged({"src/b.py": ("# some rows\nx = 1\n", "# The rows are kept for a week.\nx = 1\n")})
    assert found.classes == (ChangeClass.COMMENTS,)
    assert found.strictness is Strictness.ONE


@pytest.mark.requirement("R26")
def test_code_beside_a_page_keeps_what_it_touches():
    whole = judged(NEW | {"src/b.py": ("x = 1\n", "import ssl\nx = ssl.CERT_NONE\n")})
    assert ChangeClass.CRYPTOGRAPHY in whole.classes
    assert {found.path for found in whole.mentions} == {"docs/a.md"}
    assert whole.strictness is Strictness.TWO


@pytest.mark.requirement("R26")
def test_what_a_file_asks_for_counts_on_the_floor_too():
    """Even where a verdict forgets it in its own sum."""
    (file,) = VERDICT.files
    forged = msgspec.structs.replace(VERDICT, files=(msgspec.structs.replace(file, asks=Strictness.TWO),))
    ground = Ground(production=False, solo=False, same_user_walls=False, drilled=True, weak=())
    assert floor_ruling(forged, ground).strictness is Strictness.TWO
    assert floor_ruling(VERDICT, ground).strictness is Strictness.ONE


def test_the_verdict_says_what_is_mentioned_and_only_then():
    case = Case(id="x", steps=((),), base=BaseTree())
    told = assessment(case, judged(NEW), "sha256:" + "0" * 64)
    assert told["mentions"]
    assert told["files"][0]["asks"] == "one"
    assert msgspec.convert(told, Verdict).mentions
    plain = assessment(case, judged({"a.py": ("x = 1\n", "x  =  1\n")}), "sha256:" + "0" * 64)
    assert "mentions" not in plain
    assert "asks" not in plain["files"][0]


@pytest.mark.requirement("R25")
def test_a_new_name_that_is_an_option_proves_nothing():
    for path in ("docs/--config=x.md", "-rf/a.md"):
        found = judged({path: (None, PAGE)}, {"docs/b.md": PAGE})
        assert found.strictness is Strictness.TWO
        assert "option" in found.files[0].proof.why


@pytest.mark.requirement("R19", "R24")
@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("The program reads `os.environ['SHOP_TOKEN']`.", Strictness.ONE),
        ("Set `password = os.getenv('SHOP')` first.", Strictness.ONE),
        ("The owners of the check decide (`required_status_checks`).", Strictness.ONE),
        ("Log in with `password = 'tr0ub4dor-and-3'`.", Strictness.TWO),
        ("Set `token: https://example.com/v2/how-to-get-one` to yours.", Strictness.ONE),
        ("Set `password = read_from_vault2(name)` first.", Strictness.ONE),
        ("token: s3cr3tvalue99", Strictness.TWO),
        ("token: s3cr3tvalue99 (of staging)", Strictness.TWO),
        ("Log in with `password: p@ssw0rd!` there.", Strictness.TWO),
        ("The password=`hunter2hunter` opens it.", Strictness.TWO),
        ("The key is AKIA" + "QPLXMWNRTZVB3D7K.", Strictness.TWO),
    ],
)
def test_a_word_about_a_secret_is_a_mention_and_a_secret_is_one_wherever_it_stands(line: str, asked: Strictness):
    found = judged({"docs/a.md": (PAGE, PAGE + "\n" + line + "\n")})
    assert found.strictness is asked, found.reasons


@pytest.mark.requirement("R19", "R24", "R41")
@pytest.mark.parametrize("path", ["policies/a.md", ".magistrate.md", "docs/credentials/a.md"])
def test_a_page_where_keys_or_policies_are_kept_is_no_page_of_words(path: str):
    found = judged({path: (PAGE, PAGE + "\nMore rows are kept.\n")})
    assert found.strictness is Strictness.TWO
