"""Workload tokens at the gate: asked for where policy says so, each once, also after a kill.

Rule kept (R52): the executor's key and the issuer's token are both needed, so that either one stolen opens nothing. What
an effect had to show, its way back has to show too. A token that was used is remembered for a day beyond its end, so that
a clock that was set forward and back makes none new.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from magistrate.authority.policy import TrustedPolicy
from magistrate.authority.workload import WorkloadClaim, required_proof, verify_workload
from magistrate.errors import Refused
from magistrate.gate.admission import LeaseAsked
from magistrate.gate.database import opened
from magistrate.wire.policy_bundle import WorkloadProof

KEPT_SECONDS: Final = 86_400
_SCHEMA: Final = """
create table if not exists workload_tokens(
  issuer text not null, jti text not null, until integer not null, lease text not null, primary key(issuer, jti));
create table if not exists workload_needs(warrant text primary key, proof text not null);
create trigger if not exists workload_tokens_fixed before update on workload_tokens
  begin select raise(abort, 'a token is used once'); end;
create trigger if not exists workload_needs_fixed before update on workload_needs
  begin select raise(abort, 'a way back shows what its effect had to show'); end;
create trigger if not exists workload_needs_keep before delete on workload_needs
  begin select raise(abort, 'a way back shows what its effect had to show'); end;
"""


class Workloads:
    """Used tokens in the gate's own SQLite file; `policy` is the one that people installed here, or None."""

    def __init__(self, path: Path, policy: Callable[[], TrustedPolicy | None]) -> None:
        self._path = path
        self._policy = policy
        with opened(self._path) as db:
            db.executescript(f"begin immediate; {_SCHEMA} commit;")

    def verify_effect(
        self, asked: LeaseAsked, token: str, proofs: Sequence[WorkloadProof], environment: str, now: int
    ) -> None:
        """Check the token where policy asks for one in this environment, and remember that it did (raises Refused)."""
        proof = required_proof(proofs, environment)
        if proof is not None:
            self._remember(asked.document.body.warrant, proof)
            self._verify(asked, token, proof, now)

    def verify_rollback(self, asked: LeaseAsked, token: str, now: int) -> None:
        """Check the token where the effect of this warrant needed one (raises Refused)."""
        with opened(self._path) as db:
            row = db.execute(
                "select proof from workload_needs where warrant=?", (asked.document.body.warrant,)
            ).fetchone()
        if row is not None:
            self._verify(asked, token, msgspec.json.decode(row[0], type=WorkloadProof), now)

    def verify_drill(self, asked: LeaseAsked, token: str, environment: str, now: int) -> None:
        """Check the token where the policy installed here asks for one (raises Refused, Unavailable)."""
        policy = self._policy()
        proof = None if policy is None else required_proof(policy.body.workloads, environment)
        if proof is not None:
            self._verify(asked, token, proof, now)

    def _verify(self, asked: LeaseAsked, token: str, proof: WorkloadProof, now: int) -> None:
        claim = verify_workload(token, proof, executor=asked.executor, lease=asked.document.digest(), now=now)
        self._take(claim, asked.document.id, now)

    def _take(self, claim: WorkloadClaim, lease: str, now: int) -> None:
        with opened(self._path) as db:
            db.execute("delete from workload_tokens where until<=?", (now - KEPT_SECONDS,))
            try:
                db.execute(
                    "insert into workload_tokens(issuer, jti, until, lease) values(?,?,?,?)",
                    (claim.issuer, claim.jti, claim.until, lease),
                )
            except sqlite3.IntegrityError as error:
                raise Refused(
                    "MAG-E348", "this workload token was used before", hint="each lease needs a fresh token"
                ) from error

    def _remember(self, warrant: str, proof: WorkloadProof) -> None:
        with opened(self._path) as db:
            db.execute(
                "insert or ignore into workload_needs(warrant, proof) values(?,?)",
                (warrant, msgspec.json.encode(proof).decode()),
            )
