"""SARIF as real tools write it, and as nobody should."""

import io
import json
import subprocess
import sys

import pytest

from magistrate.adapters.scanners.sarif import SarifFile
from magistrate.errors import Refused


def log(*results, version="2.1.0"):
    return json.dumps({
        "version": version,
        "runs": [{"results": list(results), "tool": {"driver": {"name": "fake", "rules": [{"id": "F1"}]}}}],
    }).encode()  # fmt: skip


def result(uri="a.py", line=1, **more):
    place = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
    return {"ruleId": "F1", "message": {"text": "m"}, "locations": [place], **more}


def read(raw, **more):
    file = SarifFile(io.BytesIO(raw), repository="shop", **more)
    return list(file.findings()), file.refused


def test_real_ruff_output_becomes_findings(tmp_path):
    (tmp_path / "a b.py").write_text("import os\nimport sys\n")
    out = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--output-format", "sarif", str(tmp_path)],
        capture_output=True, check=False,
    ).stdout  # fmt: skip
    found, refused = read(out, root=str(tmp_path))
    assert refused == []
    assert [(f.rule, f.path, f.start_line, f.tool) for f in found] == [
        ("F401", "a b.py", 1, "ruff"), ("F401", "a b.py", 2, "ruff"),
    ]  # fmt: skip
    assert found == read(out, root=str(tmp_path))[0]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "MAG-E561"),
        (log(result())[:-9], "MAG-E561"),
        (b"{]", "MAG-E560"),
        (b'{"version":"2.1.0","version":"2.1.0","runs":[]}', "MAG-E562"),
        (log().decode().encode("utf-16"), "MAG-E563"),
        (b"\xef\xbb\xbf" + log(), "MAG-E563"),
        (b'{"version":"\xff"}', "MAG-E563"),
        (b"[]", "MAG-E564"),
        (b"{}", "MAG-E564"),
        (log(version="2.0.0"), "MAG-E565"),
        (b" " * 2000 + log(), "MAG-E566"),
        (b"[" * 900, "MAG-E564"),
    ],
)
def test_what_is_wrong_is_said(raw, code):
    with pytest.raises(Refused) as caught:
        read(raw, max_bytes=2000)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "uri", ["../a.py", "/etc/passwd", "file:///etc/passwd", "a/%2e%2e/%2e%2e/b", ".git/config", "https://x/y"]
)
def test_a_place_outside_is_refused_by_itself(uri):
    found, refused = read(log(result(uri), result("b.py")), root="/srv/shop")
    assert [f.path for f in found] == ["b.py"]
    assert [(r.result, r.code) for r in refused] == [(0, "MAG-E567")]


def test_uris_of_every_form_name_the_same_file():
    found, _ = read(log(result("a.py"), result("/srv/shop/a.py"), result("file:///srv/shop/a.py")), root="/srv/shop")
    assert {f.path for f in found} == {"a.py"}
    assert len({f.id for f in found}) == 3


def test_the_name_survives_a_move_of_the_line_and_keeps_partial_fingerprints():
    lines = lambda _path, _start, _end: "eval(x)"  # noqa: E731
    before, _ = read(log(result(line=3, partialFingerprints={"a.b/v1": "x"})), line_text=lines)
    after, _ = read(log(result(line=9)), line_text=lines)
    assert before[0].id == after[0].id
    assert before[0].partial_fingerprints == (("a.b/v1", "x"),)
