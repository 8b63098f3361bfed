"""A target that runs what is deployed: the one program of an SSH target is handed the artifact, pinned by its digest.

Rule kept (R5, R57): only an exit with 0 behind `runs DIGEST` counts as held: the target says so of exactly this artifact, and
says it again without a second run where that runs already (`ssh_target.py`).
"""

from __future__ import annotations

from typing import Final

from magistrate.errors import Unavailable
from magistrate.executor.credentials.ssh_certificate import SshCertificates
from magistrate.executor.credentials.ssh_login import UNREACHED
from magistrate.executor.ports import Credential, Seen

_SAID: Final = 500


class SshCarrier:
    """One target. `seconds` is how long its program may take, from the login on."""

    def __init__(self, certificates: SshCertificates, seconds: float) -> None:
        self._certificates = certificates
        self._seconds = seconds

    @property
    def mint(self) -> SshCertificates:
        """The broker of its target's certificates."""
        return self._certificates

    def run(self, credential: Credential, digest: str, artifact: bytes) -> Seen:
        """Have the target run the artifact with this `sha256:` digest; held when it says that it runs exactly that.

        Raises:
            Refused: MAG-E424 when sshd refused the certificate: nothing was handed over.
            Unavailable: MAG-E423 when it is not known whether the program ran.
        """
        said = self._certificates.run(credential, (digest,), self._seconds, artifact)
        if said.status == UNREACHED:
            raise Unavailable(
                "MAG-E423", f"whether `{credential.address}` runs the artifact is not known: the run was cut off"
            )
        held = said.status == 0 and said.last == f"runs {digest}"
        words = " ".join(said.output.split())[-_SAID:]
        return Seen(held=held, seen=f"runs {digest}" if held else f"exit {said.status}: {words}")
