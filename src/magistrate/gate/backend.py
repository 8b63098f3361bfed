"""git http-backend for one granted push: CGI in a closed environment.

Rule kept: the per-request configuration hides every ref but the granted one, refuses
deletions and rewinds, checks every object, and points to the gate's own hooks; nothing in
the repository's own configuration or hooks folder is used for that.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import magistrate
from magistrate.errors import Unavailable
from magistrate.gate.grants import Grant
from magistrate.gate.repositories import HOOKS, MARK, MAX_PUSH_BYTES, git_config, git_environment

_SECONDS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class CgiAnswer:
    """Status, headers and body of a CGI program."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CgiCall:
    """One request to git: repositories below `folder`; `body` is None for the ref advertisement.

    `signer` is the SSH key that a new tag must be signed with, empty where none is made.
    """

    folder: Path
    home: Path
    grant: Grant
    path: str
    query: str
    body: bytes | None
    signer: str = ""


async def serve_push(call: CgiCall) -> CgiAnswer:
    """Run git http-backend for a granted push.

    Raises:
        Unavailable: MAG-E338 when it cannot run or takes longer than 120 s.
    """
    env = git_environment(_environment(call))
    try:
        process = await asyncio.create_subprocess_exec(
            "git", "http-backend", env=env, start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise Unavailable("MAG-E338", f"git http-backend could not run: {error}") from error
    try:
        out, _ = await asyncio.wait_for(process.communicate(call.body or b""), _SECONDS)
    except TimeoutError as error:
        raise Unavailable("MAG-E338", "git http-backend took too long") from error
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return _answer(out)


def _environment(call: CgiCall) -> dict[str, str]:
    grant = call.grant
    config = git_config(
        {
            "safe.directory": "*",
            "http.receivepack": "true",
            "transfer.hideRefs": "refs/",
            "receive.hideRefs": f"!{grant.ref}",
            "receive.denyNonFastForwards": "true",
            "receive.denyDeletes": "true",
            "receive.fsckObjects": "true",
            "receive.unpackLimit": "1",
            "receive.maxInputSize": str(MAX_PUSH_BYTES),
            "receive.autogc": "false",
            "core.hooksPath": str(HOOKS),
            "core.protectHFS": "true",
            "core.protectNTFS": "true",
        }
    )
    return {
        **config,
        MARK: str(call.home),
        "MAGISTRATE_OLD": grant.old,
        "MAGISTRATE_NEW": grant.new,
        "MAGISTRATE_REF": grant.ref,
        "MAGISTRATE_TREE": grant.tree,
        "MAGISTRATE_COMMIT": grant.names,
        "MAGISTRATE_SIGNER": call.signer,
        "MAGISTRATE_PYTHON": sys.executable,
        "MAGISTRATE_SOURCE": str(Path(magistrate.__path__[0]).parent),
        "GIT_PROJECT_ROOT": str(call.folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_HTTP_MAX_REQUEST_BUFFER": "1M",
        "REMOTE_USER": grant.lease,
        "REMOTE_ADDR": "127.0.0.1",
        "PATH_INFO": call.path,
        "QUERY_STRING": call.query,
        "REQUEST_METHOD": "GET" if call.body is None else "POST",
        "CONTENT_TYPE": "" if call.body is None else "application/x-git-receive-pack-request",
        "CONTENT_LENGTH": str(len(call.body or b"")),
    }


def _answer(out: bytes) -> CgiAnswer:
    head, _, body = out.partition(b"\r\n\r\n")
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name:
            headers[name.lower()] = value.strip()
    status = int(headers.pop("status", "200 OK").split()[0])
    if not head:
        raise Unavailable("MAG-E338", "git http-backend gave no answer")
    return CgiAnswer(status=status, headers=headers, body=body)
