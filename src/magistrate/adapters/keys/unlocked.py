"""A person's encrypted key file, unlocked by OpenSSH itself into an agent of our own.

Rule kept: the passphrase is asked and read by `ssh-add` on the terminal; neither it nor the
private key ever comes into this process. The agent ends with the command.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from magistrate.adapters.keys.agent import AgentKey, agent_keys
from magistrate.errors import Refused, Unavailable

_START_SECONDS: Final = 5.0
_LIFE: Final = "600"
"""Seconds after which the agent forgets the key by itself."""


def unlock(path: Path) -> AgentKey:
    """The key of an encrypted file, asking for its passphrase on the terminal.

    Raises:
        Refused: MAG-E596 when it does not open. Unavailable: MAG-E598 when no agent can be started.
    """
    folder = Path(tempfile.mkdtemp(prefix="magistrate-agent-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    socket = folder / "agent"
    try:
        agent = subprocess.Popen(
            ["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise Unavailable("MAG-E598", f"ssh-agent cannot be started: {error}", hint="install openssh-client") from error
    atexit.register(_end, agent)
    end = time.monotonic() + _START_SECONDS
    while not socket.exists():
        if agent.poll() is not None or time.monotonic() > end:
            raise Unavailable("MAG-E598", "ssh-agent did not start")
        time.sleep(0.01)
    # `env` sets the one variable, so that the rest of the person's environment is left as it is.
    added = subprocess.run(["env", f"SSH_AUTH_SOCK={socket}", "ssh-add", "-q", "-t", _LIFE, str(path)], check=False)
    keys = agent_keys(str(socket)) if added.returncode == 0 else ()
    if not keys:
        raise Refused(
            "MAG-E596",
            f"`{path}` was not opened",
            hint="without a terminal, add it to your ssh-agent and use --key agent",
        )
    return keys[0]


def _end(agent: subprocess.Popen[bytes]) -> None:
    agent.terminate()
    agent.wait()
