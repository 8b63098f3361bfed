"""One service of a Compose file: the rights that each of its keys gives (Compose Specification).

Rule kept: a key that is not known, and a variable, is unknown; what they name (a file, a line of `.env`, what the top of
the file defines) counts with them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from magistrate.impact.privilege.domains.compose_parts import (
    CAPABILITIES,
    DEFAULT_CAPABILITIES,
    FROM_OUTSIDE,
    IGNORED,
    LIKELY,
    NAMESPACES,
    UnreadablePartError,
    beside,
    keyed,
    listed,
    port_of,
    text_of,
    volume_of,
)
from magistrate.impact.privilege.domains.trees import Line, is_true
from magistrate.impact.privilege.model import Place, Statement, Unknown, Where, literals
from magistrate.impact.privilege.patterns import glob, literal

DOMAIN: Final = "compose"
_ROOT: Final = frozenset({"root", "0", ""})
_ON_HOST: Final = (
    "capability", "host path", "device", "namespace", "confinement", "new privileges", "write root", "sysctl",
)  # fmt: skip
_DEFINED: Final = frozenset({"volumes", "secrets", "configs", "networks"})
"""Keys of a service that name what the top of the file defines."""


@dataclass(slots=True)
class Service:
    """What is read of one service; `base` says that the file is laid over no other."""

    path: str
    root: dict[str, Any]
    files: Mapping[str, str]
    base: bool
    line: int
    statements: list[Statement] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    def add(self, says: str, right: str, *where: Where) -> None:
        """One right of the service."""
        place = Place(path=self.path, line=self.line)
        self.statements.append(Statement(where=(literals("right", right), *where), place=place, says=says))

    def named(self, right: str, name: str) -> None:
        """A right with a name."""
        self.add(f"{right}: {name}", right, literals(right, name))

    def read(self, service: dict[str, Any]) -> None:
        """Read all keys; one that is not understood is unknown, the others count."""
        for key in sorted({*service, *_PARTS}):
            if key in IGNORED or key.startswith("x-"):
                continue
            value = service.get(key)
            reader = _PARTS.get(key, _unread)
            try:
                (_unread if isinstance(value, str) and "$" in value.replace("$$", "") else reader)(self, value, service)
            except UnreadablePartError:
                made = text_of(self.root.get(key)) if key in _DEFINED else ""
                text = f"{key}: {text_of(value)}{beside(self.path, value, self.files)} {made}"
                why = "a part of a service is not understood"
                place = Place(path=self.path, line=self.line)
                self.unknown.append(Unknown(domain=DOMAIN, why=why, text=" ".join(text.split()), place=place))

    def unless(self, value: object, right: str, *, protects: bool) -> None:
        """A right that is there unless a flag protects; said aloud it counts as more, over another file."""
        flag = is_true(value)
        if value is not None and not isinstance(value, str):
            raise UnreadablePartError
        if protects == flag and value is not None:
            return
        aloud = () if self.base or value is not None else (literals("said", "no"),)
        self.add(right, right, *aloud)

    def privileged(self, value: object, _service: dict[str, Any]) -> None:
        """Everything that this file can grant on the host."""
        if value is not None and not isinstance(value, str):
            raise UnreadablePartError
        if is_true(value):
            where = (literals("right", *_ON_HOST),)
            place = Place(path=self.path, line=self.line)
            self.statements.append(Statement(where=where, place=place, says="privileged: everything on the host"))

    def capabilities(self, _value: object, service: dict[str, Any]) -> None:
        """Docker's own set, without those dropped, with those added."""
        added, dropped = (
            {one.upper().removeprefix("CAP_") for one in listed(service.get(key))} for key in ("cap_add", "cap_drop")
        )
        if any("$" in one for one in added | dropped):
            raise UnreadablePartError
        if "ALL" in added:
            held = CAPABILITIES - dropped
            every = (literals("capability", *sorted(dropped), negated=True),) if dropped else ()
            self.add(
                "every capability" if not dropped else f"capabilities {', '.join(sorted(held))}", "capability", *every
            )
            return
        held = (frozenset[str]() if "ALL" in dropped else DEFAULT_CAPABILITIES - dropped) | added
        for name in sorted(held):
            self.named("capability", name)

    def security(self, value: object, _service: dict[str, Any]) -> None:
        """Confinement: each profile, `unconfined` being any; new privileges unless they are shut off."""
        options = dict(one.replace("=", ":", 1).partition(":")[::2] for one in listed(value))
        if any("$" in one for pair in options.items() for one in pair):
            raise UnreadablePartError
        shut = options.pop("no-new-privileges", "false" if self.base else None)
        self.unless("true" if shut == "" else shut, "new privileges", protects=True)
        for kind in ("seccomp", "apparmor"):
            profile = options.pop(kind, "default")
            any_profile = () if profile == "unconfined" else (literals("profile", profile),)
            self.add(f"{kind}: {profile}", "confinement", literals("confined by", kind), *any_profile)
        for kind, said in sorted(options.items()):
            self.add(f"{kind}: {said}", "confinement", literals("confined by", kind), literals("profile", said))

    def read_only(self, value: object, _service: dict[str, Any]) -> None:
        """A root file system that may be written."""
        self.unless(value, "write root", protects=True)

    def user(self, value: object, _service: dict[str, Any]) -> None:
        """As whom: root may be anyone, and the image decides where nothing is said."""
        if value is None:
            self.add("the user of the image", "user", literals("the image runs as root", "yes"))
            self.add("the user of the image", "user", literals("user", "root", negated=True))
            return
        if not isinstance(value, str):
            raise UnreadablePartError
        name, _, group = value.partition(":")
        if name in _ROOT:
            self.add(f"user {value}", "user")
        else:
            self.add(f"user {value}", "user", literals("user", name), *([literals("group", group)] if group else []))

    def volumes(self, value: object, _service: dict[str, Any]) -> None:
        """Paths of the host with all below them, and volumes by name."""
        if value is not None and not isinstance(value, list):
            raise UnreadablePartError
        for one in value or []:
            kind, source, writes = volume_of(one)
            mode = () if writes else (literals("access", "read"),)
            if kind == "bind":
                whole = posixpath.normpath(source)
                below = glob("*") if whole == "/" else None
                among = (below,) if below else (literal(whole), *self.below(whole))
                self.add(f"{source} of the host", "host path", Where(dimension="host path", among=among), *mode)
            elif kind == "volume" and source:
                self.add(f"volume {source}", "volume", literals("volume", source), *mode)
                self.driver(source)

    def below(self, whole: str) -> tuple[Any, ...]:
        """What is under a folder; its own name is taken literally."""
        return (type(glob("*"))((*whole, "/", "run")),)

    def driver(self, name: str) -> None:
        """A named volume that is a folder of the host in truth."""
        made = (self.root.get("volumes") or {}).get(name)
        options = made.get("driver_opts") if isinstance(made, dict) else None
        if options:
            self.named("volume driver", text_of(options))

    def ports(self, value: object, _service: dict[str, Any]) -> None:
        """Ports that the host passes on."""
        if value is not None and not isinstance(value, list):
            raise UnreadablePartError
        for one in value or []:
            says, where = port_of(one)
            self.add(f"port {says}", "port", *where)

    def networks(self, value: object, service: dict[str, Any]) -> None:
        """Networks, one being shut to the outside where it says so; and the network of the host."""
        mode = service.get("network_mode")
        if mode is not None:
            if not isinstance(mode, str):
                raise UnreadablePartError
            if mode == "host":
                self.named("namespace", "host network")
                self.add("every network of the host", "network")
            elif mode not in {"none", "bridge", "default"}:
                self.named("network", mode)
            if mode in {"none", "host"}:
                return
        for name in sorted(keyed(value)) or ["default"]:
            made = (self.root.get("networks") or {}).get(name)
            inside = isinstance(made, dict) and is_true(made.get("internal"))
            self.add(
                f"network {name}",
                "network",
                literals("network", name),
                *([literals("outside", "no")] if inside else []),
            )

    def namespace(self, key: str, value: object) -> None:
        """A name space that is not its own."""
        if value is None or value in {"private", "none", "", "shareable"}:
            return
        if not isinstance(value, str):
            raise UnreadablePartError
        self.named("namespace", f"{value} {key}")

    def names(self, right: str, value: object) -> None:
        """A list of names, each a right."""
        for name in sorted(keyed(value)):
            if "$" in name.replace("$$", ""):
                raise UnreadablePartError
            self.named(right, name)

    def secrets(self, right: str, value: object) -> None:
        """Secrets and configurations by the name at the top of the file, and what that is."""
        defined = self.root.get(f"{right}s")
        if value is not None and not isinstance(value, list):
            raise UnreadablePartError
        for one in value or []:
            name = one.get("source") if isinstance(one, dict) else one
            if not isinstance(name, str):
                raise UnreadablePartError
            made = defined.get(name) if isinstance(defined, dict) else None
            self.named(right, f"{name} {text_of(made)}" if made else name)

    def environment(self, value: object, _service: dict[str, Any]) -> None:
        """Secrets of whoever starts the file, by the names of their variables."""
        pairs = value.items() if isinstance(value, dict) else (one.partition("=")[::2] for one in listed(value))
        for name, said in pairs:
            passed = [name] if said in {None, ""} else [one[0] or one[1] for one in FROM_OUTSIDE.findall(text_of(said))]
            for one in passed:
                if LIKELY.search(one):
                    self.named("secret", f"variable {one}")

    def hooks(self, value: object, service: dict[str, Any]) -> None:
        """Commands at the start and the end, which may run as another user and with every right."""
        if value is not None and not (isinstance(value, list) and all(isinstance(one, dict) for one in value)):
            raise UnreadablePartError
        for one in value or []:
            self.privileged(one.get("privileged"), service)
            if one.get("user") is not None:
                self.user(one["user"], service)

    def whole(self, right: str, value: object) -> None:
        """A part that is a right as it stands."""
        if value is not None:
            self.named(right, text_of(value))

    def image(self, value: object, _service: dict[str, Any]) -> None:
        """Whose code runs, and whether its owner may change it."""
        if value is None:
            return
        if not isinstance(value, str):
            raise UnreadablePartError
        pinned = re.search(r"@sha\d+:", value) is not None
        head, _, last = value.split("@")[0].rpartition("/")
        name = (head + "/" if head else "") + last.split(":")[0]
        self.add(
            f"code of {value}",
            "code",
            literals("takes code from", name),
            *([literals("pinned", "yes")] if pinned else []),
        )

    def build(self, value: object, _service: dict[str, Any]) -> None:
        """Powers of the build."""
        if isinstance(value, Line):
            for key in (
                "privileged",
                "entitlements",
                "ssh",
                "secrets",
                "network",
                "extra_hosts",
                "additional_contexts",
            ):
                if key in value:
                    self.named("build", f"{key} {text_of(value[key])}")
        elif value is not None and not isinstance(value, str):
            raise UnreadablePartError

    def labels(self, value: object, _service: dict[str, Any]) -> None:
        """Labels by which a proxy opens a service to the outside."""
        texts = [f"{name}={text_of(one)}" for name, one in value.items()] if isinstance(value, dict) else listed(value)
        for text in sorted(texts):
            if re.match(r"(?:traefik|caddy|nginx|virtual)", text, re.IGNORECASE):
                self.named("exposed by label", text)

    def deploy(self, value: object, _service: dict[str, Any]) -> None:
        """Devices that are reserved."""
        held = value if isinstance(value, dict) else {}
        resources = held.get("resources")
        kept = resources.get("reservations") if isinstance(resources, dict) else None
        devices = kept.get("devices") if isinstance(kept, dict) else None
        if devices is not None:
            self.named("device", text_of(devices))


def _unread(*_: object) -> None:
    raise UnreadablePartError


def _each(right: str) -> Any:  # noqa: ANN401 - a reader of one part
    return lambda service, value, _all: service.names(right, value)


def _space(key: str) -> Any:  # noqa: ANN401 - a reader of one part
    return lambda service, value, _all: service.namespace(key, value)


def _whole(right: str) -> Any:  # noqa: ANN401 - a reader of one part
    return lambda service, value, _all: service.whole(right, value)


def _secret(right: str) -> Any:  # noqa: ANN401 - a reader of one part
    return lambda service, value, _all: service.secrets(right, value)


def _parts() -> Iterator[tuple[str, Any]]:
    yield from (
        ("privileged", Service.privileged), ("cap_add", Service.capabilities), ("security_opt", Service.security),
        ("read_only", Service.read_only), ("user", Service.user), ("volumes", Service.volumes),
        ("ports", Service.ports), ("networks", Service.networks), ("image", Service.image),
        ("build", Service.build), ("labels", Service.labels), ("deploy", Service.deploy),
        ("environment", Service.environment), ("post_start", Service.hooks), ("pre_stop", Service.hooks),
        ("secrets", _secret("secret")), ("configs", _secret("config")),
    )  # fmt: skip
    yield from ((key, _space(said)) for key, said in NAMESPACES.items())
    for key, right in (("group_add", "group"), ("sysctls", "sysctl"), ("volumes_from", "volumes of"), ("devices", "device"),
                       ("device_cgroup_rules", "device"), ("links", "link"), ("external_links", "link"),
                       ("extra_hosts", "host name"), ("dns", "name server")):  # fmt: skip
        yield key, _each(right)
    for key, right in (("env_file", "secret"), ("gpus", "device"), ("runtime", "runtime"), ("cgroup_parent", "namespace"),
                       ("use_api_socket", "host path"), ("credential_spec", "secret"), ("isolation", "confinement")):  # fmt: skip
        yield key, _whole(right)
    yield from ((key, lambda *_: None) for key in ("cap_drop", "network_mode"))


_PARTS: Final[Mapping[str, Any]] = dict(_parts())
