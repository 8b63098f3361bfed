"""`magistrate assess`: what a change is, in any repository, with no server and no settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from magistrate.usecases.assess import Assessed, Assessor

ORDER: Final = ("auto", "one", "two", "deny")
CANNOT: Final = 4
MAX_LINE: Final = 64_000_000


@click.command("assess")
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.option("--repo", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="The repository.")
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif", "markdown"]), default="text")
@click.option("--fail-on", type=click.Choice(ORDER[1:]), help="Exit 1 at or above this strictness.")
@click.option(
    "--cases", type=click.Path(dir_okay=False, path_type=Path), help="Judge a file of cases, one JSON a line."
)
@click.option("--repos", type=click.Path(file_okay=False, path_type=Path), help="Where repositories of cases are.")
def command(  # noqa: PLR0913, PLR0917 - one argument for each option
    base: str | None,
    head: str | None,
    repo: Path,
    form: str,
    fail_on: str | None,
    cases: Path | None,
    repos: Path | None,
) -> None:
    """Prove what a change is from its bytes, and say what it needs.

    BASE and HEAD are revisions. Exit status: 0 answered, 1 at or above --fail-on, 2 usage,
    3 not found, 4 could not judge.
    """
    from magistrate.errors import MagistrateError, Usage

    try:
        if cases is not None:
            status = _judge_cases(cases, repos, fail_on)
        elif base is None or head is None:
            raise Usage("MAG-E250", "name two revisions, BASE and HEAD, or `--cases FILE`")
        else:
            status = _judge_revisions(repo, (base, head), form, fail_on)
    except MagistrateError as error:
        click.echo(error.diagnostics(), err=True)
        status = error.exit_status
    raise SystemExit(status)


def _judge_revisions(repo: Path, revisions: tuple[str, str], form: str, fail_on: str | None) -> int:
    from magistrate.bootstrap.assess import assessor, reader
    from magistrate.entrypoints.cli.assess_words import rendered

    found = assessor().of_revisions(reader(repo), *revisions)
    click.echo(rendered(found, form, revisions))
    return _status([found.strictness], fail_on)


def _judge_cases(path: Path, repos: Path | None, fail_on: str | None) -> int:
    from magistrate.bootstrap.assess import assessor
    from magistrate.errors import MagistrateError, NotFound, Usage
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
            click.echo(canonical(found.verdict))
        except (MagistrateError, RecursionError, ValueError) as error:
            shown = error if isinstance(error, MagistrateError) else Usage("MAG-E250", f"unreadable: {error}")
            failed = True
            wrong = {"code": shown.code, "message": shown.message}
            plain = name if isinstance(name, str | int) else ""
            click.echo(canonical({"id": str(plain), "line": number, "error": wrong, "auto_eligible": False}))
    return CANNOT if failed else _status(seen, fail_on)


def _judge_one(judge: Assessor, case: dict[str, Any], repos: Path | None) -> Assessed:
    from dataclasses import replace

    from magistrate.bootstrap.assess import reader
    from magistrate.errors import NotFound, Usage

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
    found = judge.of_trees(git, git.tree_of(parents[0]), git.tree_of(commit))
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

    from magistrate.errors import Usage

    try:
        case = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Usage("MAG-E250", f"the line is not JSON: {error}") from error
    if not isinstance(case, dict):
        raise Usage("MAG-E250", "the line is not a JSON object")
    return case


def _status(seen: list[str], fail_on: str | None) -> int:
    if fail_on is None:
        return 0
    return int(any(ORDER.index(one) >= ORDER.index(fail_on) for one in seen))
