"""Run by the gate's hook before a tag exists: is it the granted one, on the granted commit, signed by the executor?

Rule kept (R5): a tag that is not signed by the executor whose warrant made it never comes into being, so that whoever
verifies it with git alone (`gpg.format=ssh`) learns who released it. What is granted comes in the environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from magistrate.domain.tags import TAGS
from magistrate.errors import MagistrateError, Refused
from magistrate.wire.sshsig import GIT, split_signed, verify_sshsig

MAX_BYTES: Final = 64_000


def verify_tag(content: bytes, *, ref: str, commit: str, signer: str) -> None:
    """Verify a tag object (its whole text) against what was granted; `signer` is an `ssh-ed25519` line.

    Raises:
        Refused: MAG-E341 for another tag, commit or kind, MAG-E106 for a signature that is missing or of somebody else.
    """
    if len(content) > MAX_BYTES:
        raise Refused("MAG-E341", f"a tag of more than {MAX_BYTES} bytes")
    text, signature = split_signed(content)
    wanted = [f"object {commit}", "type commit", f"tag {ref.removeprefix(TAGS)}"]
    head = text.split(b"\n\n", 1)[0].split(b"\n")
    if head[:3] != [line.encode() for line in wanted] or len(head) != 4 or not head[3].startswith(b"tagger "):  # noqa: PLR2004  git's four lines
        raise Refused("MAG-E341", "the tag is another one than what was granted")
    verify_sshsig(signer, GIT, text, signature)


def main(environment: Mapping[str, str]) -> int:
    """Read the new object where git keeps it until the hook has agreed; 0 when it may become a tag."""
    try:
        new = environment["MAGISTRATE_NEW"]
        read = subprocess.run(["git", "cat-file", "tag", new], capture_output=True, check=False, timeout=30)
        if read.returncode != 0:
            raise Refused("MAG-E341", "a release is a signed tag, and this is no tag object")
        verify_tag(
            read.stdout, ref=environment["MAGISTRATE_REF"], commit=environment["MAGISTRATE_COMMIT"],
            signer=environment["MAGISTRATE_SIGNER"],
        )  # fmt: skip
    except (MagistrateError, KeyError, OSError, subprocess.TimeoutExpired) as error:
        said = error.message if isinstance(error, MagistrateError) else type(error).__name__
        sys.stderr.write(f"magistrate: {said}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(os.environ))
