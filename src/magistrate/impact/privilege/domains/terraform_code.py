"""Whose code runs when a folder of Terraform is applied, as whom it acts, and where its state is kept.

Providers and modules from elsewhere run with all that the credentials allow with which the folder is applied: another one,
or another version of one, is a right of whoever wrote it. So is a program that runs at plan time or a command of a
provisioner, with the files beside it that it names. With which provider a single resource is made, as whom a provider acts,
and where the state is kept (which holds secrets, and steers what is made and destroyed), are facts of their own.

Rule kept: a fact that goes leaves what holds without it (whoever applies it, any version, a state on that machine), so
that what was narrower is seen to go. What the inputs of a module from elsewhere give is another reader's matter.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.privilege.domains import terraform, terraform_names
from magistrate.impact.privilege.domains.aws_iam import READER as RIGHTS
from magistrate.impact.privilege.domains.terraform import CLOSE, OPEN, Block
from magistrate.impact.privilege.domains.terraform_applied import COMMON, SCRIPTS, named_files, runs, said_of
from magistrate.impact.privilege.domains.terraform_meanings import short
from magistrate.impact.privilege.domains.terraform_names import beside
from magistrate.impact.privilege.domains.terraform_overrides import merged_overrides
from magistrate.impact.privilege.domains.terraform_states import state_of
from magistrate.impact.privilege.domains.terraform_versions import Versions, versions
from magistrate.impact.privilege.model import Edge, Grants, Holder, Layer, Place, Statement, Where, literals, spans

DOMAIN: Final = "terraform"
CODE: Final = "code"
"""The domain of what runs with power, of whatever reader."""
VERSION: Final = "version"
"""The dimension of versions, as numbers."""
WHOEVER: Final = "whoever applies it, or as its caller"
MAX_FOLDERS: Final = 2_000
_OWN: Final = "terraform itself"
_ALWAYS: Final = frozenset({"resource", "data", "module", "provider", "terraform"})
"""Kinds of blocks that make a folder something that is applied."""


class _Reader:
    domain: Final = DOMAIN

    def reads(self, path: str) -> bool:
        """What Terraform reads, and scripts that it may run."""
        return RIGHTS.reads(path) or SCRIPTS.search(path) is not None

    def grants(self, files: Mapping[str, str]) -> Grants:
        """The facts of every folder; a file that is no HCL is told by the reader of rights, with its whole text."""
        found: list[Block] = []
        for path in sorted(files):
            if terraform.is_terraform(path) or terraform.is_values(path):
                try:
                    found += terraform.blocks(path, files[path])
                except terraform.UnreadableError:
                    continue
        if not found:
            return Grants()
        told = _Folders(files=files, blocks=merged_overrides(found))
        told.read()
        for block in terraform_names.resolved(found, files, wanted=_tells):
            told.add(block)
        return told.grants()


READER: Final = _Reader()


def _tells(block: Block) -> bool:
    return block.kind in {"provider", "module"} or any(True for _ in runs(block))


@dataclass(slots=True, kw_only=True)
class _Folder:
    """What one folder says by itself."""

    constraints: dict[str, list[object]] = field(default_factory=dict)
    """Of each provider by its source, as `required_providers` and old `provider` blocks say it."""
    used: dict[str, str] = field(default_factory=dict)
    """The providers that it uses by their name in it, and their sources."""
    calls: dict[str, Block] = field(default_factory=dict)
    own: list[object] = field(default_factory=list)
    backends: list[tuple[str, Place]] = field(default_factory=list)
    elsewhere: bool = False
    """Whether it calls modules that are not here: they may use any provider."""
    place: Place = field(default_factory=lambda: Place(path=""))


@dataclass(slots=True, kw_only=True)
class _Folders:
    """All folders with Terraform in them."""

    files: Mapping[str, str]
    blocks: list[Block]
    folders: dict[str, _Folder] = field(default_factory=dict)
    held: dict[tuple[str, str], list[Statement]] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)

    def read(self) -> None:
        """What stands in the files themselves."""
        mine = [block for block in self.blocks if block.kind in _ALWAYS]
        for block in mine:
            place = Place(path=block.path, line=block.line)
            own = self.folders.setdefault(_folder(block), _Folder(place=place))
            if block.kind == "terraform":
                own.place = place
                _required(block, own, self.files)
        here = set(self.folders)
        for block in mine:
            own = self.folders[_folder(block)]
            if block.kind == "module":
                source = block.body.get("source")
                inside = beside(block.path, source) if isinstance(source, str) else ""
                own.calls[block.name] = block
                own.elsewhere |= inside not in here
            elif block.kind != "terraform":
                _used(block, own)
                self._made_by(block)

    def add(self, block: Block) -> None:
        """What a block says with its names in their place."""
        folder = _folder(block)
        place = Place(path=block.path, line=block.line)
        if block.kind == "provider":
            self._acts(block, folder, place)
        elif block.kind == "module":
            self._module(block, folder, place)
        for why, said in runs(block):
            text = {"runs": said, "files": named_files(said, block.path, self.files)}
            where = literals("runs", short(text, 200))
            self._hold(f"code:terraform:{folder or '.'}", CODE, Statement(where=(where,), place=place, says=why))

    def _hold(self, holder: str, domain: str, *statements: Statement) -> None:
        self.held.setdefault((holder, domain), []).extend(statements)

    def _acts(self, block: Block, folder: str, place: Place) -> None:
        said = said_of(block.body)
        alias = block.body.get("alias")
        name = block.name + (f".{alias}" if isinstance(alias, str) else "")
        holder = f"terraform:{folder or '.'} as {name}"
        text = short(said, 200) if said else WHOEVER
        if said:
            self.live.add(holder)
        says = f"the provider `{name}` acts as {_plain(text)}"
        self._hold(holder, DOMAIN, Statement(where=(literals("acts as", text),), place=place, says=says))

    def _made_by(self, block: Block) -> None:
        """With which provider one resource is made, so in which account: another one is no less than the one before.

        It counts for a block that is there before: a new one gives what the readers of rights find in it.
        """
        if block.kind == "provider":
            return
        usual = block.type.partition("_")[0]
        given = block.body.get("provider")
        text = usual if given is None else given if isinstance(given, str) else short(given, 200)
        text = text.strip(OPEN + CLOSE)
        says = f"`{block.type}.{block.name}` is made with the provider `{_plain(text)[:120]}`"
        holder = f"terraform:{_folder(block) or '.'} {block.kind} {block.type}.{block.name}"
        place = Place(path=block.path, line=block.line)
        self.made.add(holder)
        self._hold(holder, CODE, Statement(where=(_made_with(text),), place=place, says=says))

    def _module(self, block: Block, folder: str, place: Place) -> None:
        source = json.dumps(block.body.get("source"), default=str)
        told = versions([block.body.get("version")])
        where = (literals("call", block.name), *_code(f"module {source}", told))
        says = f"code of the module {_plain(source)} ({told.words}) is applied"
        self._hold(f"terraform:{folder or '.'}", DOMAIN, Statement(where=where, place=place, says=says))

    def grants(self) -> Grants:
        """All of it as holders."""
        called = set[str]()
        edges: list[Edge] = []
        for folder, own in self.folders.items():
            for block in own.calls.values():
                inside = _inside(block)
                if inside in self.folders:
                    called.add(inside)
                    edges += (
                        Edge(actor=f"{kind}{folder or '.'}", holder=f"{kind}{inside or '.'}")
                        for kind in ("terraform:", "code:terraform:")
                    )
                self._hands_on(folder, block)
        for folder, own in self.folders.items():
            self._applied(folder, own, live=folder not in called)
        holders = tuple(
            Holder(name=name, domain=domain, layers=(Layer(statements=tuple(dict.fromkeys(self.held[name, domain]))),))
            for name, domain in sorted(self.held)
        )
        return Grants(holders=holders, edges=tuple(edges), live=frozenset(self.live), compared=frozenset(self.made))

    def _applied(self, folder: str, own: _Folder, *, live: bool) -> None:
        """A folder with all that it calls."""
        name = f"terraform:{folder or '.'}"
        whole = list(self._reached(folder))
        for source in sorted({source for one in whole for source in one.constraints}):
            told = versions(text for one in whole for text in one.constraints.get(source, ()))
            says = f"code of the provider `{source}` ({told.words}) runs when it is applied"
            self._hold(f"{name} providers", DOMAIN, Statement(where=_code(source, told), place=own.place, says=says))
        told = versions(text for one in whole for text in one.own)
        says = f"it is applied by Terraform ({told.words})"
        self._hold(f"{name} providers", DOMAIN, Statement(where=_code(_OWN, told), place=own.place, says=says))
        if live:
            self.live |= {name, f"code:{name}", f"{name} providers"}
        names = {one for each in whole for one in each.used}
        if any(one.elsewhere for one in whole):
            names |= COMMON
        for used in sorted(names):
            if (f"{name} as {used}", DOMAIN) not in self.held:
                says = f"the provider `{used}` acts as {WHOEVER}"
                acts = Statement(where=(literals("acts as", WHOEVER),), place=own.place, says=says)
                self._hold(f"{name} as {used}", DOMAIN, acts)
        for text, place in own.backends or [("on the machine where it is applied", own.place)]:
            says = f"the state is kept {_plain(text)[:160]}"
            kept = Statement(where=(literals("state", text),), place=place, says=says)
            self._hold(f"{name} state", DOMAIN, kept)
        if own.backends:
            self.live.add(f"{name} state")

    def _reached(self, folder: str) -> Iterator[_Folder]:
        """A folder and all that it calls, each once."""
        seen, line = {folder}, [folder]
        for now in line:
            if len(seen) > MAX_FOLDERS:
                return
            yield self.folders[now]
            for inside in map(_inside, self.folders[now].calls.values()):
                if inside in self.folders and inside not in seen:
                    seen.add(inside)
                    line.append(inside)

    def _hands_on(self, folder: str, block: Block) -> None:
        """With which providers a call is made: with those of its caller, where it does not say."""
        given = block.body.get("providers")
        text = short(given, 200) if given else "those of its caller"
        place = Place(path=block.path, line=block.line)
        says = f"the call `{block.name}` acts with {_plain(text)}"
        self._hold(
            f"terraform:{folder or '.'} call {block.name}",
            DOMAIN,
            Statement(where=(literals("acts with", text),), place=place, says=says),
        )


@lru_cache(maxsize=256)
def _made_with(provider: str) -> Where:
    return literals("is made with", provider)


def _folder(block: Block) -> str:
    return posixpath.dirname(block.path)


def _inside(block: Block) -> str:
    source = block.body.get("source")
    return beside(block.path, source) if isinstance(source, str) else "no folder"


def _plain(text: str) -> str:
    return text.replace(OPEN, "${").replace(CLOSE, "}")


def _code(what: str, told: Versions) -> tuple[Where, ...]:
    """A box of code: whose it is, its versions, and what else decides which of them is taken."""
    low, high = told.span
    among = (spans(VERSION, (low, high)),) if low <= high else ()
    otherwise = told.otherwise if low <= high else f"{told.low} {told.otherwise}"
    return literals("runs code of", what), *among, literals("kept to", otherwise)


def _required(block: Block, own: _Folder, files: Mapping[str, str]) -> None:
    """What a `terraform` block asks for."""
    body = block.body
    own.own += [body["required_version"]] if "required_version" in body else []
    own.backends += ((text, Place(path=block.path, line=block.line)) for text in state_of(block, files))
    for group in _several(body.get("required_providers")):
        for name, given in group.items() if isinstance(group, Mapping) else ():
            inner = given if isinstance(given, Mapping) else {"version": given}
            source = _source(inner.get("source"), name)
            own.used[name] = source
            own.constraints.setdefault(source, []).append(inner.get("version"))


def _used(block: Block, own: _Folder) -> None:
    """The provider that a block is of; where nothing names its source, it is the one of that name from HashiCorp."""
    given = block.body.get("provider")
    if block.kind == "provider":
        name = block.name
    elif isinstance(given, str) and given:
        name = given.strip(OPEN + CLOSE).split(".")[0]
    else:
        name = block.type.partition("_")[0]
    if name == "terraform":
        return
    source = own.used.setdefault(name, _source(None, name))
    own.constraints.setdefault(source, [])
    if block.kind == "provider" and block.body.get("version") is not None:
        own.constraints[source].append(block.body["version"])


def _source(given: object, name: str) -> str:
    """The address of a provider, short where it is in the usual registry."""
    if not isinstance(given, str):
        return f"hashicorp/{name}"
    told = given.lower().removeprefix("registry.terraform.io/")
    return told if "/" in told else f"hashicorp/{told}"


def _several(value: Any) -> Iterable[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else [] if value is None else [value]
