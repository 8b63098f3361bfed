"""`magistrate ingest FILE...`: findings from SARIF files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

import click

from magistrate.domain.finding import MAX_SCAN_BYTES
from magistrate.entrypoints.cli.clone import REMOTE, git
from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.policy_files import read_source
from magistrate.entrypoints.cli.register import ensure_registered
from magistrate.entrypoints.cli.screen import visible
from magistrate.errors import MagistrateError, NotFound, Usage

ABSOLUTE: Final = re.compile(rb'"uri"\s*:\s*"(?:file://)?(/[^"\\\x00]{1,1000})"')
HEAD_BYTES: Final = 1_000_000
MAX_NAMED: Final = 20


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--repository", metavar="NAME", help="Which repository they are about (needless when there is one).")
@click.option(
    "--checkout",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the scanner ran, when its file names absolute paths (else the clone you are in, or that was added).",
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
                _relative(path, checkout, f"{settings.gate_url}/{chosen}.git"),
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


def _relative(path: Path, checkout: Path | None, gate_remote: str) -> bytes:
    """The file's bytes with absolute paths of the clone made relative to it, since control knows no clone."""
    content = path.read_bytes()
    if checkout:
        tops = [checkout.absolute()]
    else:
        near = [top for place in (Path.cwd(), path.parent) if (top := _top(place))]
        tops = [*near, *_clones_named(content, gate_remote)]
    for top in tops:
        found = 0
        for absolute in (f"file://{quote(str(top))}/", f'"{top}/'):
            found += content.count(absolute.encode())
            content = content.replace(absolute.encode(), b'"' if absolute.startswith('"') else b"")
        if found:
            click.echo(f"{path}: paths below {top} are taken as paths of the repository", err=True)
            break
    return content


def _clones_named(content: bytes, gate_remote: str) -> list[Path]:
    """Clones that the file's first absolute paths lie in, and that `repository add` gave this repository's remote."""
    named = dict.fromkeys(unquote(found.decode(errors="replace")) for found in ABSOLUTE.findall(content[:HEAD_BYTES]))
    places = dict.fromkeys(Path(name).parent for name in list(named)[:MAX_NAMED])
    tops = dict.fromkeys(top for place in places if place.is_dir() and (top := _top(place)))
    return [top for top in tops if git(top, "remote", "get-url", "--push", REMOTE, check=False) == gate_remote]


def _top(place: Path) -> Path | None:
    found = git(place, "rev-parse", "--show-toplevel", check=False)
    return Path(found) if found else None
