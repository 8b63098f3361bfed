"""`magistrate assess`: what a change is, in any repository, with no server and no settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from magistrate.adapters.git.reader import RepositoryReader
    from magistrate.entrypoints.cli.assess_words import Report
    from magistrate.usecases.assess import Assessed

FORMS: Final = ("text", "json", "sarif", "markdown")
BY_ENDING: Final = {".json": "json", ".sarif": "sarif", ".md": "markdown", ".txt": "text"}
SHOWN: Final = 25
SHORT: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the answer is wanted."""

    form: str
    fail_on: str | None
    quiet: bool
    explain: str | None
    save: tuple[Path, ...]
    limit: int
    registries: bool = False
    mirrors: tuple[str, ...] = ()
    opinions: bool = False


@click.command("assess")
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.option("--repo", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="The repository.")
@click.option("--staged", is_flag=True, help="Judge what is staged against HEAD (as a pre-commit hook does).")
@click.option("--merge-base", is_flag=True, help="Judge from the last commit that BASE and HEAD have in common.")
@click.option("--explain", metavar="FILE", help="Everything that was tried for this one file, with its lines.")
@click.option("--format", "form", type=click.Choice(FORMS), default="text")
@click.option(
    "--save", type=click.Path(dir_okay=False, path_type=Path), multiple=True, metavar="FILE",
    help="Write the answer also to FILE, in the form of its ending: .json .sarif .md .txt; may be repeated.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), default=SHOWN, show_default=True, help="Files shown; 0: all.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the exit status is the answer.")
@click.option("--fail-on", type=click.Choice(["one", "two", "deny"]), help="Exit 1 at or above this strictness.")
@click.option("--registries", is_flag=True, help="Ask PyPI, npm, crates.io and the Go proxy about releases that come.")
@click.option(
    "--registry",
    "mirrors",
    metavar="NAME=URL",
    multiple=True,
    help="A mirror to ask: pypi=URL npm=URL cargo=URL go=URL.",
)
@click.option("--opinions", is_flag=True, help="Ask zizmor and checkov too: shown beside the verdict, only raises.")
@click.option("--commits", metavar="A..B", help="Judge each commit of a history against its first parent.")
@click.option(
    "--cases", type=click.Path(dir_okay=False, path_type=Path), help="Judge a file of cases, one JSON a line."
)
@click.option("--repos", type=click.Path(file_okay=False, path_type=Path), help="Where repositories of cases are.")
def command(  # noqa: PLR0913, PLR0917 - one argument for each option
    base: str | None,
    head: str | None,
    repo: Path,
    staged: bool,  # noqa: FBT001 - click's form
    merge_base: bool,  # noqa: FBT001 - click's form
    explain: str | None,
    form: str,
    save: tuple[Path, ...],
    limit: int,
    quiet: bool,  # noqa: FBT001 - click's form
    fail_on: str | None,
    registries: bool,  # noqa: FBT001 - click's form
    mirrors: tuple[str, ...],
    opinions: bool,  # noqa: FBT001 - click's form
    commits: str | None,
    cases: Path | None,
    repos: Path | None,
) -> None:
    """Prove what a change is from its bytes, and say what it needs.

    BASE and HEAD are revisions; HEAD is `HEAD` unless it is named. Exit status: 0 answered,
    1 at or above --fail-on, 2 usage, 3 not found, 4 could not judge.
    """
    from magistrate.entrypoints.cli.assess_cases import judge_cases
    from magistrate.entrypoints.cli.assess_commits import judge_commits
    from magistrate.errors import MagistrateError, Usage

    wishes = Wishes(
        form=form, fail_on=fail_on, quiet=quiet, explain=explain, save=save, limit=limit,
        registries=registries or bool(mirrors), mirrors=mirrors, opinions=opinions,
    )  # fmt: skip
    try:
        _check(wishes, base=base, staged=staged, many=cases is not None or commits is not None)
        if cases is not None:
            status = judge_cases(cases, repos, fail_on, quiet=quiet)
        elif commits is not None:
            status = judge_commits(repo, commits, fail_on, form, quiet=quiet)
        elif staged:
            status = _judge_staged(repo, wishes)
        elif base is not None:
            status = _judge_revisions(repo, (base, head or "HEAD"), wishes, merge_base=merge_base)
        else:
            raise Usage(
                "MAG-E250", "name what to judge: `BASE [HEAD]`, `--staged`, `--commits A..B` or `--cases FILE`",
                hint="try `magistrate assess HEAD~1` for the last commit, or `magistrate assess main HEAD`",
            )  # fmt: skip
    except MagistrateError as error:
        click.echo(error.diagnostics(), err=True)
        status = error.exit_status
    raise SystemExit(status)


def _check(wishes: Wishes, *, base: str | None, staged: bool, many: bool) -> None:
    from magistrate.errors import Usage

    if wishes.registries and many:
        raise Usage("MAG-E250", "`--registries` asks about one change: name BASE and HEAD, or `--staged`")
    if wishes.opinions and many:
        raise Usage("MAG-E250", "`--opinions` asks about one change: name BASE and HEAD, or `--staged`")
    if staged and base is not None:
        raise Usage("MAG-E250", "`--staged` judges the index against HEAD and takes no revisions")
    if wishes.explain is not None and wishes.form != "text":
        raise Usage("MAG-E250", "`--explain` speaks to people: it has no other form than text")
    wrong = next((path for path in wishes.save if path.suffix not in BY_ENDING), None)
    if wrong is not None:
        raise Usage("MAG-E250", f"`{wrong}` does not end in one of {', '.join(BY_ENDING)}")


def _judge_revisions(repo: Path, revisions: tuple[str, str], wishes: Wishes, *, merge_base: bool) -> int:
    from magistrate.adapters.git.staged import merge_base as last_in_common
    from magistrate.bootstrap.assess import reader
    from magistrate.entrypoints.cli.assess_words import Report

    git = reader(repo)
    old, new = (_resolved(git, one, repo) for one in revisions)
    if merge_base:
        old = last_in_common(git.git_dir, old, new)
        revisions = (old, revisions[1])
    trees = git.tree_of(old), git.tree_of(new)
    found = _judged(git, trees, old, f"{old[:SHORT]}..{new[:SHORT]}", wishes)
    shown = revisions[0][:SHORT] if revisions[0] == old else revisions[0]
    return _answer(Report(found=found, revisions=(shown, revisions[1])), git, trees, wishes)


def _judge_staged(repo: Path, wishes: Wishes) -> int:
    from magistrate.adapters.git.staged import staged_trees
    from magistrate.bootstrap.assess import reader
    from magistrate.entrypoints.cli.assess_words import Report
    from magistrate.environment import index_of_caller

    with staged_trees(reader(repo).git_dir, index_of_caller()) as both:
        trees = both.base_tree, both.result_tree
        found = _judged(both.reader, trees, _head(both.reader), "staged", wishes)
        return _answer(Report(found=found, revisions=("HEAD", "staged")), both.reader, trees, wishes)


def _head(git: RepositoryReader) -> str | None:
    """The commit that HEAD names; None before the first one."""
    from magistrate.errors import NotFound

    try:
        return git.resolve("HEAD")
    except NotFound:
        return None


def _judged(git: RepositoryReader, trees: tuple[str, str], commit: str | None, name: str, wishes: Wishes) -> Assessed:
    """The verdict; a change that is too large for one run is told how to go on."""
    from magistrate.bootstrap.assess import assessor
    from magistrate.bootstrap.registries import registries
    from magistrate.errors import Unavailable

    facts = registries(wishes.mirrors) if wishes.registries else None
    try:
        return assessor(facts).of_trees(git, *trees, commit=commit, name=name)
    except Unavailable as error:
        if "ran out of its limits" not in error.message:
            raise
        hint = "it is too large to judge at once: `--commits BASE..HEAD` judges it commit by commit"
        raise Unavailable(error.code, error.message, hint=hint) from error


def _answer(report: Report, git: RepositoryReader, trees: tuple[str, str], wishes: Wishes) -> int:
    """Print and save the answer; returns the exit status."""
    from magistrate.bootstrap.assess import missing_walls, opinions
    from magistrate.entrypoints.cli.assess_cases import status_of
    from magistrate.entrypoints.cli.assess_explain import Sides, explanation
    from magistrate.entrypoints.cli.assess_forms import rendered

    beside = opinions(git, trees) if wishes.opinions else None
    report = replace(report, opinions=beside)
    status = status_of([report.asked], wishes.fail_on)
    walls = missing_walls()
    notes = (*((walls,) if walls else ()), *(beside.notes if beside else ()))
    found = replace(report.found, notes=(*report.found.notes, *notes))
    report = replace(report, found=found, status=status, limit=wishes.limit or None)
    if walls and wishes.form == "json" and not wishes.quiet:
        click.echo(f"note: {walls}", err=True)
    if wishes.explain is not None:
        named = wishes.explain.removeprefix("./")
        sides = Sides(before=git.read_path(trees[0], named), after=git.read_path(trees[1], named))
        said = explanation(report, named, sides)
    else:
        said = "" if wishes.quiet else rendered(report, wishes.form)
    if not wishes.quiet:
        click.echo(said)
    for path in wishes.save:
        _write(path, rendered(replace(report, limit=None), BY_ENDING[path.suffix]))
    return status


def _write(path: Path, text: str) -> None:
    from magistrate.errors import Unavailable

    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Unavailable("MAG-E250", f"`{path}` cannot be written: {error.strerror}") from error


def _resolved(git: RepositoryReader, revision: str, repo: Path) -> str:
    from magistrate.entrypoints.cli.screen import visible
    from magistrate.errors import NotFound

    try:
        return git.resolve(revision)
    except NotFound as error:
        shallow = (git.git_dir / "shallow").is_file()
        hint = "this is a shallow clone: `git fetch --unshallow` brings the rest" if shallow else (
            "`git log --oneline` and `git branch --all` list what there is; `git fetch` brings what is new"
        )  # fmt: skip
        raise NotFound("MAG-E302", f"there is no revision `{visible(revision[:80])}` in `{repo}`", hint=hint) from error
