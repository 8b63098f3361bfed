"""From a freeze to the refusal of an effect: the credential that a real gate gave pushes no more (R59).

Two ways: the file is dropped, and the gate took it at its own door. The clock runs from the moment the freeze is there
(the rename, the start of the request) to the end of a real `git push` that the gate refused. The peer, in the same
run, is a push with a token that the gate never gave: the least that any refused push costs here.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from measured import spread  # noqa: E402
from world.gate_world import REF, GateWorld, make_gate_world  # noqa: E402

from magistrate.wire.envelope import Envelope  # noqa: E402

RUNS = 20
NEVER_GIVEN = "mgc_" + "0" * 43
MEASURES = (
    "src/magistrate/gate/**/*", "src/magistrate/authority/stops.py", "src/magistrate/adapters/stop_files.py",
)  # fmt: skip


def main() -> dict[str, Any]:
    """Milliseconds from the freeze to the refused push, by both ways, and the peer's refused push."""
    dropped, taken, peer = [], [], []
    with tempfile.TemporaryDirectory() as made:
        gate = make_gate_world(Path(made))
        gate.start()
        try:
            for _ in range(RUNS):
                dropped.append(_refused(gate, _drop))
                taken.append(_refused(gate, _tell))
                peer.append(_push(gate, NEVER_GIVEN))
        finally:
            gate.stop()
    return {
        "dropped_to_refused_ms": spread(dropped), "told_to_refused_ms": spread(taken), "peer_refused_push_ms": spread(peer),
        "ratio_dropped": round(statistics.median(dropped) / statistics.median(peer), 2),
        "ratio_told": round(statistics.median(taken) / statistics.median(peer), 2),
        "slowest_ms": round(max(*dropped, *taken), 1),
    }  # fmt: skip


def _refused(gate: GateWorld, stop: Callable[[GateWorld, Envelope], Callable[[], None]]) -> float:
    """Milliseconds from the freeze to the refusal of the credential that was held before it."""
    bundle = gate.case().build()
    credential, freeze = gate.credential(bundle=bundle), gate.freeze("shop")
    before, began = gate.tip(), time.perf_counter()
    lift = stop(gate, freeze)
    _push(gate, credential.token)
    took = (time.perf_counter() - began) * 1000
    if gate.tip() != before:
        raise AssertionError("the ref moved under a freeze")
    lift()
    assert bundle.warrant is not None  # noqa: S101  built so
    gate.post("/gate/v1/holds/release", {"warrant": bundle.warrant.payload_digest()})
    return took


def _push(gate: GateWorld, token: str) -> float:
    """Milliseconds of a push that is refused."""
    began = time.perf_counter()
    if gate.push(token, f"{gate.change}:{REF}").returncode == 0:
        raise AssertionError("the push went through")
    return (time.perf_counter() - began) * 1000


def _drop(gate: GateWorld, freeze: Envelope) -> Callable[[], None]:
    gate.settings.freeze.mkdir(exist_ok=True)
    scratch, place = gate.settings.home / "freeze.new", gate.settings.freeze / "now.json"
    scratch.write_bytes(freeze.encode())
    scratch.rename(place)
    return place.unlink


def _tell(gate: GateWorld, freeze: Envelope) -> Callable[[], None]:
    def say(envelope: Envelope) -> None:
        answer = httpx.post(f"{gate.url}/gate/v1/stops", content=envelope.encode(), timeout=30)
        if answer.status_code != httpx.codes.OK:
            raise AssertionError(answer.text)

    say(freeze)
    return lambda: say(gate.thaw(freeze, "carla", "ben"))


if __name__ == "__main__":
    print(json.dumps(main()))
