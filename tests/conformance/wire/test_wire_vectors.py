"""Golden vectors and schemas: the wire format of every document, frozen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import rfc8785
from world.wire_samples import DEPLOYMENT, SAMPLES

from magistrate.errors import Refused, Usage
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope, decode_envelope

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
DESIGN_ROWS = {
    "roster", "policy_bundle", "promotion", "exception", "thaw", "freeze", "withdrawal", "closure", "agent_manifest",
    "session", "proposal", "evidence", "assessment", "decision", "approval", "rejection", "warrant", "lease",
    "journal_entry", "report",
}  # fmt: skip


def test_every_row_of_the_design_has_a_document_a_schema_and_a_vector() -> None:
    assert set(SAMPLES) >= DESIGN_ROWS
    for name in SAMPLES:
        assert (HERE / "vectors" / f"{name}.v1.json").exists()
        assert (ROOT / "src/magistrate/wire/schemas" / f"{name.partition('-')[0]}.v1.json").exists()


def test_schemas_and_vectors_are_what_the_code_writes() -> None:
    result = subprocess.run(
        [sys.executable, ROOT / "tools/wire_vectors.py", "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_vector_is_read_back_and_agrees_with_rfc_8785(name: str) -> None:
    vector = json.loads((HERE / "vectors" / f"{name}.v1.json").read_text())
    payload = vector["payload"].encode()
    assert rfc8785.dumps(json.loads(payload)) == payload
    assert digest(payload) == vector["digest"]
    envelope = msgspec.convert(vector["envelope"], Envelope)
    assert decode_envelope(envelope.encode()) == envelope
    sample = SAMPLES[name]
    document = open_envelope(envelope, type(sample.body), deployment=DEPLOYMENT, audience=sample.audience)
    assert document.body == sample.body


@pytest.mark.requirement("R13")
@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_another_deployment_audience_type_or_field_is_refused(name: str) -> None:
    sample = SAMPLES[name]
    body, envelope = type(sample.body), sample.seal()
    with pytest.raises(Refused, match="deployment"):
        open_envelope(envelope, body, deployment="other", audience=sample.audience)
    with pytest.raises(Refused, match="audience"):
        open_envelope(envelope, body, deployment=DEPLOYMENT, audience="somebody-else")
    other = next(type(s.body) for s in SAMPLES.values() if name != s.body.NAME)
    with pytest.raises(Refused, match="expected"):
        open_envelope(envelope, other, deployment=DEPLOYMENT, audience=sample.audience)
    tree = json.loads(envelope.payload_bytes())
    tree["body"]["extra"] = 1
    with pytest.raises(Usage):
        _reopen(envelope, canonical(tree), sample.audience, body)
    spaced = json.dumps(json.loads(envelope.payload_bytes()), sort_keys=True).encode()
    with pytest.raises(Usage, match="canonical"):
        _reopen(envelope, spaced, sample.audience, body)


def _reopen(envelope: Envelope, payload: bytes, audience: str, body: type) -> None:
    import base64

    changed = msgspec.structs.replace(envelope, payload=base64.b64encode(payload).decode())
    open_envelope(changed, body, deployment=DEPLOYMENT, audience=audience)
