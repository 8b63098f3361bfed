"""Probes of issuing roots: with one key alone the gate is asked for a credential, and must refuse.

Rule kept (R50): the probe is real. It signs with the root's own key and asks the gate that runs; a
refusal is in the gate's log. What the gate should ever mint is revoked at once and told as FAILED.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.adapters.keys.process import load_process_key
from magistrate.authority.roster import TrustedRoster, raw_key
from magistrate.domain.execution import LeasePurpose, LeaseState
from magistrate.errors import MagistrateError, Unavailable
from magistrate.executor.identity import Identity
from magistrate.settings import Settings
from magistrate.wire.canonical import digest
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import GitEffect, ref_before
from magistrate.wire.envelope import process_keyid
from magistrate.wire.gate_api import LeaseRequest
from magistrate.wire.lease import LEASE_SECONDS, Lease
from magistrate.wire.proposal import Proposal
from magistrate.wire.request import REQUEST_SECONDS, Request, authorization_value
from magistrate.wire.warrant import WARRANT_SECONDS, Warrant

LEASES: Final = "/gate/v1/leases"
KEYS: Final = {"executor": "executor", "warrant": "control", "front": "front", "gate": "gate", "log": "log",
               "witness": "witness"}  # fmt: skip
"""Roots by the names of their key files."""
_NOTHING: Final = "sha256:" + "0" * 64
_COMMIT: Final = "0" * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """One probe: with which root, what was tried, whether it was refused (None: not tried), and what was seen."""

    root: str
    tried: str
    refused: bool | None
    seen: str


class Probes:
    """Probes of one home; `executed` is the bundle of a case that was executed here, where there is one."""

    def __init__(self, settings: Settings, roster: TrustedRoster, executed: CaseBundle | None, repository: str) -> None:
        self._settings = settings
        self._roster = roster
        self._executed = executed
        self._repository = repository

    def every(self) -> tuple[Probed, ...]:
        """Each root alone, and the two that matter most together; nothing is changed."""
        keys: dict[str, Identity] = {}
        found: list[Probed] = []
        for root, file in KEYS.items():
            try:
                keys[root] = Identity(load_process_key(self._settings.key(file)), deployment=self._settings.deployment)
            except MagistrateError as error:
                found.append(Probed(root=root, tried="anything", refused=None, seen=error.message))
                continue
            found.append(self._ask(keys[root], root, "a lease with no case", self._lease(), None))
            if root == "executor":
                found += self._by_executor(keys[root])
        if "executor" in keys and "warrant" in keys:
            found += self._by_both(keys["executor"], keys["warrant"])
        return tuple(found)

    def _by_executor(self, key: Identity) -> list[Probed]:
        back = self._lease(purpose=LeasePurpose.ROLLBACK)
        found = [self._ask(key, "executor", "the way back of a warrant that had no effect", back, None)]
        if self._executed is None or self._executed.warrant is None:
            return found
        stranger = Identity(Ed25519PrivateKey.generate(), deployment=self._settings.deployment)
        again = self._of_case(self._executed)
        return [
            *found,
            self._ask(key, "executor", "a lease under a warrant that is used and expired", again, self._executed),
            self._ask(key, "executor", "a lease that another executor signed", again, self._executed, signer=stranger),
        ]

    def _by_both(self, executor: Identity, control: Identity) -> list[Probed]:
        bundle = self._executed
        if bundle is None or bundle.warrant is None:
            return []
        old = open_envelope(bundle.warrant, Warrant, deployment=self._settings.deployment).body
        other = process_keyid(raw_key(self._roster.body.processes.gate))
        tries: tuple[tuple[str, Callable[[Warrant], Warrant], bool], ...] = (
            (
                "a lease under a fresh warrant without approvals",
                lambda w: msgspec.structs.replace(w, approvals=()),
                False,
            ),
            ("a lease under a second warrant over the approvals of the first", lambda w: w, True),
            (
                "a lease under a fresh warrant for another executor",
                lambda w: msgspec.structs.replace(w, executor=other),
                True,
            ),
        )
        found = []
        for tried, change, kept in tries:
            framed = control.frame(change(old), "wrt", now=_now(), lifetime=WARRANT_SECONDS)
            approvals = bundle.approvals if kept else ()
            made = msgspec.structs.replace(bundle, warrant=control.seal(framed), approvals=approvals)
            found.append(self._ask(executor, "warrant and executor", tried, self._of_case(made), made))
        return found

    def _lease(self, **changes: object) -> Lease:
        fields = {
            "warrant": _NOTHING, "proposal": _NOTHING, "purpose": LeasePurpose.EFFECT, "state": LeaseState.REQUESTED,
            "repository": self._repository, "ref": "refs/heads/main", "old": _COMMIT, "commit": _COMMIT, "tree": _COMMIT,
            "reason": "a probe of an issuing root",
        }  # fmt: skip
        return Lease(**{**fields, **changes})  # type: ignore[arg-type]  # the fields have these types

    def _of_case(self, bundle: CaseBundle) -> Lease:
        effect = open_envelope(bundle.proposal, Proposal, deployment=self._settings.deployment).body.effect
        if not isinstance(effect, GitEffect) or bundle.warrant is None:
            raise Unavailable("MAG-E603", "the executed case is no change of a repository")
        return self._lease(
            warrant=bundle.warrant.payload_digest(), proposal=bundle.proposal.payload_digest(), repository=effect.repository,
            ref=effect.ref, old=ref_before(effect), tree=effect.result_tree,
        )  # fmt: skip

    def _ask(  # noqa: PLR0913  who asks, what for, with which documents
        self,
        key: Identity,
        root: str,
        tried: str,
        lease: Lease,
        bundle: CaseBundle | None,
        *,
        signer: Identity | None = None,
    ) -> Probed:
        framed = (signer or key).frame(lease, "lse", now=_now(), lifetime=LEASE_SECONDS)
        asked = LeaseRequest(lease=(signer or key).seal(framed), bundle=bundle, withdrawals=())
        try:
            answer = self._post(key, root, LEASES, msgspec.json.encode(asked))
        except httpx.HTTPError as error:
            return Probed(
                root=root, tried=tried, refused=None, seen=f"the gate does not answer ({type(error).__name__})"
            )
        if answer.is_success:
            self._revoke(framed.id)
            return Probed(root=root, tried=tried, refused=False, seen=f"MINTED as {framed.id}; revoked")
        with contextlib.suppress(ValueError, KeyError, TypeError):
            told = answer.json()["error"]
            return Probed(root=root, tried=tried, refused=True, seen=f"{told['code']} {told['message']}"[:300])
        return Probed(root=root, tried=tried, refused=None, seen=f"the gate answered with HTTP {answer.status_code}")

    def _post(self, key: Identity, root: str, path: str, body: bytes) -> httpx.Response:
        caller = {"warrant": "control", "warrant and executor": "executor"}.get(root, root)
        request = Request(caller=caller, method="POST", path=path, body_sha256=digest(body))
        framed = key.frame(request, "req", now=_now(), lifetime=REQUEST_SECONDS, audience="gate")
        headers = {"Authorization": authorization_value(key.seal(framed)), "Content-Type": "application/json"}
        return httpx.post(self._settings.gate_url + path, content=body, headers=headers, trust_env=False, timeout=30)

    def _revoke(self, lease: str) -> None:
        executor = Identity(load_process_key(self._settings.key("executor")), deployment=self._settings.deployment)
        self._post(executor, "executor", f"{LEASES}/{lease}/revoke", b"{}").raise_for_status()


def _now() -> int:
    return int(time.time())
