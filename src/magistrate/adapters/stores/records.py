"""Rows of record: the log, documents, payloads, drills, findings. Only ever added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, insert, select

from magistrate.adapters.stores import tables as t
from magistrate.adapters.stores.engine import raw
from magistrate.adapters.stores.log import NewEntry, Payload, append, read_leaf, read_payload, read_payloads
from magistrate.domain.case import CaseFacts, DrillRow, EventRow, Recorded
from magistrate.domain.events import Event
from magistrate.domain.finding import Finding
from magistrate.errors import NotFound, Refused
from magistrate.ledger.leaf import decode_leaf
from magistrate.wire.canonical import canonical
from magistrate.wire.envelope import Envelope, decode_envelope
from magistrate.wire.times import rfc3339

FACTS = "facts"

BATCH: Final = 500


class RecordRows:
    """Implements `ports.Records` over one connection in a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._rows = connection

    def append(  # noqa: PLR0913  an entry is all of these
        self,
        event: Event,
        subject: str,
        facts: Mapping[str, str],
        *,
        now: int,
        payloads: Mapping[str, bytes] | None = None,
        once: str | None = None,
    ) -> Recorded:
        """Append an entry with its facts as one payload and the others beside it."""
        told = canonical({"at": rfc3339(now), "event": event.value, "facts": dict(facts), "subject": subject})
        others = (payloads or {}).items()
        kept = [Payload(name=FACTS, media="application/json", content=told)]
        kept += [Payload(name=name, media="application/octet-stream", content=content) for name, content in others]
        if once is not None and self.recorded(once):
            raise Refused("MAG-E442", f"`{once[:80]}` was recorded before")
        done = append(raw(self._rows), [NewEntry(type=event.value, payloads=tuple(kept))])[0]
        names = [payload.name for payload in kept]
        commitments = dict(zip(names, done.commitments, strict=True))
        row = {
            "seq": done.seq, "event": event.value, "at": now, "subject": subject,
            "facts": commitments[FACTS], "once": once,
        }  # fmt: skip
        self._rows.execute(insert(t.event).values(row))
        return Recorded(
            seq=done.seq, leaf=done.leaf, salts=dict(zip(names, done.salts, strict=True)), commitments=commitments
        )

    def recorded(self, once: str) -> bool:
        """Whether that occurrence is in the log."""
        return self._rows.execute(select(t.event.c.seq).where(t.event.c.once == once)).first() is not None

    def events(self, subject: str) -> tuple[EventRow, ...]:
        """All entries about a subject, in order."""
        found = self._rows.execute(select(t.event).where(t.event.c.subject == subject).order_by(t.event.c.seq))
        return tuple(self._event(dict(row._mapping)) for row in found)  # noqa: SLF001  the documented way

    def count(self, subject: str, event: Event) -> int:
        """How many entries of a kind there are about a subject."""
        query = select(func.count()).where(t.event.c.subject == subject, t.event.c.event == event.value)
        return int(self._rows.execute(query).scalar_one())

    def events_after(self, seq: int, limit: int) -> tuple[EventRow, ...]:
        """Entries after a sequence number, in order."""
        query = select(t.event).where(t.event.c.seq > seq).order_by(t.event.c.seq).limit(limit)
        return tuple(self._event(dict(row._mapping)) for row in self._rows.execute(query))  # noqa: SLF001

    def keep(self, envelope: Envelope, *, kind: str, proposal: str | None, author: str, seq: int) -> str:
        """Keep a document; returns its digest."""
        digest = envelope.payload_digest()
        row = {
            "digest": digest, "kind": kind, "proposal": proposal, "author": author,
            "envelope": envelope.encode(), "seq": seq,
        }  # fmt: skip
        self._rows.execute(insert(t.document).values(row))
        return digest

    def document(self, digest: str) -> Envelope:
        """A document by its digest."""
        found = self._rows.execute(select(t.document.c.envelope).where(t.document.c.digest == digest)).scalar()
        if found is None:
            raise NotFound("MAG-E450", f"no document `{digest[:23]}`")
        return decode_envelope(found)

    def documents(self, kind: str, *proposals: str) -> tuple[Envelope, ...]:
        """Documents of a kind, of these cases alone if any is named, oldest first."""
        query = select(t.document.c.envelope, t.document.c.seq, t.document.c.digest).where(t.document.c.kind == kind)
        asked = [query.where(t.document.c.proposal.in_(batch)) for batch in _batches(proposals)] or [query]
        rows = [row for one in asked for row in self._rows.execute(one)]
        return tuple(decode_envelope(row.envelope) for row in sorted(rows, key=lambda row: (row.seq, row.digest)))

    def proposals(self, names: Sequence[str], *, whole: int) -> Mapping[str, tuple[Envelope, bytes]]:
        """Proposals by digest, the last `whole` of them with their diffs, by few questions however many they are."""
        found: dict[str, bytes] = {}
        for batch in _batches(names):
            query = select(t.document.c.digest, t.document.c.envelope).where(t.document.c.digest.in_(batch))
            found |= {digest: bytes(envelope) for digest, envelope in self._rows.execute(query)}
        diffs = self._diffs(names[max(0, len(names) - whole) :])
        missing = next((name for name in names if name not in found), None)
        if missing is not None:
            raise NotFound("MAG-E450", f"no document `{missing[:23]}`")
        return {name: (decode_envelope(found[name]), diffs.get(name, b"")) for name in names}

    def _diffs(self, names: Sequence[str]) -> Mapping[str, bytes]:
        found: dict[str, bytes] = {}
        for batch in _batches(names):
            refs = t.payload_ref.c
            query = select(refs.proposal, refs.commitment).where(refs.name == "diff", refs.proposal.in_(batch))
            items = {str(proposal): str(item) for proposal, item in self._rows.execute(query)}
            missing = next((name for name in batch if name not in items), None)
            if missing is not None:
                raise NotFound("MAG-E450", f"the case `{missing[:23]}` has no payload `diff`")
            held = read_payloads(raw(self._rows), tuple(items.values()))
            found |= {name: held[items[name]] for name in batch}
        return found

    def keep_payload(self, proposal: str, name: str, commitment: str) -> None:
        """Name a payload of the log as belonging to a case."""
        row = {"proposal": proposal, "name": name, "commitment": commitment}
        self._rows.execute(insert(t.payload_ref).values(row))

    def payload(self, proposal: str, name: str) -> bytes:
        """Bytes of a payload, checked against its commitment."""
        query = select(t.payload_ref.c.commitment).where(
            t.payload_ref.c.proposal == proposal, t.payload_ref.c.name == name
        )
        found = self._rows.execute(query).scalar()
        if found is None:
            raise NotFound("MAG-E450", f"the case has no payload `{name}`")
        return read_payload(raw(self._rows), found)[1]

    def opening(self, seq: int, name: str) -> tuple[bytes, bytes]:
        """Leaf of an entry and the salt that opens one of its commitments."""
        leaf = read_leaf(raw(self._rows), seq)
        items = [c.commitment for c in decode_leaf(leaf).commitments if c.name == name]
        if not items:
            raise NotFound("MAG-E450", f"entry {seq} has no payload `{name}`")
        return leaf, read_payload(raw(self._rows), items[0])[0]

    def keep_withdrawal(self, approval: str, withdrawal: str, epoch: int) -> None:
        """An approval was taken back."""
        row = {"approval": approval, "withdrawal": withdrawal, "epoch": epoch}
        self._rows.execute(insert(t.withdrawal).values(row))

    def withdrawn(self, approval: str) -> bool:
        """Whether an approval was taken back."""
        query = select(t.withdrawal.c.approval).where(t.withdrawal.c.approval == approval)
        return self._rows.execute(query).first() is not None

    def keep_drill(self, row: DrillRow) -> None:
        """Keep the result of a drill."""
        self._rows.execute(insert(t.drill).values(_plain(row)))

    def drills(self) -> tuple[DrillRow, ...]:
        """Every result, oldest first."""
        found = self._rows.execute(select(t.drill).order_by(t.drill.c.issued, t.drill.c.result))
        return tuple(DrillRow(**row._mapping) for row in found)  # noqa: SLF001  the documented way

    def keep_findings(self, findings: Sequence[Finding], *, now: int, source: str) -> int:
        """Keep those that are new."""
        kept = 0
        for start in range(0, len(findings), BATCH):
            batch = {found.id: found for found in findings[start : start + BATCH]}
            known = set(self._rows.execute(select(t.finding.c.id).where(t.finding.c.id.in_(batch))).scalars())
            rows = [
                {"id": found.id, "repository": found.repository, "content": msgspec.json.encode(found),
                 "first_seen": now, "source": source}
                for found in batch.values() if found.id not in known
            ]  # fmt: skip
            if rows:
                self._rows.execute(insert(t.finding), rows)
            kept += len(rows)
        return kept

    def findings(self, repository: str | None, limit: int, after: str) -> tuple[Finding, ...]:
        """Findings in order of their ids."""
        query = select(t.finding.c.content).where(t.finding.c.id > after)
        if repository is not None:
            query = query.where(t.finding.c.repository == repository)
        found = self._rows.execute(query.order_by(t.finding.c.id).limit(limit)).scalars()
        return tuple(msgspec.json.decode(content, type=Finding) for content in found)

    def finding(self, name: str) -> Finding:
        """One finding."""
        content = self._rows.execute(select(t.finding.c.content).where(t.finding.c.id == name)).scalar()
        if content is None:
            raise NotFound("MAG-E450", f"no finding `{name[:60]}`")
        return msgspec.json.decode(content, type=Finding)

    def open_case(self, facts: CaseFacts) -> None:
        """Keep what never changes of a case."""
        self._rows.execute(insert(t.proposal_case).values(_plain(facts)))

    def _event(self, row: dict[str, Any]) -> EventRow:
        facts: dict[str, str] = {}
        try:
            told = msgspec.json.decode(read_payload(raw(self._rows), str(row["facts"]))[1])
            facts = told["facts"]
        except NotFound:
            facts = {"erased": "yes"}
        return EventRow(
            seq=int(row["seq"]), event=str(row["event"]), at=int(row["at"]),
            subject=str(row["subject"]), facts=facts,
        )  # fmt: skip


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))


def _plain(row: object) -> dict[str, object]:
    made: dict[str, object] = msgspec.to_builtins(row)
    return made
