"""Dockerfiles: as whom the last stage runs, whose code it takes, which powers its files are given.

A request is of one `right`: a `user`, a source of code (`takes code from`, `pinned`), a `power` given by a command of
the build, a `secret` left in the image or a `port`. Whether the base image runs as root is a
dimension of its own where the file does not say it.

Rule kept: what the builder chooses by an argument is unknown; a base without digest is one that its owner may change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.dockerfile_text import (
    Dockerfile,
    Instruction,
    Stage,
    UnreadableDockerfileError,
    assignments,
    filled,
    read,
    words,
)
from magistrate.impact.privilege.model import Grants, Holder, Layer, Place, Reader, Statement, Unknown, Where, literals

DOMAIN: Final = "dockerfile"
MAX_STAGES: Final = 60
_FILE: Final = rx(r"(?i)(?:.*/)?(?:(?:docker|container)file(?:[.-][\w.-]+)?|[\w.-]+\.(?:docker|container)file)")
_OTHER: Final = rx(r"(?i).*\.(?:md|rst|txt|py|go|js|ts|java|rb|dockerignore)")
_ROOT: Final = frozenset({"root", "0", ""})
_DIGEST: Final = rx(r"@sha\d+:")
_PARTS: Final = rx(r"\s*(?:&&|\|\||;|\n)\s*")
_BITS: Final = rx(
    r"\b(?:chmod|install)\b.*?(?:\s|=)(?:[ugoa,]*[+=][rwxXt]*s|[0-7]?[2-7][0-7]{3}|0?[0-7]{2}[2367])(?=\s|,|$)"
)
_POWERS: Final = rx(
    r"\bsetcap\b|\bsudoers\b|\bNOPASSWD\b|\bvisudo\b|\b(?:usermod|gpasswd|chpasswd|passwd|mknod|setfacl)\b|"
    r"\b(?:adduser|addgroup|useradd)\b.*\b(?:sudo|wheel|docker|root|admin)\b|\buseradd\b.*\s(?:-o|--non-unique)\b|"
    r"\bchmod\b.*(?:[oa]\+[rx]*w|\s\+[rx]*w\b)|--privileged\b"
)
_TRUST: Final = rx(
    r"\b(?:curl|wget)\b.*\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b|\b(?:sh|bash|eval|source)\b.*\$\((?:curl|wget)|"
    r"--no-check-certificate|--insecure\b|\bcurl\b.*\s-[a-zA-Z]*k\b|--trusted-host|--allow-unauthenticated|"
    r"--no-gpg-check|--nogpgcheck|trusted=yes|--allow-untrusted|strict-ssl\s*(?:=|\s)\s*false|sslVerify\s*(?:=|\s)\s*false"
)
_SECRET: Final = rx(
    r"(?i)(?:^|_)(?:pass(?:word|wd|phrase)?|secret|token|api_?key|access_?key|private_?key|credentials?)(?:_|$)"
)
_INJECTED: Final = frozenset(
    [
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "LD_AUDIT",
        "BASH_ENV",
        "NODE_OPTIONS",
        "PYTHONSTARTUP",
        "PERL5OPT",
        "RUBYOPT",
        "JAVA_TOOL_OPTIONS",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "PYTHONHTTPSVERIFY",
        "GIT_SSL_NO_VERIFY",
    ]
)


class Images:
    """The reader of Dockerfiles."""

    @property
    def domain(self) -> str:
        """Name of the domain."""
        return DOMAIN

    def reads(self, path: str) -> bool:
        """Files named as Dockerfiles or Containerfiles."""
        return _FILE.fullmatch(path) is not None and _OTHER.fullmatch(path) is None

    def grants(self, files: Mapping[str, str]) -> Grants:
        """One holder for each file: the image that its last stage makes."""
        holders: list[Holder] = []
        unknown: list[Unknown] = []
        for path in sorted(files):
            image = _Image(path=path)
            try:
                image.read(read(files[path]))
            except UnreadableDockerfileError as error:
                text = " ".join(files[path].split())
                unknown.append(Unknown(domain=DOMAIN, why=str(error), text=text, place=Place(path=path)))
                continue
            statements = tuple(dict.fromkeys(image.statements))
            unknown += image.unknown
            holders.append(Holder(name=f"image:{path}", domain=DOMAIN, layers=(Layer(statements=statements),)))
        return Grants(holders=tuple(holders), live=frozenset(holder.name for holder in holders), unknown=tuple(unknown))


READER: Final[Reader] = Images()


@dataclass(slots=True)
class _Image:
    path: str
    statements: list[Statement] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    user: tuple[Instruction, str] | None = None

    def read(self, found: Dockerfile) -> None:
        """Read the last stage with the stages that it is built on."""
        if found.syntax and not re.match(r"(?:docker\.io/)?docker/dockerfile(?::|$)", found.syntax):
            self.source(found.syntax, 1)
        line = _built_on(found)
        base = line[0].base
        self.chosen = dict(found.arguments)
        name, _, tag = base.rpartition(":") if ":" in base.rsplit("/", 1)[-1] and "@" not in base else (base, "", "")
        made = filled(name or tag, {}) if base.lower() != "scratch" else None
        if made is not None:
            self.source(made if not tag else f"{made}:{tag}", line[0].line)
        elif base.lower() != "scratch":
            given = sorted(f"{one}={value}" for one, value in found.arguments.items() if one in base)
            self.open("the builder chooses the base image", f"FROM {base} {' '.join(given)}", line[0].line)
        for stage in line:
            for one in stage.instructions:
                self.take(one, found)
        self.run_as(line[-1])

    def add(self, right: str, says: str, line: int, *where: Where) -> None:
        """One right of the image; `right` keeps a right without conditions from standing for those of another kind."""
        where = (literals("right", right), *where)
        self.statements.append(Statement(where=where, place=Place(path=self.path, line=line), says=says))

    def open(self, why: str, text: str, line: int) -> None:
        """Something that cannot be resolved."""
        place = Place(path=self.path, line=line)
        self.unknown.append(Unknown(domain=DOMAIN, why=why, text=" ".join(text.split()), place=place))

    def source(self, image: str, line: int) -> None:
        """An image whose code runs: pinned by digest, or as its owner changes it."""
        pinned = _DIGEST.search(image) is not None
        bare = image.split("@", maxsplit=1)[0]
        head, _, last = bare.rpartition("/")
        name = (head + "/" if head else "") + last.split(":")[0]
        where = literals("takes code from", name.removeprefix("docker.io/").removeprefix("library/"))
        says = f"code of {image}" + ("" if pinned else ", as its owner changes it")
        self.add("code", says, line, where, *((literals("pinned", "yes"),) if pinned else ()))

    def take(self, one: Instruction, found: Dockerfile) -> None:
        """One instruction of the image."""
        if one.name == "ONBUILD":
            word, _, rest = one.rest.partition(" ")
            self.take(Instruction(name=word.upper(), flags=(), rest=rest, line=one.line), found)
        elif one.name == "USER":
            self.user = (one, one.rest)
        elif one.name in {"ENV", "ARG"}:
            self.set(one)
        elif one.name == "EXPOSE":
            for port in one.rest.split():
                self.add("port", f"port {port}", one.line, literals("port", port if "/" in port else port + "/tcp"))
        elif one.name in {"COPY", "ADD"}:
            self.copy(one, found)
        elif one.name == "RUN":
            self.run(one)

    def set(self, one: Instruction) -> None:
        """Variables: secrets and what changes how programs start."""
        for name, value in assignments(one.rest).items():
            if one.name == "ARG":
                self.chosen[name] = value or self.chosen.get(name, "")
                self.values.pop(name, None)
            else:
                made = filled(value, self.values)
                if made is None:
                    self.values.pop(name, None)
                    self.chosen[name] = value
                else:
                    self.values[name] = made
            if value and _SECRET.search(name):
                self.add("secret", f"{name} is readable in the image", one.line, literals("secret", name))
            if name in _INJECTED:
                self.add("power", f"{name}={value}", one.line, literals("power", f"{name}={value}"))

    def copy(self, one: Instruction, found: Dockerfile) -> None:
        """Files from elsewhere, and the bits that they get."""
        flags = dict(one.flags)
        names = {stage.name for stage in found.stages if stage.name}
        origin = flags.get("from", "")
        if origin and origin.lower() not in names and not origin.isdigit():
            if "$" in origin:
                self.open("the builder chooses where files come from", f"COPY --from={origin}", one.line)
            else:
                self.source(origin, one.line)
        mode = flags.get("chmod", "")
        if _BITS.search(f"chmod {mode} x") or "$" in mode:
            self.add("power", f"files with mode {mode}", one.line, literals("power", f"chmod {mode} {one.rest}"))
        if one.name == "ADD" and "checksum" not in flags:
            for word in words(one.rest)[:-1]:
                if re.match(r"(?i)(?:https?|ftp|git|ssh)://|git@", word):
                    self.add("code", f"files of {word}", one.line, literals("takes code from", word))

    def run(self, one: Instruction) -> None:
        """Commands of the build that give powers to files or users, or that trust whatever they fetch."""
        for name, value in one.flags:
            if name in {"security", "network"} or "type=secret" in value or "type=ssh" in value:
                self.add("power", f"--{name}={value}", one.line, literals("power", f"--{name}={value}"))
        text = one.rest
        if text.startswith("["):
            text = " ".join(words(text.strip("[] ").replace(",", " ")))
        for part in _PARTS.split(text):
            if _BITS.search(part) or _POWERS.search(part) or _TRUST.search(part):
                command = " ".join(part.split())
                self.add("power", command, one.line, literals("power", command))

    def run_as(self, last: Stage) -> None:
        """The user that the image runs as."""
        if self.user is None:
            self.add("user", "the user of the base image", last.line, literals("the base runs as root", "yes"))
            self.add("user", "the user of the base image", last.line, literals("user", "root", negated=True))
            return
        one, text = self.user
        made = filled(text.strip(), self.values)
        if made is None:
            given = sorted(f"{name}={value}" for name, value in self.chosen.items() if name in text)
            self.open("the builder chooses the user", f"USER {text} {' '.join(given)}", one.line)
            return
        user, _, group = made.strip('"').partition(":")
        where = () if user in _ROOT else (literals("user", user),)
        if group and user not in _ROOT:
            where = (*where, literals("group", "root" if group == "0" else group))
        self.add("user", f"run as {made}", one.line, *where)


def _built_on(found: Dockerfile) -> list[Stage]:
    """The last stage with those below it, the lowest first."""
    line = [found.stages[-1]]
    at = len(found.stages) - 1
    while len(line) <= MAX_STAGES:
        below = next(
            (other for other in range(at - 1, -1, -1) if found.stages[other].name == line[0].base.lower()), None
        )
        if below is None or not found.stages[below].name:
            break
        at = below
        line.insert(0, found.stages[below])
    return line
