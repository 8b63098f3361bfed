"""Write the JSON Schemas and the golden vectors of all documents; `--check` only compares.

A changed golden vector means a changed wire format, which needs a new document version.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from world.wire_samples import SAMPLES  # noqa: E402  needs the path above

from magistrate.wire.document import Document  # noqa: E402

SCHEMAS = ROOT / "src/magistrate/wire/schemas"
VECTORS = ROOT / "tests/conformance/wire/vectors"


def expected() -> dict[Path, str]:
    """Every generated file with its content."""
    files: dict[Path, str] = {}
    for name, sample in SAMPLES.items():
        body: Any = type(sample.body)
        schema = msgspec.json.schema(Document[body])
        schema["$id"] = f"magistrate/{name}/v1"
        if "-" not in name:  # a variant of a document, after its name and a dash, has the schema of that document
            files[SCHEMAS / f"{name}.v1.json"] = json.dumps(schema, indent=1, sort_keys=True) + "\n"
        envelope = sample.seal()
        vector = {
            "payload": envelope.payload_bytes().decode(),
            "digest": envelope.payload_digest(),
            "envelope": msgspec.to_builtins(envelope),
        }
        files[VECTORS / f"{name}.v1.json"] = json.dumps(vector, indent=1) + "\n"
    return files


def main() -> int:
    """Write the files, or with `--check` name those that differ."""
    check = "--check" in sys.argv[1:]
    stale = []
    for path, content in expected().items():
        if path.exists() and path.read_text() == content:
            continue
        stale.append(path)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    for path in stale:
        print(f"{'stale' if check else 'wrote'} {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
