"""What the secrets that a change touches open, and who uses them (R36).

A secret is touched where a name of one is added, removed or renamed, or where what stands around it is another thing.
Who uses it is read from the base tree and from the change itself: jobs, workloads and services by the readers of
rights, programs and settings by what they name; a variable that is given a secret's value counts as that secret.
What it opens is what the base declares (`reach.secrets` in `.magistrate.yml`).

Rule kept: this only adds. What nobody declared opens `unknown`, which makes the radius the largest; a text that cannot
be read may touch any secret. Files that are proven to be words or layout touch none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from magistrate.domain.impact import BlastRadius, ChangeClass, FileImpact, ProofStatus, SecretReach
from magistrate.impact.base import PROSE, BaseTree, ChangedFile
from magistrate.impact.configuration.declared import SETTINGS
from magistrate.impact.join import alike
from magistrate.impact.privilege.domains import compose, github_actions, gitlab_ci, k8s_pods
from magistrate.impact.privilege.model import Holder, Reader
from magistrate.impact.privilege.patterns import Glob
from magistrate.impact.privilege.readers import grants_of
from magistrate.impact.reach.declared import map_in
from magistrate.impact.reach.secrets import ANY, Named, aliases_in, likely, named_in, same

UNKNOWN: Final = "unknown"
READERS: Final[tuple[Reader, ...]] = (compose.READER, github_actions.READER, gitlab_ci.READER, k8s_pods.READER)
MAX_TEXT: Final = 1_000_000
MAX_ROWS: Final = 60
MAX_CONSUMERS: Final = 100
Row = tuple[str, str, int]


def secret_reach(
    files: Sequence[FileImpact], steps: Sequence[Sequence[ChangedFile]], base: BaseTree
) -> tuple[SecretReach, ...]:
    """Every secret that a change touches, by path, line and name."""
    quiet = alike(files)
    locks = {
        one.path
        for one in files
        if one.proof.status is ProofStatus.PROVEN and one.change_class is ChangeClass.DEPENDENCY
    }
    touched: set[Row] = set()
    for step in steps:
        for file in step:
            if file.path not in quiet | locks and not file.binary and not PROSE.search(file.path):
                touched |= set(_touched(file))
    if not touched:
        return ()
    texts = _texts(steps, base)
    declared = map_in(base.files)
    opened = declared.secrets if declared is not None else {}
    ways = {
        name: (_users(name, texts, known=base.known), _opens(name, texts, opened))
        for name in {row[1] for row in touched}
    }
    rows = [
        SecretReach(name=name, path=path, line=line, consumers=ways[name][0], opens=ways[name][1])
        for path, name, line in sorted(touched, key=lambda row: (row[0], row[2], row[1]))
    ]
    if len(rows) > MAX_ROWS:
        more = SecretReach(
            name=ANY, path=rows[MAX_ROWS].path, line=0, consumers=(UNKNOWN,), opens=(UNKNOWN,)
        )  # those that are not listed, whatever they open
        return (*rows[:MAX_ROWS], more)
    return tuple(rows)


def widened(radius: BlastRadius, rows: Sequence[SecretReach]) -> BlastRadius:
    """A radius with what the secrets open; not complete where nobody can say that."""
    opens = {one for row in rows for one in row.opens}
    if not opens:
        return radius
    services = tuple(sorted({*radius.services, *(opens - {UNKNOWN})}))
    if UNKNOWN not in opens:
        return replace(radius, services=services)
    name = next(row.name for row in rows if UNKNOWN in row.opens)
    why = radius.why or f"nobody declares what the secret `{name[:80]}` opens"
    return replace(radius, services=services, complete=False, why=why)


def _touched(file: ChangedFile) -> Iterator[Row]:
    """Path, name and line of each secret that stands there on one side only; once for a name and a file."""
    if max(len(file.before), len(file.after)) > MAX_TEXT:
        yield file.path, ANY, 0
        return
    before, after = (named_in(file.path, text) for text in (file.before, file.after))
    first: dict[str, int] = {}
    for one in (*_more(after, before), *_more(before, after)):
        first.setdefault(one.name, one.line)
    yield from ((file.path, name, line) for name, line in first.items())


def _more(these: Sequence[Named], those: Sequence[Named]) -> Iterator[Named]:
    """What stands more often among these than among those."""
    left = Counter((one.name, one.text) for one in those)
    for one in these:
        if left[one.name, one.text] > 0:
            left[one.name, one.text] -= 1
        else:
            yield one


def _texts(steps: Sequence[Sequence[ChangedFile]], base: BaseTree) -> list[Mapping[str, str]]:
    """The base as it is, and each step's files as they come out: who uses a secret on either side uses it."""
    return [
        base.files,
        {file.path: file.before for step in reversed(steps) for file in step},
        *({file.path: file.after for file in step} for step in steps),
    ]


def _users(name: str, texts: Sequence[Mapping[str, str]], *, known: bool) -> tuple[str, ...]:
    found: set[str] = set() if known else {UNKNOWN}
    names = {name, *(alias for alias, secret in _aliases(texts) if same(secret, (name,)))}
    for state in texts:
        mine = {path: text for path, text in sorted(state.items()) if _uses(path, text, names)}
        holders = [one for one in grants_of(mine, READERS).holders if _holds(one, names)]
        found |= {holder.name for holder in holders}
        found |= {path for path in mine if not any(path in holder.name for holder in holders)}
    if len(found) > MAX_CONSUMERS:
        return (*sorted(found)[:MAX_CONSUMERS], UNKNOWN)
    return tuple(sorted(found))


def _uses(path: str, text: str, names: set[str]) -> bool:
    """Whether a text names one of these, or secrets without saying which."""
    if len(text) > MAX_TEXT or path == SETTINGS or PROSE.search(path):
        return False
    if ANY in names:
        return bool(named_in(path, text))
    lowered = text.lower()
    if not any(name.rsplit(".", 1)[-1].lower() in lowered for name in names) and "secrets" not in lowered:
        return False
    return any(same(one.name, names) or (one.name == ANY and "secrets" in one.text) for one in named_in(path, text))


def _holds(holder: Holder, names: set[str]) -> bool:
    """Whether a right of this holder is one of these secrets, as the readers of rights write them."""
    for layer in holder.layers:
        for statement in layer.statements:
            for where in statement.where:
                for atom in where.among:
                    value = "".join(atom.tokens) if isinstance(atom, Glob) else ""
                    if ANY in names and value.startswith("secret"):
                        return True
                    if value == "secret:*" or same(value.removeprefix("secret:"), names):
                        return True
    return False


def _aliases(texts: Sequence[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    found = {
        pair
        for state in texts
        for path, text in state.items()
        if len(text) <= MAX_TEXT and "secret" in text
        for pair in aliases_in(path, text)
    }
    return tuple(sorted(pair for pair in found if likely(pair[0]) or pair[0].isupper()))


def _opens(name: str, texts: Sequence[Mapping[str, str]], declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What is declared for it and for the secrets whose value it is given; `unknown` beside it where its own is missing."""
    sources = {secret for alias, secret in _aliases(texts) if same(alias, (name,))}
    found = {one for key, systems in declared.items() if same(key, {name, *sources}) for one in systems}
    own = any(systems and same(key, (name,)) for key, systems in declared.items())
    return tuple(sorted(found)) if own and name != ANY else (*sorted(found), UNKNOWN)
