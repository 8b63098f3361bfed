"""A process that has imported the assessor and judged nothing; it forks a child for each question.

    python warm_judge_process.py LISTENING ALIVE    # descriptors; ends when the other side of ALIVE is closed

A question is what the assessor reads on stdin, to the end of the stream; the answer is its status in one byte, and then
what it writes on stdout. See `warm_judge.py`, which asks.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from magistrate import judge


def answer(asked: socket.socket) -> None:
    """In the child: as `magistrate.judge` as a program answers."""
    content = b"".join(iter(lambda: asked.recv(1 << 20), b""))
    if content.startswith(judge.MANY):
        status, said = 0, b"".join(one + b"\n" for one in judge.answer_many(content))
    else:
        reply, status = judge.answer(content)
        said = reply + b"\n"
    asked.sendall(bytes([status]) + said)


def main() -> None:
    """Wait for questions until nobody is left who could ask."""
    listening, alive = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise RuntimeError("a process that forks has one thread")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children end by themselves and nobody asks how
    gc.freeze()
    while True:
        ready, _, _ = select.select([listening, alive], [], [])
        if alive in ready:
            return
        asked, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            alive.close()
            with suppress(BrokenPipeError, ConnectionResetError):  # who asked is gone, as its walls would end a judge
                answer(asked)
            asked.close()
            os._exit(0)
        asked.close()


if __name__ == "__main__":
    main()
