"""Composition root of front: a read-only view, a redactor, a quarantine, a line to control.

Front holds two keys: one signs proposals, the other makes redaction tokens. Neither writes
anywhere; nothing of review, warrants or execution is reachable from here.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.adapters.control_line import ControlSocket, new_identifier
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.git.release_plan import planned
from magistrate.adapters.git.stage_plan import planned_stage
from magistrate.adapters.keys.process import load_process_key, read_private
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.bootstrap.known_secrets import read_known_secrets
from magistrate.context.redact import Redactor, tokens_in
from magistrate.domain.stages import StagePlan, stage_ref
from magistrate.domain.tags import ReleasePlan, Step, following, newest
from magistrate.errors import Refused
from magistrate.settings import Settings
from magistrate.usecases.desk import Desk
from magistrate.usecases.gather import Sight
from magistrate.usecases.propose import Applied, Authorship
from magistrate.wire.document import document, open_envelope, seal_by_process
from magistrate.wire.envelope import Envelope
from magistrate.wire.front_api import SessionView, StageView, TokenQuestion
from magistrate.wire.proposal import Proposal
from magistrate.wire.session import Session

_TREES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What front's doors are built from; `known` is how many known secrets are looked for."""

    ask: Callable[[TokenQuestion], SessionView]
    desk: Callable[[SessionView], Desk]
    known: int


def compose(settings: Settings) -> Front:
    """Front of one home.

    Raises:
        Refused: MAG-E573, MAG-E574 when its file of known secrets is not acceptable.
    """
    key = load_process_key(settings.key("front"))
    control = ControlSocket(settings.front_socket, key, settings.deployment)
    known = read_known_secrets(settings.known_secrets, os.geteuid())
    texts = KeyedTexts(bytes.fromhex(read_private(settings.key("redaction")).decode().strip()), known)
    quarantine = Quarantine(QuarantinedPatches(open_sandbox(), settings.home / "front"))
    trees = BareTrees()

    def desk(view: SessionView) -> Desk:
        session = open_envelope(view.session, Session, deployment=settings.deployment)
        return Desk(
            session=view,
            sight=Sight(
                session=session.id,
                repository=session.body.repository,
                git_dir=view.git_dir,
                ref=view.ref,
                commit=view.commit,
                tree=view.tree,
                finding=session.body.finding,
            ),
            trees=trees,
            texts=texts,
            quarantine=quarantine,
            control=control,
            sign=lambda body: sign_proposal(body, key, settings.deployment),
            authorship=Authorship(
                session=session.id,
                session_digest=view.session.payload_digest(),
                agent=session.body.agent,
                owner=session.body.owner,
                model=view.model,
                environment=view.environment,
            ),
        )

    return Front(ask=control.ask, desk=desk, known=len(known))


def sign_proposal(body: Proposal, key: Ed25519PrivateKey, deployment: str) -> Envelope:
    """Frame and sign a proposal."""
    framed = document(body, deployment=deployment, id=new_identifier("prp"), now=int(time.time()), lifetime=None)
    return seal_by_process(framed, key)


class BareTrees:
    """The read-only view of the gate's bare repositories."""

    def modes(self, sight: Sight) -> Mapping[str, tuple[str, str, int]]:
        """Every path with its mode, blob id and size in bytes."""
        return _listing(sight.git_dir, sight.tree)

    def blob(self, sight: Sight, blob: str) -> bytes:
        """The bytes of one blob."""
        return RepositoryReader(Path(sight.git_dir)).read_blobs([blob])[blob]


@lru_cache(maxsize=_TREES)
def _listing(git_dir: str, tree: str) -> Mapping[str, tuple[str, str, int]]:
    entries = RepositoryReader(Path(git_dir)).list_tree(tree)
    return {entry.path: (entry.mode, entry.object_id, entry.size) for entry in entries}


class Quarantine:
    """Applies drafts in a sandboxed child, and plans releases and deployments."""

    def __init__(self, applier: QuarantinedPatches) -> None:
        self._applier = applier

    def apply(self, sight: Sight, patch: bytes) -> Applied:
        """Apply to the base tree; raises Refused with git's own words."""
        done = self._applier.apply(Path(sight.git_dir), sight.tree, patch)
        return Applied(
            result_tree=done.result_tree, diff=done.diff, manifest_sha256=done.manifest_sha256, paths=done.paths
        )

    def plan(self, sight: Sight, prefix: str, step: Step) -> ReleasePlan:
        """The release of the session's commit that follows the newest in a step of this size."""
        folder = Path(sight.git_dir)
        ref = following(newest(RepositoryReader(folder).tags(), prefix), prefix, step)
        if not ref:
            raise Refused("MAG-E543", "no number is left for the next version")
        return planned(folder, self._applier, prefix, sight.commit, ref)

    def plan_stage(self, sight: Sight, stage: StageView) -> StagePlan:
        """What brings the session's commit to a stage."""
        ref, folder = stage_ref(stage.stage), Path(sight.git_dir)
        return planned_stage(folder, self._applier, ref, stage.old, sight.commit, stage.kind())


class KeyedTexts:
    """Redaction with the deployment's tag key and the secrets that it was told of."""

    def __init__(self, key: bytes, known: Iterable[str] = ()) -> None:
        self._key = key
        self._redactor = Redactor(key, known=known)

    def redact(self, text: str) -> tuple[str, int]:
        """Source text: precise rules."""
        found = self._redactor.redact(text)
        return found.text, found.count

    def free_text(self, text: str) -> str:
        """Prompts and rationales: entropy rules too."""
        return self._redactor.redact(text, entropy=True).text

    def tokens(self, text: str) -> list[str]:
        """Redaction tokens in a text."""
        return list(tokens_in(text))

    def secrets(self, text: str) -> dict[str, str]:
        """What each token stands for in this text; never leaves front."""
        return dict(self._redactor.secrets(text))

    def commit(self, text: str) -> str:
        """HMAC-SHA-256 of a text under the tag key, in its own domain."""
        return f"sha256:{self._tag(b'magistrate/prompt/v1', text)}"

    def name_draft(self, session: str, result_tree: str) -> str:
        """HMAC-SHA-256 of session and tree under the tag key, in its own domain."""
        return f"hmac-sha256:{self._tag(b'magistrate/draft/v1', f'{session} {result_tree}')}"

    def _tag(self, domain: bytes, text: str) -> str:
        return hmac.new(self._key, domain + b"\0" + text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
