"""The assessor as a program: one JSON request on stdin, one JSON verdict on stdout.

`python -m magistrate.judge` holds nothing and reaches nothing: no network, no store, no host
file besides its own source, whose digest names the assessor. The same request gives the same
bytes on every machine. A bad request gives `{"error": {...}}` and exit status 4.

Where the first line is `{"v": 1, "mode": "many", "texts": {NAME: TEXT}}`, each following line is a
request and gets its line of answer as soon as it is there; their contexts may name texts
(`"context": {"named": {PATH: NAME}, "complete": true}`). An answer is the same either way.
"""

from __future__ import annotations

import base64
import binascii
import gc
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from magistrate.domain.impact import (
    BehaviourChange,
    BlastRadius,
    Evidence,
    EvidenceRequest,
    Impact,
    NoWayBack,
    PrivilegeChange,
    Proof,
    SecretReach,
    Sensitivity,
    strictness_of,
)
from magistrate.errors import MagistrateError, Usage
from magistrate.impact.assess import assess, power_moved
from magistrate.impact.base import ChangedFile
from magistrate.impact.case import Case, parse_case
from magistrate.wire.canonical import canonical

VERSION: Final = 1
CANNOT: Final = 4


@cache
def assessor_digest() -> str:
    """`sha256:` over the source bytes of this program, `impact/` and the words of impact."""
    root = Path(__file__).resolve().parent
    sources = [root / "judge.py", root / "domain" / "impact.py", *(root / "impact").rglob("*.py")]
    total = hashlib.sha256()
    for source in sorted(sources, key=lambda path: path.relative_to(root).as_posix()):
        name, content = source.relative_to(root).as_posix().encode(), source.read_bytes()
        total.update(b"%d:%s%d:" % (len(name), name, len(content)) + content)
    return "sha256:" + total.hexdigest()


def assess_request(request: Mapping[str, Any], assessor: str, texts: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Mode `assess`: a case and evidence in, the assess contract out (design, section 7).

    Raises:
        Usage: MAG-E250 or MAG-E252 for a part with another shape.
    """
    case = parse_case(request.get("case"), texts)
    impact = assess(case, _evidence(request.get("evidence")))
    return {
        "assessment": assessment(case, impact, assessor),
        "evidence_wanted": [_wanted(want) for want in impact.evidence_wanted],
        "context_wanted": impact.context_wanted,
    }


def privilege_request(
    request: Mapping[str, Any], _assessor: str, texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Mode `privilege`: a case and evidence in, whose power it moves out, and nothing else.

    Raises:
        Usage: MAG-E250 or MAG-E252 for a part with another shape.
    """
    case = parse_case(request.get("case"), texts)
    moved = power_moved(case, _evidence(request.get("evidence")))
    return {
        "privilege": [_moves(row) for row in moved.rows],
        "together": list(moved.together),
        "more": moved.more,
        "evidence_wanted": [_wanted(want) for want in moved.wanted],
    }


def releases_request(
    request: Mapping[str, Any], _assessor: str, texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Mode `releases`: a case in, the releases of registries that come with each file out; nobody looked at them yet.

    Raises:
        Usage: MAG-E250 for a part with another shape.
    """
    from magistrate.impact.dependencies.facts import facts_digest  # noqa: PLC0415  only where somebody asks registries
    from magistrate.impact.dependencies.releases import releases_of  # noqa: PLC0415

    files = [ChangedFile(change=change) for step in parse_case(request.get("case"), texts).steps for change in step]
    found = [(file, *releases_of(file)) for file in files]
    return {
        "files": [
            {
                "path": file.path,
                "inputs_digest": facts_digest(file.path, file.change.after or b""),
                "releases": [[pin.ecosystem, pin.name, pin.version] for pin in pins],
            }
            for file, pins, _ in found
            if pins
        ],
        "elsewhere": sum(others for _, _, others in found),
    }


def links_request(
    request: Mapping[str, Any], _assessor: str, _texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Mode `links`: texts of a repository in, what they say of other repositories out (R34).

    Raises:
        Usage: MAG-E250 for a part with another shape.
    """
    from magistrate.impact.links.reading import ends_of, texts_of, told  # noqa: PLC0415  only where a chain is judged

    return told(ends_of(texts_of(request.get("texts"))))


def secrets_request(
    request: Mapping[str, Any], _assessor: str, _texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Mode `secrets`: texts of a tree and places of findings in, what the secrets there open out (R36).

    Raises:
        Usage: MAG-E250 for a part with another shape.
    """
    from magistrate.impact.reach.found import reaches_of  # noqa: PLC0415  only where somebody asks about findings

    return reaches_of(request)


def decide_request(
    request: Mapping[str, Any], _assessor: str, _texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Mode `decide`: verdict, policy and place in, what it needs out (see `policy.decide`)."""
    from magistrate.policy.decide import decide  # noqa: PLC0415  the engine is loaded only where it is asked

    return decide(request)


MODES: Final[dict[str, Callable[[Mapping[str, Any], str, Mapping[str, str] | None], dict[str, Any]]]] = {
    "assess": assess_request,
    "decide": decide_request,
    "links": links_request,
    "privilege": privilege_request,
    "releases": releases_request,
    "secrets": secrets_request,
}
"""Every mode of the assessor: request, assessor digest and texts that contexts may name in, reply out."""
MANY: Final = b'{"v":1,"mode":"many",'


def answer_many(content: bytes) -> Iterator[bytes]:
    """The answer to each line after the first, as it is made.

    Raises:
        MsgspecError: where the first line has another shape.
    """
    lines = content.split(b"\n")
    texts = msgspec.json.decode(lines[0], type=_Texts).texts
    for line in lines[1:]:
        yield answer(line, texts)[0]


class _Texts(msgspec.Struct):
    texts: dict[str, str]


def answer(content: bytes, texts: Mapping[str, str] | None = None) -> tuple[bytes, int]:
    """Answer one request: canonical JSON and the exit status."""
    with _collected_afterwards():
        return _answer(content, texts)


@contextmanager
def _collected_afterwards() -> Iterator[None]:
    """No search for rubbish while a question is open: trees of syntax are none, and looking through them takes a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _answer(content: bytes, texts: Mapping[str, str] | None) -> tuple[bytes, int]:
    try:
        request = msgspec.json.decode(content)
        if not isinstance(request, dict) or request.get("v") != VERSION or isinstance(request.get("v"), bool):
            raise Usage("MAG-E252", f"the request is not an object of version {VERSION}")
        mode = request.get("mode")
        if not isinstance(mode, str) or mode not in MODES:
            raise Usage("MAG-E254", f"there is no mode `{str(mode)[:40]}`")
        return canonical(MODES[mode](request, assessor_digest(), texts)), 0
    except MagistrateError as error:
        return _error(error.code, error.message), CANNOT
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return _error("MAG-E252", f"the request is not JSON that can be read: {error}"), CANNOT


def assessment(case: Case, impact: Impact, assessor: str) -> dict[str, Any]:
    """The verdict as section 7 words it; no times, no hosts."""
    return {
        "id": case.id,
        "digest": case.digest,
        "assessor": assessor,
        "classes": [str(kind) for kind in impact.classes],
        "auto_eligible": impact.auto_eligible,
        "strictness": str(impact.strictness),
        "files": [
            {
                "path": file.path,
                "class": str(file.change_class),
                "proof": {
                    "rule": file.proof.rule,
                    "status": str(file.proof.status),
                    "why": file.proof.why,
                    "witness": dict(file.proof.witness),
                },
                **({} if file.strictness is strictness_of(file.change_class) else {"asks": str(file.strictness)}),
                **({"tried": [_tried(proof) for proof in file.tried]} if file.tried else {}),
            }
            for file in impact.files
        ],
        "sensitivities": [_found(found) for found in impact.sensitivities],
        **({"mentions": [_found(found) for found in impact.mentions]} if impact.mentions else {}),
        **({"behaviour": [_behaves(one) for one in impact.behaviour]} if impact.behaviour else {}),
        **({"no_way_back": [_stays(one) for one in impact.no_way_back]} if impact.no_way_back else {}),
        **({"secrets": [_opens(one) for one in impact.secrets]} if impact.secrets else {}),
        "denials": [
            {"kind": denial.rule, "path": denial.path, "line": denial.line, "why": denial.why}
            for denial in impact.denials
        ],
        "privilege": [_moves(row) for row in impact.privilege],
        "blast_radius": _reaches(impact.blast_radius),
        "reversible": impact.reversible,
        "composition": {"steps": len(case.steps), **({"together": list(impact.together)} if impact.together else {})},
        "reasons": list(impact.reasons),
    }


def main() -> int:
    """Read stdin whole, answer on stdout."""
    content = sys.stdin.buffer.read()
    if content.startswith(MANY):
        for one in answer_many(content):
            sys.stdout.buffer.write(one + b"\n")
            sys.stdout.buffer.flush()
        return 0
    reply, status = answer(content)
    sys.stdout.buffer.write(reply + b"\n")
    return status


def _evidence(value: object) -> tuple[Evidence, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Usage("MAG-E252", "`evidence` is not a list")
    return tuple(_one_evidence(entry) for entry in value)


def _one_evidence(entry: object) -> Evidence:
    names = ("tool", "tool_digest", "path", "inputs_digest", "output")
    if not isinstance(entry, dict) or any(not isinstance(entry.get(name), str) for name in names):
        raise Usage("MAG-E252", f"an evidence has not the texts {', '.join(names)}")
    try:
        output = base64.b64decode(entry["output"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Usage("MAG-E252", "the `output` of an evidence is not base64") from error
    return Evidence(
        tool=entry["tool"],
        tool_digest=entry["tool_digest"],
        path=entry["path"],
        inputs_digest=entry["inputs_digest"],
        output=output,
    )


def _found(found: Sensitivity) -> dict[str, Any]:
    return {"kind": str(found.kind), "path": found.path, "line": found.line, "why": found.why}


def _behaves(one: BehaviourChange) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("kind", "path", "line", "before", "after", "why")}


def _reaches(one: BlastRadius) -> dict[str, Any]:
    """As section 7 words it; what nobody can say is the word `unknown`, which counts as the largest."""
    return {
        "files": one.files,
        "dependents": "unknown" if one.dependents is None else one.dependents,
        "packages": list(one.packages),
        "services": list(one.services),
        "environments": list(one.environments),
        "data_stores": list(one.data_stores),
        "owners": list(one.owners),
        "complete": one.complete,
        **({"why": one.why} if one.why else {}),
    }


def _stays(one: NoWayBack) -> dict[str, Any]:
    return {"path": one.path, "line": one.line, "operation": one.operation, "why": one.why}


def _opens(one: SecretReach) -> dict[str, Any]:
    named = {"name": one.name, "path": one.path, "line": one.line}
    return {**named, "consumers": list(one.consumers), "opens": list(one.opens)}


def _moves(row: PrivilegeChange) -> dict[str, Any]:
    return {
        "domain": row.domain,
        "verdict": str(row.verdict),
        "who": row.who,
        "gains": f"no longer {row.gains}" if row.loses else row.gains,
        "witness": row.witness,
        "path": row.path,
        **({"line": row.line} if row.line else {}),
    }


def _tried(proof: Proof) -> dict[str, str]:
    return {"rule": proof.rule, "status": str(proof.status), "class": str(proof.change_class), "why": proof.why}


def _wanted(want: EvidenceRequest) -> dict[str, Any]:
    inputs = [{"path": path, "sha256": digest} for path, digest in want.inputs]
    return {"tool": want.tool, "path": want.path, "inputs_digest": want.inputs_digest, "inputs": inputs}


def _error(code: str, message: str) -> bytes:
    return canonical({"error": {"code": code, "message": message[:500]}})


if __name__ == "__main__":
    raise SystemExit(main())
