"""A consumer of a secret that is reached by SSH: the one program of a target is handed the new login and its password.

Rule kept (R50, R54): the secret goes over the standard input of one login, as an artifact that the target has in memory only
(`ssh_target.py`: `unkept:`). Only an exit with 0 behind `runs DIGEST` counts as held. Nothing that the consumer wrote is
told: no search would find a secret in every form, cut and digest that a program can write. What is told is the exit status
and, where the target's own program said why, the words that this file has for it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from magistrate.errors import Unavailable
from magistrate.executor.credentials.ssh_certificate import SshCertificates
from magistrate.executor.credentials.ssh_login import UNREACHED
from magistrate.executor.ports import Credential, NewSecret, Seen

_WHY: Final = (
    "is not as the target wants it",
    "is no JSON list",
    "another run has not ended",
    "the artifact has more than",
    "the artifact is not what its digest says",
    "was used or ended before",
    "was ended",
    "the settings beside the program are not usable",
    "can be written by others",
    "cannot be run",
)
"""What `ssh_target.py` says of itself, without what it fills in."""


class SshConsumer:
    """One consumer. `seconds` is how long its program may take, from the login on."""

    def __init__(self, certificates: SshCertificates, seconds: float) -> None:
        self._certificates = certificates
        self._seconds = seconds

    @property
    def mint(self) -> SshCertificates:
        """The broker of its target's certificates."""
        return self._certificates

    def close(self) -> None:
        """Let another process have the target."""
        self._certificates.close()

    def switch(self, credential: Credential, secret: NewSecret) -> Seen:
        """Have the target's program take the secret; held when it ended with 0 and the target says that it ran on exactly this.

        Raises:
            Refused: MAG-E424 when sshd refused the certificate: nothing was handed over.
            Unavailable: MAG-E423 when it is not known whether the program ran.
        """
        artifact = json.dumps({"login": secret.login, "password": secret.password}, separators=(",", ":")).encode()
        pin = f"unkept:sha256:{hashlib.sha256(artifact).hexdigest()}"
        said = self._certificates.run(credential, (pin,), self._seconds, artifact)
        if said.status == UNREACHED:
            raise Unavailable(
                "MAG-E423",
                f"whether the consumer runs with the new secret is not known: the run at `{credential.address}` was cut off",
            )
        if said.status == 0 and said.last == f"runs {pin}":
            return Seen(held=True, seen="the consumer runs with the new secret")
        why = next((f": {words}" for words in _WHY if words in said.output), "")
        return Seen(held=False, seen=f"the consumer's program ended with {said.status}{why}")
