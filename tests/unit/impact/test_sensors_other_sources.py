"""What the examples of other scanners taught the sensors: each under a path and a name that say nothing."""

from __future__ import annotations

import importlib

import pytest

from magistrate.domain.impact import FileChange, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile

FAKE = "a1B2c3D4" + "e5F6g7H8" + "i9J0k1L2"
"""Plainly fake: letters and digits in turn."""


def found(sensor: str, after: str, path: str = "zz/notes.bin.txt") -> list[Sensitivity]:
    """What one sensor says of a line that is added."""
    speaker = importlib.import_module(f"magistrate.impact.sensors.{sensor}").SENSOR
    change = FileChange(path=path, before=b"keep\n", after=f"keep\n{after}\n".encode())
    return list(speaker.sense(ChangedFile(change=change), BaseTree()))


SAID = [
    ("secrets", f"relay {FAKE}"),
    ("secrets", "glpat-" + "aBcDeFgHiJ" + "kLmNoPqRsT"),
    ("secrets", "tskey-auth-" + "CCCCCCCCCCCC-DDDDDDDDDDDDDDDD"),
    ("secrets", "$2a$05$" + "Uo385Fa0g86uUXHwZxB90.qMMdRFExaXePGka4WGFv"),
    ("secrets", "relay ACCESS " + "ZYXWVUTSRQPONMLKJIHGFEDC"),
    ("secrets", "run -u Administrator -p dev_admin CMD"),
    ("secrets", 'Connection c = DriverManager.getConnection(url, "admin", "admin");'),
    ("secrets", "path: /root/.aws/credentials"),
    ("secrets", '  resources: ["serviceaccounts/token"]'),
    ("secrets", "Type: AWS::Pinpoint::APNSChannel"),
    ("secrets", "NoEcho: True"),
    ("secrets", "kind: ClusterRole"),
    ("secrets", "        hostPath:"),
    ("secrets", "const it = await new jose.SignJWT({})"),
    ("limits_and_flags", "  loop {"),
    ("limits_and_flags", "while True:"),
    ("limits_and_flags", "child, _ := context.WithCancel(ctx)"),
    ("limits_and_flags", "var found = /d(b+)d/g.exec(said);"),
    ("limits_and_flags", "err := http.Serve(l, nil)"),
    ("limits_and_flags", "self.where(name.to_sym)"),
    ("limits_and_flags", "self.error = str(err)[:50]"),
    ("limits_and_flags", "kind: Pod"),
    ("limits_and_flags", 'name := said["name"].(string)'),
    ("authentication", "id = params.delete(:bucket)"),
    ("authentication", "Email.find_by! id: params[:id]"),
    ("authentication", "return unless allow_comments?(it)"),
    ("authentication", "if ('plain' == password) {"),
    ("authentication", 'app.use(express.static("public"))'),
    ("authentication", "http.Error(w, text, code)"),
    ("authentication", "Application.config.secret_key_base = read()"),
    ("injection", "render @page"),
    ("injection", "  %td= user.stuff"),
    ("injection", "self.find(:all, :conditions => text)"),
    ("injection", "my_other_path.joinpath(given)"),
    ("injection", "VelocityEngine engine = make();"),
    ("network", "httpServer := make()"),
    ("network", 'it = InetAddress.getByName("localhost");'),
    ("cryptography", "  'verify' => false"),
    ("cryptography", "kind: StorageClass"),
    ("cryptography", "    component: kube-apiserver"),
    ("audit_config", "glog.V(4).Infof(text)"),
    ("audit_config", "log.G(ctx).WithField(a, b).Debug(text)"),
    ("audit_config", "      days = 120"),
]


@pytest.mark.requirement("R24", "R26")
@pytest.mark.parametrize(("sensor", "after"), SAID)
def test_what_other_scanners_must_find_is_told(sensor: str, after: str) -> None:
    assert found(sensor, after)


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("path", "after"),
    [
        ("zz/notes.md", f'key = "{FAKE}"'),
        ("zz/notes.py", f'# site.key = "{FAKE}"'),
        ("zz/notes.rst", "glpat-" + "aBcDeFgHiJ" + "kLmNoPqRsT"),
    ],
)
def test_a_key_on_a_page_or_in_a_comment_has_leaked_as_well(path: str, after: str) -> None:
    assert any(hit.itself for hit in found("secrets", after, path))


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("sensor", "after"),
    [
        ("secrets", "    X-PyPI-Last-Serial: 24888689"),
        ("secrets", "costs $5 or $10"),
        ("limits_and_flags", "one := context.Background()"),
        ("limits_and_flags", "for one in rows {"),
        ("injection", '{"conditions": 3}'),
        ("network", "kind: parcel"),
        ("audit_config", 'fail("said")'),
        ("infrastructure", '	Resources: []string{"a"},'),
    ],
)
def test_what_only_looks_alike_is_not_told(sensor: str, after: str) -> None:
    assert not found(sensor, after)
