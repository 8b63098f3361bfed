"""Doors of people: look, and say a signed word."""

from __future__ import annotations

import io
import tarfile
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.responses import Response

from magistrate.authority.windows import in_words, open_windows
from magistrate.domain.case import RepositoryRow, SessionRow
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.principal import Role
from magistrate.entrypoints.control.app import Door
from magistrate.entrypoints.control.desk import Asked, ControlParts
from magistrate.entrypoints.control.places import ready_rows
from magistrate.errors import MagistrateError, NotFound, Refused, Unavailable, Usage
from magistrate.usecases.close import close_halted, closures_missing, halt_view
from magistrate.usecases.drills import open_orders, order_drills
from magistrate.usecases.freezes import lift_freeze, set_freeze, standing_freezes
from magistrate.usecases.ingest import ingest, verify_may_ingest
from magistrate.usecases.matter import bundle, opened_proposal
from magistrate.usecases.review import approve, reject, withdraw
from magistrate.usecases.sessions import SessionWish, close_session, open_session, register_agent
from magistrate.usecases.show import findings_of, obligations, story, summary
from magistrate.usecases.skew import standing_of
from magistrate.wire.drill import DrillResult
from magistrate.wire.effect import GitEffect, Release, StageEffect, commit_seen
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Thaw
from magistrate.wire.times import rfc3339

PAGE: Final = 200


class SignedWord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body that carries one envelope."""

    envelope: Envelope


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /sessions`."""

    agent: str
    finding: str
    reason: str
    minutes: int


class NewRepository(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /repositories`."""

    repository: str
    ref: str
    environment: str
    git_dir_ready: bool


def status(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """How everything stands."""
    policy = parts.trust.policy().body
    with parts.store.transaction() as unit:
        counts, ready = dict(unit.counts()), ready_rows(unit, policy, asked.now)
        frozen = [d.body.reason for d in standing_freezes(unit, parts.trust)]
    own, silence = _own_assessor(parts)
    executors = standing_of(parts.trust.roster(), parts.polls, own, asked.now)
    checkpoint = parts.store.checkpoint()
    size = checkpoint.split("\n")[1] if checkpoint else "0"
    return {
        "deployment": parts.deployment, "mode": parts.mode, "walls": parts.walls, "disarmed": parts.disarmed,
        "processes": parts.processes(), "log": {"size": int(size), "checkpoint": checkpoint}, "cases": counts,
        "frozen": frozen, "windows": [in_words(one) for one in open_windows(policy.windows, asked.now)], "readiness": ready,
        "executors": executors, "alarms": [*parts.alarms[-20:], *silence, *(one["skew"] for one in executors if one["skew"])],
    }  # fmt: skip


def _own_assessor(parts: ControlParts) -> tuple[str, list[str]]:
    """The digest of control's assessor, or why it does not say."""
    try:
        return parts.assessor(), []
    except MagistrateError as error:
        return "", [f"control's assessor does not say which it is: {error.message}"]


def findings(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """A page of findings."""
    limit = asked.number("limit", 50, PAGE)
    with parts.store.transaction() as unit:
        found = unit.findings(asked.query.get("repository"), limit, asked.query.get("after", ""))
    reaches = parts.secrets_of(found)
    told = [{**asdict(one), "secrets": reaches.get(one.id, ())} for one in found]
    return {"findings": told, "next": found[-1].id if len(found) == limit and found else ""}


def ingest_file(parts: ControlParts, asked: Asked, path: Path) -> object:
    """Take the output of a scanner."""
    repository = asked.query.get("repository", "")
    with parts.store.transaction() as unit:
        verify_may_ingest(unit, repository, asked.person)
    found, refused = parts.read_findings(path, repository, asked.query.get("filename", ""))
    with parts.store.transaction() as unit:
        return ingest(unit, found, refused, repository=repository, person=asked.person, now=asked.now)


def agents(parts: ControlParts, _asked: Asked) -> dict[str, Any]:
    """Every agent."""
    with parts.store.transaction() as unit:
        rows = unit.agents()
    listed = [
        {"agent": row.agent, "owner": row.owner, "state": row.state, "manifest": row.manifest,
         "updated": rfc3339(row.updated), "envelope": msgspec.Raw(row.envelope)}
        for row in rows
    ]  # fmt: skip
    return {"agents": listed}


def add_agent(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Register an agent or add the second signature."""
    with parts.store.transaction() as unit:
        row = register_agent(unit, asked.read(SignedWord).envelope, parts.trust.roster(), asked.now)
    return {"agent": row.agent, "owner": row.owner, "state": row.state, "manifest": row.manifest}


def sessions(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Sessions, newest first; no token is ever shown again."""
    with parts.store.transaction() as unit:
        rows = unit.sessions(asked.number("limit", 50, PAGE))
    return {"sessions": [_session(row, asked.now) for row in rows], "next": ""}


def add_session(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Open a session; the token is returned this once."""
    wish = asked.read(Wish)
    with parts.store.transaction() as unit:
        opened = open_session(
            unit,
            SessionWish(agent=wish.agent, finding=wish.finding, reason=wish.reason, minutes=wish.minutes),
            asked.person, roster=parts.trust.roster(), pen=parts.pen, now=asked.now, draw=parts.draw,
        )  # fmt: skip
    return {
        "session": opened.session, "token": opened.token, "expires": rfc3339(opened.expires),
        "front_url": parts.front_url,
    }  # fmt: skip


def end_session(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Close a session."""
    with parts.store.transaction() as unit:
        row = close_session(unit, asked.params["session"], asked.person, asked.now)
    return _session(row, asked.now)


def repositories(parts: ControlParts, _asked: Asked) -> dict[str, Any]:
    """Every repository."""
    with parts.store.transaction() as unit:
        return {"repositories": [asdict(row) for row in unit.repositories()]}


def add_repository(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Register a repository that the gate owns."""
    wanted = asked.read(NewRepository)
    parts.trust.roster().verify_role(asked.person, Role.OPERATOR)
    ruled = parts.trust.policy().repository(wanted.repository)
    if (ruled.ref, ruled.environment) != (wanted.ref, wanted.environment):
        raise Refused("MAG-E451", f"policy names `{ruled.ref}` in `{ruled.environment}` for `{wanted.repository}`")
    with parts.store.transaction() as unit:
        tip, alarm = "", ""
        try:
            before = unit.repository(wanted.repository)
            tip, alarm = before.tip, before.alarm
        except NotFound:
            tip = ""
        row = RepositoryRow(
            repository=wanted.repository, ref=wanted.ref, environment=wanted.environment,
            ready=wanted.git_dir_ready, tip=tip, alarm=alarm,
        )  # fmt: skip
        unit.put_repository(row)
    return asdict(row)


def cases(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """A page of cases, newest first."""
    limit = asked.number("limit", 50, PAGE)
    try:
        states = [CaseState(name) for name in asked.query.get("state", "").upper().split(",") if name]
    except ValueError as error:
        raise Usage("MAG-E451", f"no such state: {error}") from error
    with parts.store.transaction() as unit:
        found = unit.cases(states, limit=limit, after=asked.query.get("after", ""))
        listed = [summary(unit, case, parts.trust, parts.polls, asked.now) for case in found]
    return {"cases": listed, "next": found[-1].facts.proposal if len(found) == limit and found else ""}


def show_case(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """The whole story."""
    with parts.store.transaction() as unit:
        found = unit.case(asked.params["case"])
        told, about = story(unit, found, parts.trust, parts.polls, asked.now), findings_of(unit, found)
    return {**told, "finding_secrets": [one for rows in parts.secrets_of(about).values() for one in rows]}


def case_bundle(parts: ControlParts, asked: Asked) -> object:
    """Everything about one case, signed documents inside."""
    with parts.store.transaction() as unit:
        return bundle(parts.store, parts.trust, unit, unit.case(asked.params["case"]), asked.now)


def base_pack(parts: ControlParts, asked: Asked) -> Response:
    """A pack of the commit that the case is based on, for rebuilding it elsewhere."""
    with parts.store.transaction() as unit:
        effect = opened_proposal(unit, unit.case(asked.params["case"]), parts.trust.roster()).body.effect
    assert isinstance(effect, GitEffect)  # noqa: S101  sealed so
    commits = [commit_seen(effect)]
    if isinstance(effect, Release) and effect.previous:
        commits.append(parts.repositories.tip(effect.repository, effect.previous))
    if isinstance(effect, StageEffect):
        commits.append(effect.commit)
    pack = parts.repositories.pack(effect.repository, *commits)
    return Response(pack, media_type="application/x-git-packed-objects")


def _word(parts: ControlParts, asked: Asked, say: Any) -> dict[str, Any]:  # noqa: ANN401  one of three use cases
    with parts.store.transaction() as unit:
        case = say(unit, unit.case(asked.params["case"]), asked.read(SignedWord).envelope, parts.trust, asked.now)
        have = obligations(unit, case, parts.trust.roster(), asked.now)
    parts.wake.set()
    return {"proposal": case.facts.proposal, "state": case.standing.state.value, "obligations": have}


def add_approval(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """A person's signed yes."""
    return _word(parts, asked, approve)


def add_rejection(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """A person's signed no."""
    return _word(parts, asked, reject)


def add_withdrawal(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """A person takes a yes back."""
    return _word(parts, asked, withdraw)


def halted_case(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Where a halted case left its ref, and who has signed that it is over."""
    with parts.store.transaction() as unit:
        case = unit.case(asked.params["case"])
        return halt_view(unit, case, trust=parts.trust, repositories=parts.repositories)


def add_closure(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """A person says that a halted case is over; executor and gate get the same words."""
    with parts.store.transaction() as unit:
        case = close_halted(
            unit, unit.case(asked.params["case"]), asked.read(SignedWord).envelope, trust=parts.trust,
            repositories=parts.repositories, drop=parts.drop, now=asked.now,
        )  # fmt: skip
        closed = case.standing.state is CaseState.CLOSED
        missing = 0 if closed else closures_missing(unit, case, parts.trust, parts.repositories)
    parts.wake.set()
    return {"proposal": case.facts.proposal, "state": case.standing.state.value, "missing": missing}


def add_drill(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """An operator orders the drills."""
    with parts.store.transaction() as unit:
        return {"order": order_drills(unit, asked.read(SignedWord).envelope, parts.trust, asked.now)}


def drills(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Orders, results, and readiness by place."""
    with parts.store.transaction() as unit:
        rows = [
            {**asdict(row), "issued": rfc3339(row.issued), "expires": rfc3339(row.expires)} for row in unit.drills()
        ]
        waiting = [envelope.payload_digest() for envelope in open_orders(unit, parts.trust, asked.now)]
        rows_of_places = ready_rows(unit, parts.trust.policy().body, asked.now)
        places = [{key: one[key] for key in ("repository", "environment", "drills")} for one in rows_of_places]
        results = unit.documents(DrillResult.NAME)
    return {"results": rows, "waiting": waiting, "readiness": places, "envelopes": results}


def add_freeze(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """A freeze, or a thaw with its signatures; executor and gate get it too where control can."""
    envelope = asked.read(SignedWord).envelope
    thaws = envelope.payloadType == Thaw.document_type()
    with parts.store.transaction() as unit:
        name = (lift_freeze if thaws else set_freeze)(unit, envelope, parts.trust, asked.now)
    parts.wake.set()
    try:
        parts.drop(envelope)
        why = ""
    except Unavailable as error:
        why = error.message
    return {"lifted" if thaws else "freeze": name, "reaches_executor_and_gate": not why, "why": why}


def policy(parts: ControlParts, _asked: Asked) -> dict[str, Any]:
    """The active policy as it was signed."""
    return {"envelope": parts.trust.policy_envelope(), "digest": parts.trust.policy().digest}


def roster(parts: ControlParts, _asked: Asked) -> dict[str, Any]:
    """The chain of rosters."""
    return {"chain": parts.trust.chain(), "digest": parts.trust.roster().digest}


def checkpoint(parts: ControlParts, _asked: Asked) -> dict[str, Any]:
    """The newest witnessed checkpoint."""
    return {"checkpoint": parts.store.checkpoint()}


def export(parts: ControlParts, _asked: Asked) -> Response:
    """The sealed log as a tar archive."""
    parts.store.seal()
    made = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="magistrate-export-") as folder:
        place = Path(folder) / "log"
        parts.export(place)
        with tarfile.open(fileobj=made, mode="w") as archive:
            archive.add(place, arcname="log")
    return Response(made.getvalue(), media_type="application/x-tar")


def events(parts: ControlParts, asked: Asked) -> dict[str, Any]:
    """Entries after a sequence number, to follow along."""
    after, limit = asked.number("after", -1, 2**40), asked.number("limit", PAGE, PAGE)
    with parts.store.transaction() as unit:
        rows = unit.events_after(after, limit)
    told = [
        {"seq": e.seq, "event": e.event, "at": rfc3339(e.at), "subject": e.subject, "facts": dict(e.facts)}
        for e in rows
    ]
    return {"events": told, "next": str(rows[-1].seq) if rows else ""}


def _session(row: SessionRow, now: int) -> dict[str, Any]:
    return {
        "session": row.session, "agent": row.agent, "finding": row.finding, "repository": row.repository,
        "opened": rfc3339(row.opened), "expires": rfc3339(row.expires),
        "open": row.closed is None and row.expires > now, "bytes_left": row.bytes_left,
    }  # fmt: skip


_AT: Final = "/api/v1/people"
PEOPLE_DOORS: Final = (
    Door(method="GET", path=f"{_AT}/status", act=status),
    Door(method="GET", path=f"{_AT}/findings", act=findings),
    Door(method="POST", path=f"{_AT}/findings/ingest", file=ingest_file),
    Door(method="GET", path=f"{_AT}/agents", act=agents),
    Door(method="POST", path=f"{_AT}/agents", act=add_agent),
    Door(method="GET", path=f"{_AT}/sessions", act=sessions),
    Door(method="POST", path=f"{_AT}/sessions", act=add_session),
    Door(method="POST", path=f"{_AT}/sessions/{{session}}/close", act=end_session),
    Door(method="GET", path=f"{_AT}/repositories", act=repositories),
    Door(method="POST", path=f"{_AT}/repositories", act=add_repository),
    Door(method="GET", path=f"{_AT}/cases", act=cases),
    Door(method="GET", path=f"{_AT}/cases/{{case}}", act=show_case),
    Door(method="GET", path=f"{_AT}/cases/{{case}}/bundle", act=case_bundle),
    Door(method="GET", path=f"{_AT}/cases/{{case}}/base-pack", act=base_pack),
    Door(method="POST", path=f"{_AT}/cases/{{case}}/approvals", act=add_approval),
    Door(method="POST", path=f"{_AT}/cases/{{case}}/rejections", act=add_rejection),
    Door(method="POST", path=f"{_AT}/cases/{{case}}/withdrawals", act=add_withdrawal),
    Door(method="GET", path=f"{_AT}/cases/{{case}}/halt", act=halted_case),
    Door(method="POST", path=f"{_AT}/cases/{{case}}/closures", act=add_closure),
    Door(method="POST", path=f"{_AT}/drills", act=add_drill),
    Door(method="GET", path=f"{_AT}/drills", act=drills),
    Door(method="POST", path=f"{_AT}/freezes", act=add_freeze),
    Door(method="GET", path=f"{_AT}/policy", act=policy),
    Door(method="GET", path=f"{_AT}/roster", act=roster),
    Door(method="GET", path=f"{_AT}/log/checkpoint", act=checkpoint),
    Door(method="GET", path=f"{_AT}/log/export", act=export),
    Door(method="GET", path=f"{_AT}/events", act=events),
)
