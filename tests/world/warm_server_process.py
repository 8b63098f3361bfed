"""A process that has imported one program and run nothing of it; it forks the program for each start.

    python warm_server_process.py FD IMPORTS RUNS    # FD: the socket that calls come from; ends when its other side is closed

See `warm_server.py`, which asks, and `warm_process.py` for what a call is.
"""

from __future__ import annotations

import gc
import importlib.util
import socket
import sys
from pathlib import Path
from typing import Any


def neighbour(name: str) -> Any:
    """A file beside this one, whatever the program's own path of imports is."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Import, wait for calls; in a child, be the program."""
    number, imports, runs = sys.argv[1:4]
    warm = neighbour("warm_process")
    link = socket.socket(fileno=int(number))
    sys.path[0] = ""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(imports, names)  # noqa: S102  what `python -c` does with it
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise RuntimeError("a process that forks has one thread")
    gc.freeze()
    called = warm.serve(link)
    if called is not None:
        link.detach()
        warm.become(called)
        exec(runs, names)  # noqa: S102  as above


if __name__ == "__main__":
    main()
