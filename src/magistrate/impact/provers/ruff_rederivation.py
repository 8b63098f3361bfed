"""Claim: the new bytes are what the pinned ruff makes of the old ones, under the base's rules.

The prover runs nothing: it states which exact bytes the tool must read, and compares (R21).
Import sorting and removal of suppressions are kept out of the fixes: order has effects, and a
`noqa` is behaviour.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile, sha256_hex
from magistrate.impact.equality import proof, read_as_bytes
from magistrate.impact.languages.python import head_of, looks_like_template, read_tree
from magistrate.impact.languages.reading import UnreadableError
from magistrate.wire.canonical import digest_of

CONFIG_NAMES: Final = (".ruff.toml", "ruff.toml", "pyproject.toml")
STEERING: Final = frozenset(
    {*CONFIG_NAMES, ".pre-commit-config.yaml", "setup.cfg", "tox.ini", ".editorconfig", "uv.lock", "poetry.lock"}
)
FORBIDDEN_KEYS: Final = frozenset({"extend", "extend-safe-fixes", "unsafe-fixes", "required-version"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuffRederivation:
    """One ruff verb, re-run elsewhere on the base bytes; byte equality or nothing."""

    name: str
    tool: str
    change_class: ChangeClass = ChangeClass.LINT

    def applies(self, file: ChangedFile) -> bool:
        """Python source, by name; ruff and CPython's parser have the last word."""
        return file.name.endswith((".py", ".pyi"))

    def needs_base(self) -> bool:
        """Yes: the configuration of the base decides what the tool does."""
        return True

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """The one run that would decide, where nothing else stands in the way."""
        if self._objection(file, step, base) is not None:
            return ()
        inputs = [(file.path, sha256_hex(file.change.before or b""))]
        config = config_of(file.path, base)
        if config is not None:
            inputs.append((config, sha256_hex(base.files[config].encode())))
        return (request(self.tool, file.path, tuple(sorted(inputs))),)

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when the Evidence names exactly these inputs and its output is the new bytes."""
        why = self._objection(file, step, base)
        if why is not None:
            return proof(self.name, self.change_class, file, why, ProofStatus.REFUTED)
        if not base.known:
            unknown = "without the repository the configuration of the tool is not known"
            return proof(self.name, self.change_class, file, unknown, ProofStatus.UNKNOWN)
        wanted = self.wants(file, step, base)[0]
        for run in evidence:
            if (run.tool, run.path, run.inputs_digest) == (wanted.tool, wanted.path, wanted.inputs_digest):
                return self._compare(file, run, wanted)
        return proof(self.name, self.change_class, file, f"no run of {self.tool} is at hand", ProofStatus.UNKNOWN)

    def _compare(self, file: ChangedFile, run: Evidence, wanted: EvidenceRequest) -> Proof:
        if run.output != file.change.after:
            why = f"{self.tool} under the base's configuration makes other bytes of the old file"
            return proof(self.name, self.change_class, file, why, ProofStatus.REFUTED)
        found = proof(self.name, self.change_class, file, "", ProofStatus.PROVEN)
        extra = (("inputs_digest", wanted.inputs_digest), ("tool", run.tool), ("tool_digest", run.tool_digest))
        return Proof(
            rule=self.name,
            status=ProofStatus.PROVEN,
            change_class=self.change_class,
            why=f"{self.tool} on the old bytes, under the base's configuration, gives exactly the new bytes",
            witness=tuple(sorted((*found.witness, *extra))),
        )

    def _objection(  # noqa: PLR0911 - one guard, one exit
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree
    ) -> str | None:
        before, after = file.change.before, file.change.after
        if before is None or after is None:
            return "the file is added or deleted as a whole"
        if head_of(before) != head_of(after):
            return "the interpreter line or the encoding line changes"
        as_bytes = read_as_bytes(file, base)
        if as_bytes is not None:
            return as_bytes.why
        steering = next((other.path for other in step if other.name in STEERING or "ruff" in other.name), None)
        if steering is not None:
            return f"the change also touches `{steering}`, which may steer the tool"
        try:
            read_tree(before)
            read_tree(after)
            if any(looks_like_template(side) for side in (before, after)):
                return "it may be a template of another language"
        except UnreadableError as error:
            return str(error)
        config = config_of(file.path, base)
        return None if config is None else bad_config(config, base.files[config])


def request(tool: str, path: str, inputs: tuple[tuple[str, str], ...]) -> EvidenceRequest:
    """Name a run by everything that it reads."""
    named = digest_of({"v": 1, "tool": tool, "path": path, "inputs": [list(pair) for pair in inputs]})
    return EvidenceRequest(tool=tool, path=path, inputs_digest=named, inputs=inputs)


def config_of(path: str, base: BaseTree) -> str | None:
    """The file that ruff itself would take: the closest one, `.ruff.toml` first."""
    folders = path.split("/")[:-1]
    for depth in range(len(folders), -1, -1):
        prefix = "/".join((*folders[:depth], ""))
        for name in CONFIG_NAMES:
            found = base.files.get(prefix + name)
            if found is not None and (name != "pyproject.toml" or "[tool.ruff" in found):
                return prefix + name
    return None


def bad_config(path: str, text: str) -> str | None:
    """Why a configuration is not plain data that binds only itself, or None."""
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return f"`{path}` of the base is not readable"
    if path.endswith("pyproject.toml"):
        tables = tables["tool"]["ruff"] if "ruff" in tables.get("tool", {}) else {}
    for table in (tables, tables.get("lint", {})):
        bad = FORBIDDEN_KEYS & set(table)
        if bad:
            return f"`{path}` of the base sets `{min(bad)}`, which widens what the tool reads or dares"
    return None


FORMAT: Final = RuffRederivation(name="ruff-format/1", tool="ruff-format", change_class=ChangeClass.FORMATTING)
FIX: Final = RuffRederivation(name="ruff-fix/1", tool="ruff-fix")
