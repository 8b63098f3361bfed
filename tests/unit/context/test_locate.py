"""Affected files: each with its reason, and what could not be read is named."""

import pytest

from magistrate.context.locate import affected_files
from magistrate.domain.finding import Finding, Severity

FINDING = Finding(
    id="fnd-1", rule="B602", tool="bandit", message="m", path="src/shop/pay.py", start_line=1, end_line=1,
    severity=Severity.ERROR, fingerprint="f", source="sha256:0", repository="shop",
)  # fmt: skip
TREE = {
    "src/shop/__init__.py": "",
    "src/shop/pay.py": "from shop import money\nimport os\n",
    "src/shop/money.py": "RATE = 1\n",
    "src/shop/desk.py": "from . import pay\n",
    "src/shop/deep/till.py": "from ..pay import charge\n",
    "src/shop/other.py": "import os\n",
    "src/shop/broken.py": "def (\n",
    "tests/test_desk.py": "from shop.pay import charge\n",
    "tests/test_pay_rates.py": "import subprocess\n",
    "docs/money.md": "See src/shop/pay.py for the rest.\n",
    "docs/none.md": "Nothing.\n",
}


@pytest.mark.requirement("R3")
def test_every_affected_file_has_its_reason():
    found = {one.path: (one.reason, one.unreadable) for one in affected_files(FINDING, TREE)}
    assert found == {
        "src/shop/pay.py": ("the finding is here", False),
        "src/shop/money.py": ("imported by src/shop/pay.py", False),
        "src/shop/__init__.py": ("imported by src/shop/pay.py", False),
        "src/shop/desk.py": ("imports src/shop/pay.py", False),
        "src/shop/deep/till.py": ("imports src/shop/pay.py", False),
        "tests/test_desk.py": ("test that imports src/shop/pay.py", False),
        "tests/test_pay_rates.py": ("test that names pay", False),
        "docs/money.md": ("names src/shop/pay.py", False),
        "src/shop/broken.py": ("could not be parsed, so its imports are unknown", True),
    }


@pytest.mark.requirement("R11")
def test_a_finding_in_an_unparsable_file_says_so():
    found = affected_files(FINDING, {"src/shop/pay.py": "def (\n"})
    assert [(one.path, one.unreadable) for one in found] == [("src/shop/pay.py", True)]
