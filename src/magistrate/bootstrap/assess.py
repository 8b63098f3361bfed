"""What `magistrate assess` needs from the world: walls, a repository, the pinned tools."""

from __future__ import annotations

from pathlib import Path

from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.sandbox.detect import open_for_judging, open_sandbox
from magistrate.bootstrap.tools import found_tools
from magistrate.errors import NotFound
from magistrate.usecases.assess import Assessor
from magistrate.usecases.checkov_opinions import checkov_opinions
from magistrate.usecases.opinions import Opinions, second_opinions
from magistrate.usecases.registry_facts import Facts


def assessor(facts: Facts | None = None) -> Assessor:
    """The assessor behind the strongest walls of this machine, or as a process under limits without any."""
    return Assessor(sandbox=open_for_judging().sandbox, tools=found_tools(), facts=facts)


def walled_assessor() -> Assessor:
    """The same, for an approval: raises Unavailable MAG-E280 where there are no walls."""
    return Assessor(sandbox=open_sandbox(), tools=found_tools())


def opinions(git: RepositoryReader, trees: tuple[str, str]) -> Opinions:
    """What other scanners find in the result of a change and not in its base; their runs stay behind walls."""
    sandbox, tools, changes = open_for_judging().sandbox, found_tools(), tuple(git.changes(*trees))
    return second_opinions(sandbox, tools, changes).beside(checkov_opinions(sandbox, tools, changes))


def missing_walls() -> str:
    """What a machine without walls costs, in words; empty where there are some."""
    return open_for_judging().missing


def reader(folder: Path) -> RepositoryReader:
    """The repository at or above a folder, bare or with a work tree; raises NotFound."""
    start = folder.resolve()
    for place in (start, *start.parents):
        inside = place / ".git"
        if inside.is_dir():
            return RepositoryReader(inside)
        if inside.is_file():
            named = inside.read_text().strip().removeprefix("gitdir: ")
            return RepositoryReader((place / named).resolve())
        if (place / "HEAD").is_file() and (place / "objects").is_dir():
            return RepositoryReader(place)
    hint = "run it inside a repository, or name one with `--repo DIR`"
    raise NotFound("MAG-E251", f"there is no git repository at `{start}`", hint=hint)
