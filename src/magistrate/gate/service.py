"""The gate's HTTP door: one push for one warrant, and the leases around it.

`/<name>.git/...` is git smart HTTP for pushes with a lease token; `/gate/v1/*` is for
executors, with signed requests. Fetching is not served here: no credential of this door reads.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from magistrate.authority.admission import Pins
from magistrate.authority.request import verify_request
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.execution import LeasePurpose
from magistrate.errors import MagistrateError, Refused
from magistrate.gate.admission import (
    LeaseAsked,
    admit_drill,
    admit_effect,
    admit_order,
    admit_rollback,
    open_lease,
    own_roster,
)
from magistrate.gate.answers import answered, body_of, decoded, number_of, push_body, refusal, token_of
from magistrate.gate.backend import CgiCall, serve_push
from magistrate.gate.foreign import ForeignLeases
from magistrate.gate.grants import Grant, Grants
from magistrate.gate.grounds import Grounds
from magistrate.gate.halts import Halts
from magistrate.gate.judged import Judge, verify_judged
from magistrate.gate.listing import Listing
from magistrate.gate.peer import user_of_peer
from magistrate.gate.pktline import read_commands
from magistrate.gate.repositories import Repositories
from magistrate.gate.stopping import Stopping
from magistrate.gate.stops import MAX_BYTES
from magistrate.gate.workload import Workloads
from magistrate.wire.envelope import Envelope, decode_envelope
from magistrate.wire.gate_api import (
    Credential,
    DrillLeaseRequest,
    DrillRepositoryReply,
    DrillRepositoryRequest,
    HoldHalt,
    HoldRelease,
    LeaseList,
    LeaseRequest,
    StopKept,
    StopList,
    Tip,
)
from magistrate.wire.request import envelope_of
from magistrate.wire.sshsig import ssh_line
from magistrate.wire.times import rfc3339

AUDIENCE: Final = "gate"
DRILL_REF: Final = "refs/heads/main"
PAGE: Final = 200
_LOG: Final = logging.getLogger("magistrate.gate")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateParts:
    """What the gate stands on; `pins` and `roster_chain` read its own files anew each time."""

    home: Path
    pins: Callable[[], Pins]
    repositories: Repositories
    grants: Grants
    halts: Halts
    foreign: ForeignLeases
    grounds: Grounds
    workloads: Workloads
    judge: Judge
    base_url: str
    now: Callable[[], int]
    roster_chain: Callable[[], Sequence[Envelope]]
    stopping: Stopping


class Gate:
    """Routes of the gate."""

    def __init__(self, parts: GateParts) -> None:
        self._parts = parts
        self._pushing: dict[str, asyncio.Event] = {}

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/gate/v1/health", self._safe(self.health)),
            Route("/gate/v1/leases", self._safe(self.lease), methods=["POST"]),
            Route("/gate/v1/leases", self._safe(self.leases), methods=["GET"]),
            Route("/gate/v1/stops", self._safe(self.stop), methods=["POST"]),
            Route("/gate/v1/stops", self._safe(self.stops), methods=["GET"]),
            Route("/gate/v1/leases/{lease}", self._safe(self.state), methods=["GET"]),
            Route("/gate/v1/leases/{lease}/revoke", self._safe(self.revoke), methods=["POST"]),
            Route("/gate/v1/leases/{lease}/foreign", self._safe(self.foreign), methods=["POST"]),
            Route("/gate/v1/holds/release", self._safe(self.release), methods=["POST"]),
            Route("/gate/v1/holds/halt", self._safe(self.halt), methods=["POST"]),
            Route("/gate/v1/drill-repositories", self._safe(self.scratch), methods=["POST"]),
            Route("/gate/v1/drill-leases", self._safe(self.drill_lease), methods=["POST"]),
            Route("/gate/v1/repositories/{name}/tip", self._safe(self.tip), methods=["GET"]),
            Route("/{name}.git/info/refs", self._safe(self.advertise), methods=["GET"]),
            Route("/{name}.git/git-receive-pack", self._safe(self.receive), methods=["POST"]),
            Route("/{name}.git/{rest:path}", self._safe(self.no_reading), methods=["GET", "POST"]),
        ]
        return Starlette(routes=routes)

    # -- leases ---------------------------------------------------------------

    async def health(self, _request: HttpRequest) -> Response:
        """Whether the gate answers; nothing else is said to strangers."""
        return JSONResponse({"alive": True})

    async def lease(self, request: HttpRequest) -> Response:
        """Admit a warrant, write the grant row, then give out the token."""
        roster, keyid, body = await self._executor(request)
        asked_for = decoded(body, LeaseRequest)
        now = self._parts.now()
        asked = _noted(request, open_lease(asked_for.lease, roster, now))
        if asked.executor != keyid:
            raise Refused("MAG-E339", "the lease was signed by another executor than the one that asks")
        parts, stops = self._parts, self._parts.stopping.stops(roster, asked_for.withdrawals)
        if asked.document.body.purpose is LeasePurpose.ROLLBACK:
            parts.halts.inverse_asked(asked, now)
            grant = admit_rollback(asked, parts.grants, now)
            parts.workloads.verify_rollback(asked, asked_for.workload, now)
        elif asked_for.bundle is None:
            raise Refused("MAG-E339", "a lease for an effect comes with its whole case")
        else:
            grant, ground, bound, admitted = admit_effect(
                asked, asked_for.bundle, pins=parts.pins(), stops=stops, now=now
            )
            await verify_judged(parts.judge, admitted)
            place = admitted.repository.environment
            parts.workloads.verify_effect(asked, asked_for.workload, admitted.policy.body.workloads, place, now)
            parts.repositories.verify_place(admitted.effect, admitted.policy.repository(grant.repository))
            parts.foreign.verify_open(grant.repository, roster, stops.thaws)
            parts.halts.verify_free(grant, roster, stops.closures, parts.repositories.tip)
            parts.halts.remember(grant, asked_for.bundle, roster)
            parts.grounds.keep(grant.warrant, ground)
            parts.stopping.bind(grant.warrant, bound)
        return self._issue(request, grant, now)

    async def drill_lease(self, request: HttpRequest) -> Response:
        """The same on the scratch repository of a drill."""
        roster, keyid, body = await self._executor(request)
        asked_for = decoded(body, DrillLeaseRequest)
        now = self._parts.now()
        asked = _noted(request, open_lease(asked_for.lease, roster, now))
        if asked.executor != keyid:
            raise Refused("MAG-E339", "the lease was signed by another executor than the one that asks")
        grant, ground = admit_drill(asked, asked_for.order, roster, now)
        place = admit_order(asked_for.order, roster, now).body.environment
        self._parts.workloads.verify_drill(asked, asked_for.workload, place, now)
        self._parts.foreign.verify_open(grant.repository, roster, self._parts.stopping.stops(roster).thaws)
        self._parts.grounds.keep(grant.warrant, ground)
        for earlier in self._parts.grants.of_warrant(grant.warrant, grant.purpose):
            self._parts.grants.revoke(earlier.lease, now)
        return self._issue(request, grant, now)

    async def scratch(self, request: HttpRequest) -> Response:
        """Make the scratch repository of an ordered drill anew."""
        roster, _, body = await self._executor(request)
        order = decoded(body, DrillRepositoryRequest).order
        document = admit_order(order, roster, self._parts.now())
        commit = self._parts.repositories.create_scratch(document.body.scratch, DRILL_REF)
        return answered(DrillRepositoryReply(repository=document.body.scratch, ref=DRILL_REF, commit=commit))

    async def revoke(self, request: HttpRequest) -> Response:
        """Kill a credential at once; idempotent."""
        roster, _, _ = await self._executor(request)
        grant = self._parts.grants.revoke(request.path_params["lease"], self._parts.now())
        await self._settled(grant.lease)
        return answered(self._listing(roster).view(grant))

    async def foreign(self, request: HttpRequest) -> Response:
        """No journal knows this lease: its repository is closed until people thaw it, the credential dead."""
        roster, _, _ = await self._executor(request)
        grant = self._parts.foreign.told(request.path_params["lease"], self._parts.now())
        _LOG.warning("alarm: foreign lease=%s closes %s", ascii(grant.lease)[1:-1], grant.repository)
        await self._settled(grant.lease)
        return answered(self._listing(roster).view(grant))

    async def state(self, request: HttpRequest) -> Response:
        """What became of a lease, decided by the ref."""
        roster, _, _ = await self._executor(request)
        lease = request.path_params["lease"]
        await self._settled(lease)
        return answered(self._listing(roster).view(self._parts.grants.by_lease(lease)))

    async def leases(self, request: HttpRequest) -> Response:
        """A page of leases, newest first, or of those that live; for executors and for persons of the roster."""
        roster = await self._looking(request)
        parts, listing = self._parts, self._listing(roster)
        parts.stopping.end_stopped(roster, parts.now())
        limit, after = number_of(request, "limit", PAGE), number_of(request, "after", 0)
        live_at = parts.now() if request.query_params.get("live") else None
        found, following = parts.grants.page(limit=min(limit, PAGE), after=after, live_at=live_at)
        return answered(
            LeaseList(
                leases=tuple(map(listing.view, found)), next=str(following or ""), orphans=parts.grounds.orphans(),
                closed=listing.closed(parts.foreign.standing(roster, parts.stopping.stops(roster).thaws)),
            )
        )  # fmt: skip

    async def stop(self, request: HttpRequest) -> Response:
        """A freeze, thaw or withdrawal, from whoever brings it: its own signatures are all that counts."""
        envelope = decode_envelope((await body_of(request, MAX_BYTES)).strip())
        roster = own_roster(self._parts.roster_chain(), self._parts.pins())
        name, ended = self._parts.stopping.take(envelope, roster, self._parts.now())
        _LOG.warning("alarm: told %s %s, ends %d leases", ascii(envelope.payloadType)[1:-1], name, len(ended))
        return answered(StopKept(name=name, ended=ended))

    async def stops(self, request: HttpRequest) -> Response:
        """What people told the gate and nobody lifted, for executors and for persons of the roster."""
        found = self._parts.stopping.told(await self._looking(request))
        return answered(StopList(freezes=found.kept, thaws=found.thaws, withdrawals=found.withdrawals))

    async def release(self, request: HttpRequest) -> Response:
        """The warrant is over: others may have its ref."""
        _, _, body = await self._executor(request)
        self._parts.grants.release_hold(decoded(body, HoldRelease).warrant)
        return JSONResponse({"released": True})

    async def halt(self, request: HttpRequest) -> Response:
        """The warrant left its ref half done: nobody else has it until people close the case."""
        _, _, body = await self._executor(request)
        told = decoded(body, HoldHalt)
        self._parts.halts.told(told, self._parts.now())
        self._parts.grants.release_hold(told.warrant)
        return JSONResponse({"held": True})

    async def tip(self, request: HttpRequest) -> Response:
        """Where a ref stands."""
        await self._executor(request)
        name, ref = request.path_params["name"], request.query_params.get("ref", "")
        self._parts.repositories.path(name)
        return answered(Tip(repository=name, ref=ref, commit=self._parts.repositories.tip(name, ref)))

    # -- git ------------------------------------------------------------------

    async def advertise(self, request: HttpRequest) -> Response:
        """The ref advertisement of a push: only the granted ref is visible."""
        if request.query_params.get("service") != "git-receive-pack":
            raise Refused("MAG-E341", "this door serves granted pushes only")
        grant = self._granted(request)
        answer = await serve_push(self._call(grant, "info/refs", "service=git-receive-pack", None))
        return Response(answer.body, answer.status, headers=answer.headers)

    async def receive(self, request: HttpRequest) -> Response:
        """The push itself: commands compared first, then the token is claimed, then git runs."""
        grant = self._granted(request)
        body = await push_body(request)
        if body == b"0000":
            raise Refused("MAG-E331", "an empty push")
        commands = read_commands(body)
        if [(c.old, c.new, c.ref) for c in commands] != [(grant.old, grant.new, grant.ref)]:
            raise Refused("MAG-E341", "the push asks for another update than the granted one")
        self._verify_runs(grant)
        self._parts.grants.claim(token_of(request), self._parts.now())
        running = self._pushing.setdefault(grant.lease, asyncio.Event())
        try:
            answer = await serve_push(self._call(grant, "git-receive-pack", "", body))
        finally:
            running.set()
        moved = self._parts.repositories.tip(grant.repository, grant.ref) == grant.new
        if moved and grant.purpose == LeasePurpose.ROLLBACK:
            self._parts.halts.end(grant.warrant, "the inverse went through")
        _LOG.info("%s push lease=%s %s %s", "done" if moved else "refused by git", grant.lease, *_target(grant))
        return Response(answer.body, answer.status, headers=answer.headers)

    async def no_reading(self, _request: HttpRequest) -> Response:
        """Everything else of git's protocol is refused."""
        raise Refused("MAG-E341", "this door serves granted pushes only")

    # -- parts ----------------------------------------------------------------

    def _issue(self, request: HttpRequest, grant: Grant, now: int) -> Response:
        tree = "" if grant.purpose == LeasePurpose.DRILL or grant.names else grant.base_tree
        old = "" if grant.names else grant.old
        self._parts.repositories.verify_stands(grant.repository, grant.ref, old, tree)
        token = secrets.token_urlsafe(32)
        self._parts.grants.issue(grant, token, now, user_of_peer(request.client, request.scope.get("server")))
        return answered(
            Credential(
                lease=grant.lease,
                token=token,
                expires=rfc3339(grant.expires),
                push_url=f"{self._parts.base_url}/{grant.repository}.git",
            )
        )

    def _call(self, grant: Grant, rest: str, query: str, body: bytes | None) -> CgiCall:
        folder, home = self._parts.repositories.folder, self._parts.home
        path = f"/{grant.repository}.git/{rest}"
        roster = own_roster(self._parts.roster_chain(), self._parts.pins())
        signer = ssh_line(roster.executor_key(grant.executor)) if grant.names else ""
        return CgiCall(folder=folder, home=home, grant=grant, path=path, query=query, body=body, signer=signer)

    def _granted(self, request: HttpRequest) -> Grant:
        grant = self._parts.grants.by_token(token_of(request), self._parts.now())
        request.state.lease = grant.lease
        self._parts.grants.verify_holder(grant.lease, user_of_peer(request.client, request.scope.get("server")))
        if grant.repository != request.path_params["name"]:
            raise Refused("MAG-E341", "the credential is for another repository")
        self._verify_runs(grant)
        return grant

    def _verify_runs(self, grant: Grant) -> None:
        """Check that nothing stopped it since the mint, and that the roster still names the executor it was minted for."""
        roster = own_roster(self._parts.roster_chain(), self._parts.pins())
        try:
            roster.executor_key(grant.executor)
        except Refused:
            self._parts.grants.revoke(grant.lease, self._parts.now())
            raise
        self._parts.stopping.verify_runs(grant, roster, self._parts.now())

    async def _settled(self, lease: str) -> None:
        running = self._pushing.get(lease)
        if running is not None:
            await running.wait()

    def _listing(self, roster: TrustedRoster) -> Listing:
        parts = self._parts
        return Listing(repositories=parts.repositories, grounds=parts.grounds, roster=roster, now=parts.now())

    async def _executor(self, request: HttpRequest) -> tuple[TrustedRoster, str, bytes]:
        body = await body_of(request)
        roster, envelope = await self._caller(request, body)
        keyid = envelope.signatures[0].keyid
        roster.executor_key(keyid)
        return roster, keyid, body

    async def _looking(self, request: HttpRequest) -> TrustedRoster:
        """An executor or a person of the roster who only looks."""
        roster, envelope = await self._caller(request, await body_of(request))
        keyid = envelope.signatures[0].keyid
        if keyid.startswith("ed25519:"):  # a process, not a person
            roster.executor_key(keyid)
        return roster

    async def _caller(self, request: HttpRequest, body: bytes) -> tuple[TrustedRoster, Envelope]:
        envelope = envelope_of(request.headers.get("authorization", ""))
        roster = own_roster(self._parts.roster_chain(), self._parts.pins())
        now = self._parts.now()
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        caller = verify_request(envelope, roster, request.method, path, body, now, AUDIENCE)
        if request.method != "GET":
            self._parts.grants.take_request(caller.request, now, caller.expires)
        return roster, envelope

    def _safe(
        self, route: Callable[[HttpRequest], Awaitable[Response]]
    ) -> Callable[[HttpRequest], Awaitable[Response]]:
        async def guarded(request: HttpRequest) -> Response:
            try:
                return await route(request)
            except MagistrateError as error:
                _LOG.info("refused %s", _told(request, error))
                return refusal(error)

        return guarded


def _target(grant: Grant) -> tuple[str, str]:
    return grant.repository, grant.ref


def _noted(request: HttpRequest, asked: LeaseAsked) -> LeaseAsked:
    request.state.lease = asked.document.id
    return asked


def _told(request: HttpRequest, error: MagistrateError) -> str:
    """One line for the log: what was asked under which lease and why not; never a token."""
    lease = getattr(request.state, "lease", "none")
    return ascii(f"{request.method} {request.url.path[:200]} lease={lease}: {error.code} {error.message[:300]}")[1:-1]
