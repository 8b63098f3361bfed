"""Bandit's JSON as the real program writes it."""

import subprocess
import sys

import pytest

from magistrate.adapters.scanners.bandit_json import BanditFile
from magistrate.errors import Refused


def test_real_bandit_output_becomes_findings(tmp_path):
    (tmp_path / "a.py").write_text("import subprocess\n\n\nsubprocess.run('ls', shell=True)\n")
    out = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-f", "json", "-r", str(tmp_path)], capture_output=True, check=False
    ).stdout
    found = list(BanditFile(out, repository="shop", root=str(tmp_path)).findings())
    assert ("B602", "a.py", 4) in {(f.rule, f.path, f.start_line) for f in found}
    assert len({f.id for f in found}) == len(found)


def test_another_shape_is_refused():
    with pytest.raises(Refused) as caught:
        BanditFile(b"{}", repository="shop")
    assert caught.value.code == "MAG-E560"


def test_a_key_that_stands_twice_is_refused():
    with pytest.raises(Refused) as caught:
        BanditFile(b'{"generated_at": "x", "results": [], "results": []}', repository="shop")
    assert caught.value.code == "MAG-E562"
    with pytest.raises(Refused) as caught:
        BanditFile(b'{"generated_at": "x", "results": ' + b"[" * 100_000, repository="shop")
    assert caught.value.code == "MAG-E560"


def test_numbers_of_lines_cost_nothing_and_odd_digits_are_text():
    raw = (
        b'{"generated_at": "x", "results": [{"filename": "a.py", "test_id": "B1", "issue_text": "m", '
        b'"issue_severity": "LOW", "line_number": 1, "line_range": [1, 4000000000000000], "code": "\xc2\xb2 x\\n1 y"}]}'
    )
    assert len(list(BanditFile(raw, repository="shop").findings())) == 1
