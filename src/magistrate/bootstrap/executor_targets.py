"""Composition of the targets that the executor reaches by SSH, and the probes of their CA keys.

A part of the executor's root of its own, so that `magistrate config check` and `magistrate leases --roots` load the brokers of
targets and nothing else of the executor.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from magistrate.bootstrap.root_probes import Probed
from magistrate.errors import MagistrateError, Unavailable, Usage
from magistrate.executor.credentials.ssh_carrier import SshCarrier
from magistrate.executor.credentials.ssh_certificate import LOGIN_SECONDS, SshCertificates, SshGround
from magistrate.executor.credentials.ssh_consumer import SshConsumer
from magistrate.executor.credentials.ssh_login import HeldKey, SshLogin, SshTarget
from magistrate.executor.credentials.ssh_revocations import RevocationFile
from magistrate.executor.identity import Identity
from magistrate.executor.ports import Clock
from magistrate.settings import Settings
from magistrate.settings_targets import TargetSettings

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MOST: Final = 65_536


def targets_of(
    settings: Settings, identity: Identity, clock: Clock, redact: Callable[[str], str]
) -> Mapping[str, SshConsumer]:
    """The targets of this home, each with its broker, whose list of revoked keys is in place and honours nothing.

    A home without targets opens no folder and no file. `redact` leaves `sha256:` with its digits as it stands, for that is what
    a target answers with.

    Raises:
        MagistrateError: MAG-E383, MAG-E420, MAG-E421 as the broker, naming the target; the other targets are closed again.
    """
    found: dict[str, SshConsumer] = {}
    try:
        for name, place in target_places(settings).items():
            told = settings.targets[name]
            ground = SshGround(
                target=place, folder=settings.home / "executor" / "targets" / name, authority=told.authority,
                revocations=RevocationFile(path=told.revocations), redact=redact,
            )  # fmt: skip
            found[name] = SshConsumer(_broker(name, ground, identity, clock), told.seconds)
    except MagistrateError:
        for one in found.values():
            one.close()
        raise
    return found


def carriers_of(settings: Settings, consumers: Mapping[str, SshConsumer]) -> Mapping[str, SshCarrier]:
    """The same targets, each as one that runs what is deployed; it shares its broker."""
    return {name: SshCarrier(one.mint, settings.targets[name].seconds) for name, one in consumers.items()}


def target_places(settings: Settings) -> Mapping[str, SshTarget]:
    """Where each target is (raises Usage MAG-E420 naming the one whose settings are not acceptable)."""
    return {name: _place(name, target) for name, target in settings.targets.items()}


def probes_of_targets(settings: Settings) -> Iterator[Probed]:
    """Of each CA key: whether its file is the executor's alone, and whether sshd refuses it as the key of a login.

    The login asks for nothing and runs nothing; the key goes to the ssh client as the certificates do, in memory.
    """
    for name, target in settings.targets.items():
        root = f"target {name}"
        try:
            yield _kept(root, target.authority, settings.key("executor").stat().st_uid)
            seen = SshLogin(_place(name, target), lambda text: text).attempt(_bare(target.authority), LOGIN_SECONDS)
            yield Probed(root=root, tried="to log in with the CA key itself", refused=seen.held, seen=seen.seen)
        except MagistrateError as error:
            yield Probed(root=root, tried="to log in with the CA key itself", refused=None, seen=error.message)
        except OSError as error:
            why = f"`{error.filename}` cannot be looked at: {error.strerror}"
            yield Probed(root=root, tried="to read the file as another", refused=None, seen=why)


def _kept(root: str, path: Path, executor: int) -> Probed:
    """Whether the file of a CA key is a plain one that the user of the executor alone can read (raises OSError)."""
    found = path.lstat()
    alone = stat.S_ISREG(found.st_mode) and not found.st_mode & _OTHERS and found.st_uid == executor
    seen = f"mode {stat.S_IMODE(found.st_mode):04o}, of {_user(found.st_uid)}; the executor is {_user(executor)}"
    return Probed(root=root, tried="to read the file as another", refused=alone, seen=seen)


def _bare(path: Path) -> HeldKey:
    """The CA key as a key of a login, without a certificate (raises Unavailable MAG-E420)."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            return HeldKey(private=stream.read(_MOST), certificate=b"")
    except OSError as error:
        raise Unavailable(
            "MAG-E420", f"the CA key `{path}` is not yours to read: {error.strerror}",
            hint="ask as the user of the executor, or as root",
        ) from error  # fmt: skip


def _user(uid: int) -> str:
    try:
        return f"`{pwd.getpwuid(uid).pw_name}`"
    except KeyError:
        return f"uid {uid}"


def _place(name: str, target: TargetSettings) -> SshTarget:
    try:
        return SshTarget(
            host=target.host, port=target.port, user=target.user, principal=target.user, program=target.program,
            known_hosts=target.known_hosts.absolute(), source_addresses=target.source_addresses,
        )  # fmt: skip
    except MagistrateError as error:
        raise Usage(error.code, f"`[target.{name}]`: {error.message}", hint=error.hint) from error


def _broker(name: str, ground: SshGround, identity: Identity, clock: Clock) -> SshCertificates:
    try:
        return SshCertificates(ground, identity=identity, clock=clock)
    except MagistrateError as error:
        raise type(error)(error.code, f"`[target.{name}]`: {error.message}", hint=error.hint) from error
