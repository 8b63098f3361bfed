"""A process that mints, acts and revokes until it is killed: what it was given is told on standard output, for an attacker.

python doomed_broker.py FOLDER PORT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from world.ssh_town import SshTown

from magistrate.errors import MagistrateError


def main() -> int:
    town = SshTown(folder=Path(sys.argv[1]), port=int(sys.argv[2]))
    broker = town.broker()
    while True:
        try:
            broker.sweep()
            credential = broker.request(town.bundle, town.lease(), ())
            sys.stdout.write(json.dumps([credential.lease, credential.token]) + "\n")
            sys.stdout.flush()
            broker.run(credential, ["shop-1.2", "0.2"], 10)
            broker.revoke(credential.lease)
        except MagistrateError as error:
            sys.stderr.write(error.diagnostics() + "\n")


if __name__ == "__main__":
    sys.exit(main())
