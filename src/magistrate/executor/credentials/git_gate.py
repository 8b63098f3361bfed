"""The broker of the embedded git service: leases from `magistrate gate`.

Rule kept (R50, R52): a token exists in this process's memory between the answer to a lease and
its revocation, and nowhere else; one use, one ref, exactly `old -> new`, 60 s at most.
Where the executor has a workload token, it is read or asked for after the row of the lease is durable and goes
with the request that the executor signs.
Revocation matrix: stops new use at once (one row); a push under way ends before the answer;
the secret is not needed in order to revoke.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlsplit

from magistrate.authority.closures import Halt
from magistrate.authority.stops import Stops
from magistrate.errors import Refused
from magistrate.executor.credentials.workload_token import no_token
from magistrate.executor.ports import Credential, ProviderLease, Seen
from magistrate.executor.signed_http import SignedHttp
from magistrate.wire import gate_api
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.envelope import Envelope
from magistrate.wire.gate_api import (
    DrillLeaseRequest,
    DrillRepositoryReply,
    DrillRepositoryRequest,
    HoldHalt,
    HoldRelease,
    LeaseList,
    LeaseRequest,
    LeaseView,
    StopList,
    Tip,
)

_REFUSING: Final = frozenset({401, 403})
_PUSH: Final = "application/x-git-receive-pack-request"


class GitGate:
    """Talks to one gate. A push URL that leads elsewhere is refused."""

    def __init__(self, http: SignedHttp, base_url: str, workload: Callable[[], str] = no_token) -> None:
        self._http = http
        self._base = base_url
        self._workload = workload

    def request(self, bundle: CaseBundle, lease: Envelope, withdrawals: tuple[Envelope, ...]) -> Credential:
        """Mint a credential for the lease; the gate verifies the whole case by itself."""
        asked = LeaseRequest(lease=lease, bundle=bundle, withdrawals=withdrawals, workload=self._workload())
        return self._credential(self._http.post("/gate/v1/leases", asked, gate_api.Credential))

    def request_drill(self, order: Envelope, lease: Envelope) -> Credential:
        """Mint a credential on the scratch repository of an ordered drill."""
        asked = DrillLeaseRequest(lease=lease, order=order, workload=self._workload())
        return self._credential(self._http.post("/gate/v1/drill-leases", asked, gate_api.Credential))

    def prepare_scratch(self, order: Envelope) -> str:
        """Make the scratch repository anew; the commit its ref points at."""
        asked = DrillRepositoryRequest(order=order)
        return self._http.post("/gate/v1/drill-repositories", asked, DrillRepositoryReply).commit

    def revoke(self, lease: str) -> ProviderLease:
        """Kill a credential; the answer comes after a push under way has ended."""
        return _provider(self._http.post(f"/gate/v1/leases/{quote(lease, safe='')}/revoke", {}, LeaseView))

    def state(self, lease: str) -> ProviderLease:
        """What the gate says of a lease."""
        return _provider(self._http.get(f"/gate/v1/leases/{quote(lease, safe='')}", LeaseView))

    def leases(self) -> tuple[ProviderLease, ...]:
        """Every lease that the gate would honour now, newest first, page after page."""
        found: list[ProviderLease] = []
        after = ""
        while True:
            page = self._http.get(f"/gate/v1/leases?live=yes{after and '&after=' + quote(after, safe='')}", LeaseList)
            found += map(_provider, page.leases)
            if not page.next:
                return tuple(found)
            after = page.next

    def disown(self, lease: str) -> ProviderLease:
        """Have the gate kill a lease that nobody asked for, and close its repository."""
        return _provider(self._http.post(f"/gate/v1/leases/{quote(lease, safe='')}/foreign", {}, LeaseView))

    def probe(self, credential: Credential) -> Seen:
        """Try to begin a push with the token: the advertisement, then an empty push. Changes nothing."""
        bearer = {"Authorization": f"Bearer {credential.token}"}
        advertised = self._http.plain("GET", f"{credential.address}/info/refs?service=git-receive-pack", bearer)
        pushed = self._http.plain(
            "POST", f"{credential.address}/git-receive-pack", {**bearer, "Content-Type": _PUSH}, b"0000"
        )
        held = advertised in _REFUSING and pushed in _REFUSING
        word = "refused" if held else "ACCEPTED"
        return Seen(held=held, seen=f"push {word} ({advertised}, {pushed})")

    def attempt(self, credential: Credential, url: str, service: str) -> Seen:
        """Try the token for another service or repository of the gate; `held` when it was refused."""
        bearer = {"Authorization": f"Bearer {credential.token}"}
        status = self._http.plain("GET", f"{url}/info/refs?service={service}", bearer)
        return Seen(held=status in _REFUSING or status == 404, seen=f"{service} answered {status}")  # noqa: PLR2004

    def stops(self) -> Stops:
        """What people told the gate directly and nobody lifted (raises Unavailable when it does not answer)."""
        found = self._http.get("/gate/v1/stops", StopList)
        return Stops(kept=found.freezes, thaws=found.thaws, withdrawals=found.withdrawals)

    def release_hold(self, warrant: str) -> None:
        """Give the ref free for other warrants."""
        self._http.post("/gate/v1/holds/release", HoldRelease(warrant=warrant), dict[str, Any])

    def hold_for_people(self, warrant: str, halt: Halt, why: str) -> None:
        """Have the gate keep the ref of a halted warrant until people close its case."""
        told = HoldHalt(
            warrant=warrant, proposal=halt.proposal, owner=halt.owner, repository=halt.repository, ref=halt.ref, why=why
        )
        self._http.post("/gate/v1/holds/halt", told, dict[str, Any])

    def read_ref(self, repository: str, ref: str) -> str:
        """Where a ref stands behind the gate."""
        path = f"/gate/v1/repositories/{quote(repository, safe='')}/tip?ref={quote(ref, safe='/')}"
        return self._http.get(path, Tip).commit

    def _credential(self, given: gate_api.Credential) -> Credential:
        there, here = urlsplit(given.push_url), urlsplit(self._base)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise Refused("MAG-E386", "the gate named a push URL that is not its own")
        return Credential(
            lease=given.lease, token=given.token, address=given.push_url.rstrip("/"), expires=given.expires
        )


def _provider(view: LeaseView) -> ProviderLease:
    return ProviderLease(
        lease=view.lease, state=view.state, usable=view.usable, ref_state=view.ref_state, repository=view.repository,
        executor=view.executor, executor_listed=view.executor_listed,
    )  # fmt: skip
