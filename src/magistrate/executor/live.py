"""One look at a live HTTP target, as the policy's probe describes it."""

from __future__ import annotations

from typing import Final

import httpx

from magistrate.executor.ports import Seen
from magistrate.wire.policy_bundle import HttpProbe

LOOK_SECONDS: Final = 5.0
MAX_BODY_BYTES: Final = 1_000_000


class HttpLook:
    """Looks by GET, without proxies, redirects or cookies."""

    def look(self, probe: HttpProbe, commit: str) -> Seen:
        """Compare status and body; the wanted text may name `{commit}`. Never raises for the target's sake."""
        wanted = probe.body_contains.replace("{commit}", commit)
        try:
            with (
                httpx.Client(timeout=LOOK_SECONDS, trust_env=False, follow_redirects=False) as client,
                client.stream("GET", probe.url) as answer,
            ):
                body = _limited(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Seen(held=False, seen=f"no answer ({type(error).__name__})")
        if answer.status_code != probe.status:
            return Seen(held=False, seen=f"status {answer.status_code}, wanted {probe.status}")
        if wanted not in body:
            return Seen(held=False, seen=f"status {answer.status_code}, the body lacks what was wanted")
        return Seen(held=True, seen=f"status {answer.status_code}, body as wanted")


def _limited(answer: httpx.Response) -> str:
    parts, size = [], 0
    for chunk in answer.iter_bytes():
        parts.append(chunk)
        size += len(chunk)
        if size >= MAX_BODY_BYTES:
            break
    return b"".join(parts)[:MAX_BODY_BYTES].decode(errors="replace")
