"""`magistrate ingest FILE...`: findings from SARIF files."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import click

from magistrate.domain.finding import MAX_SCAN_BYTES
from magistrate.entrypoints.cli.clone import git
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.policy_files import read_source
from magistrate.entrypoints.cli.register import ensure_registered
from magistrate.entrypoints.cli.screen import visible
from magistrate.errors import MagistrateError, NotFound, Usage


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--repository", metavar="NAME", help="Which repository they are about (needless when there is one).")
@click.option(
    "--checkout",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the scanner ran, when its file names absolute paths (else the clone you are in).",
)
@home_option
@person_options
@pass_frame
def ingest(frame: Frame, *, files: tuple[Path, ...], repository: str | None, checkout: Path | None) -> int:
    """Read SARIF 2.1.0 files of scanners; what is known already is counted, not repeated."""
    for path in files:
        _verify_file(path)
    settings, client = frame.settings(), frame.client()
    known = [r.name for r in read_source(settings.policies).repository]
    if repository is None and len(known) != 1:
        raise Usage("MAG-E601", f"there are {len(known)} repositories", hint="say which with --repository NAME")
    chosen = repository or known[0]
    ensure_registered(client, settings, chosen)
    worst = 0
    for path in files:
        try:
            answer = client.post_bytes(
                "/api/v1/people/findings/ingest",
                _relative(path, checkout),
                {"repository": chosen, "filename": path.name},
            )
        except MagistrateError as error:
            click.echo(f"{path}: {error.diagnostics()}", err=True)
            worst = max(worst, error.exit_status)
            continue
        refusals = answer.get("refused", [])
        counted = f"{answer['new']} new, {answer['duplicate']} known already, {answer.get('total', '?')} read"
        click.echo(f"{path}: {counted}{', some refused' if refusals else ''}")
        for refused in refusals[:10]:
            click.echo(f"  refused: {visible(str(refused))[:200]}", err=True)
        if refusals and not answer.get("total"):
            click.echo("  nothing of it could be taken; `--checkout` says where the scanner ran", err=True)
            worst = max(worst, 1)
    if not worst:
        click.echo("next: magistrate findings")
    return worst


def _verify_file(path: Path) -> None:
    if not path.is_file():
        raise NotFound("MAG-E606", f"`{path}` is not a file")
    if (size := path.stat().st_size) > MAX_SCAN_BYTES:
        raise Usage(
            "MAG-E601",
            f"`{path}` has {size / 1e6:.0f} MB; control takes files of {MAX_SCAN_BYTES // 1_000_000} MB at most",
            hint="scan part by part, one file each; what is known already is not repeated",
        )


def _relative(path: Path, checkout: Path | None) -> bytes:
    """The file's bytes with absolute paths of the clone made relative to it, since control knows no clone."""
    content = path.read_bytes()
    tops = [checkout.absolute()] if checkout else [top for place in (Path.cwd(), path.parent) if (top := _top(place))]
    for top in tops:
        found = 0
        for absolute in (f"file://{quote(str(top))}/", f'"{top}/'):
            found += content.count(absolute.encode())
            content = content.replace(absolute.encode(), b'"' if absolute.startswith('"') else b"")
        if found:
            click.echo(f"{path}: paths below {top} are taken as paths of the repository", err=True)
            break
    return content


def _top(place: Path) -> Path | None:
    found = git(place, "rev-parse", "--show-toplevel", check=False)
    return Path(found) if found else None
