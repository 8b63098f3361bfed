"""`assess --cases FILE`: one case a line in, one verdict a line out (design, section 7)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from magistrate.entrypoints.cli.assess_words import ORDER
from magistrate.errors import MagistrateError, NotFound, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from magistrate.usecases.assess import Assessed, Assessor

CANNOT: Final = 4
MAX_LINE: Final = 64_000_000


def judge_cases(path: Path, repos: Path | None, fail_on: str | None, *, quiet: bool = False) -> int:
    """Judge each line; a bad one is said in its place and the run goes on. Returns the exit status."""
    from magistrate.bootstrap.assess import assessor, missing_walls
    from magistrate.wire.canonical import canonical

    if not path.is_file():
        raise NotFound("MAG-E251", f"there is no file `{path}`")
    judge, failed = assessor(), False
    seen: list[str] = []
    for number, line in _lines(path):
        name: object = ""
        try:
            case = _decoded(line)
            name = case.get("id", "")
            found = _judge_one(judge, case, repos)
            seen.append(found.strictness)
            shown: object = found.verdict
        except (MagistrateError, RecursionError, ValueError) as error:
            wrong = error if isinstance(error, MagistrateError) else Usage("MAG-E250", f"unreadable: {error}")
            failed = True
            plain = str(name) if isinstance(name, str | int) else ""
            words = {"code": wrong.code, "message": wrong.message}
            shown = {"id": plain, "line": number, "error": words, "auto_eligible": False}
        if not quiet:
            click.echo(canonical(shown))
    if (walls := missing_walls()) and not quiet:
        click.echo(walls, err=True)
    return CANNOT if failed else status_of(seen, fail_on)


def status_of(seen: Sequence[str], fail_on: str | None) -> int:
    """1 where any strictness reaches the named one, else 0."""
    if fail_on is None:
        return 0
    return int(any(ORDER.index(one) >= ORDER.index(fail_on) for one in seen))


def _judge_one(judge: Assessor, case: dict[str, Any], repos: Path | None) -> Assessed:
    from dataclasses import replace

    from magistrate.bootstrap.assess import reader

    if case.get("files") or case.get("steps") or "before" in case or "after" in case:
        return judge.of_case(case)
    name, sha = case.get("repo"), case.get("sha")
    if name is None and sha is None:
        return judge.of_case(case)
    if not isinstance(name, str) or not isinstance(sha, str):
        raise Usage("MAG-E250", "`repo` and `sha` are not both texts")
    folder = None if repos is None else _repository(repos, name)
    if folder is None:
        raise NotFound("MAG-E251", f"the repository `{name[:80]}` is not at hand (see `--repos`)")
    git = reader(folder)
    commit = git.resolve(sha)
    parents = git.parents(commit)
    if not parents:
        raise NotFound("MAG-E251", f"`{sha[:40]}` has no parent to compare with")
    found = judge.of_trees(git, git.tree_of(parents[0]), git.tree_of(commit), commit=parents[0])
    return replace(found, verdict={**found.verdict, "id": str(case.get("id", ""))})


def _repository(repos: Path, name: str) -> Path | None:
    parts = name.split("/")
    if not name or any(part in {"", ".", ".."} for part in parts) or "\\" in name or "\0" in name:
        return None
    spelled = {name, name.replace("/", "+"), name.replace("/", "__"), name.replace("/", "-"), parts[-1]}
    choices = [repos / (one + tail) for one in sorted(spelled, key=len, reverse=True) for tail in ("", ".git")]
    return next((place for place in choices if place.is_dir()), None)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(MAX_LINE):
            number += 1
            if line.strip():
                yield number, line


def _decoded(line: bytes) -> dict[str, Any]:
    import msgspec

    try:
        case = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Usage("MAG-E250", f"the line is not JSON: {error}") from error
    if not isinstance(case, dict):
        raise Usage("MAG-E250", "the line is not a JSON object")
    return case
