"""Client of a witness (C2SP tlog-witness v1.0.0 over HTTP), as the log uses it.

Rule kept: only a cosignature that verifies under the configured key is handed on; whatever
else happens is `Unavailable` (try again) or `Refused` (the witness knows another history).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import httpx

from magistrate.errors import Refused, Unavailable
from magistrate.ledger.checkpoint import parse_number
from magistrate.ledger.cosign import verify_cosignature
from magistrate.ledger.note import COSIGNATURE, parse_vkey
from magistrate.ledger.submission import format_submission

MAX_ANSWER = 262_144


class WitnessClient:
    """One witness at an URL, known by its vkey; keeps its connection open."""

    def __init__(self, url: str, vkey: str, *, timeout: float = 5.0) -> None:
        self._key = parse_vkey(vkey, COSIGNATURE)
        self._client = httpx.Client(base_url=url, timeout=timeout, trust_env=False)
        self._known: int = 0

    @property
    def vkey(self) -> str:
        """Its verifier key."""
        return self._key.encode()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def cosign(self, size: int, prove: Callable[[int], tuple[bytes, ...]], note: str) -> str:
        """Cosignature lines for a note over `size` leaves; `prove(old)` gives the proof from `old`.

        Raises:
            Unavailable: MAG-E220 when the witness can not be reached or fails.
            Refused: MAG-E221 when it does not accept this log or key, MAG-E222 when it knows
                another history; MAG-E209 out of `prove` when it has seen more than `size`.
        """
        old = min(self._known, size)
        for _ in range(2):
            answer = self._send("POST", "/add-checkpoint", format_submission(old, prove(old), note))
            if answer.status_code != httpx.codes.CONFLICT:
                break
            seen = parse_number(answer.text.removesuffix("\n"))
            if seen == old:
                raise Refused("MAG-E222", f"the witness has seen another tree of size {seen}")
            old = seen
        if answer.status_code != httpx.codes.OK:
            raise self._failure(answer)
        text = note[: note.rfind("\n\n") + 2]
        verify_cosignature(text + answer.text, self._key)
        self._known = size
        return "".join(line + "\n" for line in answer.text.splitlines() if line.startswith(f"\u2014 {self._key.name} "))

    def latest(self, origin: str) -> str | None:
        """The checkpoint that the witness last cosigned for this origin, or None.

        Raises:
            Unavailable: MAG-E220 when it can not be reached.
            Refused: MAG-E201 or MAG-E203 when its own cosignature is not on it.
        """
        answer = self._send("GET", f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint", b"")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.status_code != httpx.codes.OK:
            raise self._failure(answer)
        verify_cosignature(answer.text, self._key)
        return answer.text

    def _send(self, method: str, path: str, body: bytes) -> httpx.Response:
        try:
            answer = self._client.request(method, path, content=body)
        except httpx.HTTPError as error:
            raise Unavailable(
                "MAG-E220",
                f"the witness `{self._key.name}` does not answer: {type(error).__name__}",
                hint="start it with `magistrate witness`; nothing is sealed without it",
            ) from error
        if len(answer.content) > MAX_ANSWER:
            raise Unavailable("MAG-E220", f"the witness `{self._key.name}` answers more than {MAX_ANSWER} bytes")
        return answer

    def _failure(self, answer: httpx.Response) -> Refused | Unavailable:
        said = f"the witness `{self._key.name}` answers {answer.status_code}: {answer.text[:200].strip()}"
        if answer.status_code in (httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY):
            return Refused("MAG-E222", said, hint="the log may have been rewritten or set back; do not go on")
        if answer.is_client_error:
            return Refused("MAG-E221", said, hint="does the witness know this log and its key?")
        return Unavailable("MAG-E220", said)
