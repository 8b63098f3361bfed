"""Projections: where things stand now. Everything here can be rebuilt from the record."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from magistrate.adapters.stores import tables as t
from magistrate.domain.case import AgentRow, Case, CaseFacts, RepositoryRow, SessionRow, Standing
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import NotFound, Usage

_PREFIX: Final = re.compile(r"(?:sha256:)?([0-9a-f]{6,64})\Z")
_DIGEST_HEX: Final = 64


class ProjectionRows:
    """Implements `ports.Projections` over one connection in a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._rows = connection

    def case(self, proposal: str) -> Case:
        """A case by its digest, its id, or a unique prefix of its hex."""
        match = _PREFIX.match(proposal)
        if match is None and not proposal.startswith("prp-"):
            raise Usage("MAG-E466", f"`{proposal[:80]}` names no case", hint="give at least 6 hex digits of its digest")
        query = self._joined()
        if match is None:
            query = query.where(t.proposal_case.c.id == proposal)
        elif len(match[1]) == _DIGEST_HEX:
            query = query.where(t.proposal_case.c.proposal == "sha256:" + match[1])
        else:
            query = query.where(t.proposal_case.c.proposal.like(f"sha256:{match[1]}%"))
        found = self._rows.execute(query.limit(2)).all()
        if not found:
            raise NotFound("MAG-E450", f"no case `{proposal[:80]}`")
        if len(found) > 1:
            raise Usage("MAG-E466", f"`{proposal[:80]}` names more than one case", hint="give more digits")
        return _case(found[0])

    def cases(
        self, states: Sequence[CaseState], *, limit: int, after: str = "", repository: str = ""
    ) -> tuple[Case, ...]:
        """Cases, newest first; `after` is the digest of the last one seen."""
        query = self._joined()
        if states:
            query = query.where(t.case_state.c.state.in_([s.value for s in states]))
        if repository:
            query = query.where(t.proposal_case.c.repository == repository)
        if after:
            opened = select(t.proposal_case.c.opened).where(t.proposal_case.c.proposal == after).scalar_subquery()
            query = query.where(
                (t.proposal_case.c.opened < opened)
                | ((t.proposal_case.c.opened == opened) & (t.proposal_case.c.proposal > after))
            )
        query = query.order_by(t.proposal_case.c.opened.desc(), t.proposal_case.c.proposal).limit(limit)
        return tuple(_case(row) for row in self._rows.execute(query))

    def companions(self, agent: str, owner: str, *, since: int, states: Sequence[CaseState]) -> tuple[Case, ...]:
        """Cases of this agent or of this owner that came to one of these states since then, the first opened first."""
        facts = t.proposal_case.c
        query = self._joined().where((facts.agent == agent) | (facts.owner == owner), t.case_state.c.updated >= since)
        query = query.where(t.case_state.c.state.in_([s.value for s in states]))
        return tuple(_case(row) for row in self._rows.execute(query.order_by(facts.opened, facts.proposal)))

    def counts(self) -> Mapping[str, int]:
        """How many cases stand in each state."""
        found = self._rows.execute(select(t.case_state.c.state, func.count()).group_by(t.case_state.c.state))
        return {str(state): int(count) for state, count in found}

    def case_of_warrant(self, warrant: str) -> Case:
        """The case of a warrant id."""
        row = self._rows.execute(self._joined().where(t.case_state.c.warrant == warrant)).first()
        if row is None:
            raise NotFound("MAG-E450", f"no warrant `{warrant[:40]}`")
        return _case(row)

    def project(self, proposal: str, standing: Standing) -> None:
        """Write where a case stands."""
        values = {
            "state": standing.state.value, "classes": json.dumps(list(standing.classes)),
            "strictness": standing.strictness, "why": standing.why, "updated": standing.updated,
            "warrant": standing.warrant, "warrant_seq": standing.warrant_seq,
            "warrant_expires": standing.warrant_expires, "taken": standing.taken,
        }  # fmt: skip
        self._put(t.case_state, {"proposal": proposal}, values)

    def take_warrant(self, warrant: str, now: int) -> bool:
        """Mark a warrant as taken, once."""
        query = update(t.case_state).where(
            t.case_state.c.warrant == warrant, t.case_state.c.taken.is_(None),
            t.case_state.c.state == CaseState.WARRANTED.value,
        )  # fmt: skip
        return self._rows.execute(query.values(taken=now)).rowcount == 1

    def session(self, session: str) -> SessionRow:
        """A session by its id."""
        row = self._rows.execute(select(t.session_state).where(t.session_state.c.session == session)).first()
        if row is None:
            raise NotFound("MAG-E450", f"no session `{session[:40]}`")
        return SessionRow(**row._mapping)  # noqa: SLF001  the documented way

    def session_of_token(self, token_sha256: str) -> SessionRow:
        """The session of a token."""
        query = select(t.session_state).where(t.session_state.c.token_sha256 == token_sha256)
        row = self._rows.execute(query).first()
        if row is None:
            raise NotFound("MAG-E450", "no session has this token")
        return SessionRow(**row._mapping)  # noqa: SLF001  the documented way

    def sessions(self, limit: int) -> tuple[SessionRow, ...]:
        """Sessions, newest first."""
        query = select(t.session_state).order_by(t.session_state.c.opened.desc(), t.session_state.c.session)
        return tuple(SessionRow(**row._mapping) for row in self._rows.execute(query.limit(limit)))  # noqa: SLF001

    def put_session(self, row: SessionRow) -> None:
        """Write a session."""
        self._put(t.session_state, {"session": row.session}, _fields(row, {"session"}))

    def agent(self, agent: str) -> AgentRow:
        """An agent by its name."""
        row = self._rows.execute(select(t.agent_state).where(t.agent_state.c.agent == agent)).first()
        if row is None:
            raise NotFound("MAG-E450", f"no agent `{agent[:60]}`")
        return AgentRow(**row._mapping)  # noqa: SLF001  the documented way

    def agents(self) -> tuple[AgentRow, ...]:
        """Every agent."""
        found = self._rows.execute(select(t.agent_state).order_by(t.agent_state.c.agent)).mappings()
        return tuple(AgentRow(**row) for row in found)

    def put_agent(self, row: AgentRow) -> None:
        """Write an agent."""
        self._put(t.agent_state, {"agent": row.agent}, _fields(row, {"agent"}))

    def repository(self, repository: str) -> RepositoryRow:
        """A repository by its name."""
        query = select(t.repository_state).where(t.repository_state.c.repository == repository)
        row = self._rows.execute(query).first()
        if row is None:
            raise NotFound("MAG-E450", f"no repository `{repository[:60]}`")
        return RepositoryRow(**row._mapping)  # noqa: SLF001  the documented way

    def repositories(self) -> tuple[RepositoryRow, ...]:
        """Every repository."""
        query = select(t.repository_state).order_by(t.repository_state.c.repository)
        return tuple(RepositoryRow(**row._mapping) for row in self._rows.execute(query))  # noqa: SLF001

    def put_repository(self, row: RepositoryRow) -> None:
        """Write a repository."""
        self._put(t.repository_state, {"repository": row.repository}, _fields(row, {"repository"}))

    def use_request(self, request: str, expires: int, now: int) -> bool:
        """Remember a request's id until it expires; False when it was used before."""
        self._rows.execute(delete(t.seen_request).where(t.seen_request.c.expires < now))
        if self._rows.execute(select(t.seen_request.c.id).where(t.seen_request.c.id == request)).first() is not None:
            return False
        self._rows.execute(insert(t.seen_request).values(id=request, expires=expires))
        return True

    def _joined(self) -> Any:  # noqa: ANN401  the type of a select is private to SQLAlchemy
        return select(t.proposal_case, t.case_state).join(
            t.case_state, t.case_state.c.proposal == t.proposal_case.c.proposal
        )

    def _put(self, table: Any, key: Mapping[str, object], values: Mapping[str, object]) -> None:  # noqa: ANN401  as above
        where = [table.c[name] == value for name, value in key.items()]
        if self._rows.execute(update(table).where(*where).values(values)).rowcount == 0:
            self._rows.execute(insert(table).values(**key, **values))


_FACTS: Final = tuple(CaseFacts.__dataclass_fields__)


def _case(row: Row[Any]) -> Case:
    found = row._mapping  # noqa: SLF001  the documented way
    facts = CaseFacts(**{name: found[t.proposal_case.c[name]] for name in _FACTS})
    column = t.case_state.c
    return Case(
        facts=facts,
        standing=Standing(
            state=CaseState(found[column.state]), classes=tuple(json.loads(found[column.classes])),
            strictness=found[column.strictness], why=found[column.why], updated=found[column.updated],
            warrant=found[column.warrant], warrant_seq=found[column.warrant_seq],
            warrant_expires=found[column.warrant_expires], taken=found[column.taken],
        ),
    )  # fmt: skip


def _fields(row: object, without: set[str]) -> dict[str, object]:
    names = getattr(row, "__dataclass_fields__", {})
    return {name: getattr(row, name) for name in names if name not in without}
