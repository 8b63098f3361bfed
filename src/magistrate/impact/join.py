"""How the verdicts of files and the findings of sensors become one: always the stricter one.

Rule kept (invariant 3, R26): nothing here lowers. What a sensor found in a file that is proven to be
words, layout or a test for one person to judge is a mention: it asks for that one person, and not
for the owners of what it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from magistrate.domain.impact import (
    BlastRadius,
    ChangeClass,
    Denial,
    EvidenceRequest,
    FileChange,
    FileImpact,
    Impact,
    NoWayBack,
    ProofStatus,
    Sensitivity,
    Strictness,
    stricter,
    strictness_of,
)

WORDS_ONLY: Final = frozenset({ChangeClass.COMMENTS, ChangeClass.DOCS})
"""Classes whose proof says that nothing but words for people changes."""
ALWAYS: Final = frozenset({ChangeClass.AGENT_INSTRUCTIONS, ChangeClass.UNKNOWN})
"""What words alone can do: steer an agent or a tool, hide. A key in clear is one wherever it stands (`itself`)."""


def strictest_by_path(verdicts: Sequence[FileImpact]) -> tuple[FileImpact, ...]:
    """One verdict for each path, the strictest, in the order of paths."""
    kept: dict[str, FileImpact] = {}
    for verdict in verdicts:
        other = kept.get(verdict.path)
        if other is None or stricter(verdict.strictness, other.strictness) is not other.strictness:
            kept[verdict.path] = verdict
    return tuple(kept[path] for path in sorted(kept))


def collisions(changes: Sequence[FileChange]) -> Iterable[Sensitivity]:
    """Paths that a disk without case takes for one."""
    seen: dict[str, str] = {}
    for change in changes:
        other = seen.setdefault(change.path.casefold(), change.path)
        if other != change.path:
            why = f"its name differs from `{other}` by case only"
            yield Sensitivity(kind=ChangeClass.UNKNOWN, path=change.path, line=0, why=why)


def mentioned(files: Sequence[FileImpact], sensed: set[Sensitivity]) -> set[Sensitivity]:
    """What sensors found in files that are proven to be words only, or a test that one person judges anyway."""
    quiet = {file.path for file in files if file.proof.status is ProofStatus.PROVEN and _tells_of_others(file)}
    return {found for found in sensed if found.path in quiet and found.kind not in ALWAYS and not found.itself}


def _tells_of_others(file: FileImpact) -> bool:
    """Whether a file speaks of the product and is none of it: what it names is elsewhere."""
    judged = file.change_class is ChangeClass.TESTS and file.proof.asks is Strictness.ONE
    return file.change_class in WORDS_ONLY or judged


def alike(files: Sequence[FileImpact]) -> frozenset[str]:
    """Paths that are proven to do what they did: other layout, comments or words, and nothing else."""
    kinds = WORDS_ONLY | {ChangeClass.FORMATTING}
    return frozenset(
        file.path for file in files if file.proof.status is ProofStatus.PROVEN and file.change_class in kinds
    )


def in_order(found: set[Sensitivity]) -> tuple[Sensitivity, ...]:
    """By path, line and kind: the same order in every run."""
    return tuple(sorted(found, key=lambda s: (s.path, s.line, s.kind, s.why)))


def joined(  # noqa: PLR0913 - the join takes everything there is
    files: tuple[FileImpact, ...],
    sensitivities: tuple[Sensitivity, ...],
    denials: set[Denial],
    *,
    mentions: tuple[Sensitivity, ...],
    radius: BlastRadius,
    way_back: str,
    stays: tuple[NoWayBack, ...],
    reasons: list[str],
    wanted: list[EvidenceRequest],
    hollow: bool,
) -> Impact:
    """The whole: no file, finding or denial asks for more than it does."""
    level = Strictness.TWO if hollow or stays else Strictness.AUTO
    for file in files:
        level = stricter(level, file.strictness)
    for found in sensitivities:
        level = stricter(level, stricter(Strictness.ONE, strictness_of(found.kind)))
    if mentions:
        level = stricter(level, Strictness.ONE)
    if denials:
        level = Strictness.DENY
    kinds = {file.change_class for file in files} | {found.kind for found in sensitivities}
    unique = {(want.tool, want.path, want.inputs_digest): want for want in wanted}
    return Impact(
        files=files,
        sensitivities=sensitivities,
        denials=tuple(sorted(denials, key=lambda d: (d.path, d.line, d.rule, d.why))),
        classes=tuple(sorted(kinds or {ChangeClass.UNKNOWN})),
        strictness=level,
        reversible=way_back,
        blast_radius=radius,
        reasons=(*reasons, *_reasons(files, sensitivities, denials), *map(_stays, stays)),
        mentions=mentions,
        no_way_back=stays,
        evidence_wanted=tuple(unique[key] for key in sorted(unique)),
    )


def _stays(one: NoWayBack) -> str:
    return f"{one.path}:{one.line} no way back, {one.operation}: {one.why}"


def _reasons(files: Sequence[FileImpact], sensed: Sequence[Sensitivity], denials: Iterable[Denial]) -> list[str]:
    found = [f"{d.path}:{d.line} denied: {d.why}" for d in sorted(denials, key=lambda d: (d.path, d.line, d.why))]
    found += [f"{s.path}:{s.line} {s.kind}: {s.why}" for s in sensed]
    found += [f"{f.path} {f.change_class}: {f.proof.why}" for f in files]
    return found
