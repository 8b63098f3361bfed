"""Control, as the executor sees it over HTTP: it is asked for work, told steps and results."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from magistrate.errors import NotFound, Refused
from magistrate.executor.ports import DrillCall
from magistrate.executor.signed_http import SignedHttp
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.envelope import Envelope

_BASE = "/api/v1/executor"


class _Warrants(msgspec.Struct, frozen=True, kw_only=True):
    bundles: tuple[CaseBundle, ...]


class _Orders(msgspec.Struct, frozen=True, kw_only=True):
    orders: tuple[DrillCall, ...]


class HttpInbox:
    """The executor's API of control; every call raises Unavailable when control does not answer.

    `assessor` gives the digest of this executor's own assessor: control is told it with each question for work, so
    that it sees before a warrant is issued that both run different versions.
    """

    def __init__(self, http: SignedHttp, assessor: Callable[[], str]) -> None:
        self._http = http
        self._assessor = assessor

    def warrants(self) -> tuple[CaseBundle, ...]:
        """Bundles whose warrant nobody has taken."""
        own = self._assessor().removeprefix("sha256:")
        return self._http.get(f"{_BASE}/warrants" + (f"?assessor={own}" if own else ""), _Warrants).bundles

    def take(self, warrant: str) -> bool:
        """Take a warrant; False when control refuses."""
        try:
            self._http.tell(f"{_BASE}/warrants/{warrant}/taken", {})
        except (Refused, NotFound):
            return False
        return True

    def drills(self) -> tuple[DrillCall, ...]:
        """Orders that have no results yet."""
        return self._http.get(f"{_BASE}/drills", _Orders).orders

    def send_step(self, entry: Envelope) -> None:
        """Hand over one journal entry."""
        self._http.tell(f"{_BASE}/steps", {"envelope": entry})

    def send_report(self, report: Envelope) -> None:
        """Hand over a report."""
        self._http.tell(f"{_BASE}/reports", {"envelope": report})

    def send_drill_result(self, result: Envelope) -> None:
        """Hand over the result of one drill."""
        self._http.tell(f"{_BASE}/drills/results", {"envelope": result})

    def log_export(self) -> bytes:
        """The whole log as a tar archive."""
        return self._http.raw(f"{_BASE}/log/export")
