"""`magistrate ingest FILE...`: findings from SARIF files."""

from __future__ import annotations

from pathlib import Path

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.entrypoints.cli.policy_files import read_source
from magistrate.entrypoints.cli.register import ensure_registered
from magistrate.entrypoints.cli.screen import visible
from magistrate.errors import MagistrateError, NotFound, Usage

MAX_FILE = 512_000_000


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--repository", metavar="NAME", help="Which repository they are about (needless when there is one).")
@home_option
@person_options
@pass_frame
def ingest(frame: Frame, *, files: tuple[Path, ...], repository: str | None) -> int:
    """Read SARIF 2.1.0 files of scanners; what is known already is counted, not repeated."""
    settings, client = frame.settings(), frame.client()
    known = [r.name for r in read_source(settings.policies).repository]
    if repository is None and len(known) != 1:
        raise Usage("MAG-E601", f"there are {len(known)} repositories", hint="say which with --repository NAME")
    chosen = repository or known[0]
    ensure_registered(client, settings, chosen)
    worst = 0
    for path in files:
        if not path.is_file():
            raise NotFound("MAG-E606", f"`{path}` is not a file")
        if path.stat().st_size > MAX_FILE:
            raise Usage("MAG-E601", f"`{path}` is larger than {MAX_FILE // 1_000_000} MB")
        try:
            answer = client.post_bytes(
                "/api/v1/people/findings/ingest", path.read_bytes(), {"repository": chosen, "filename": path.name}
            )
        except MagistrateError as error:
            click.echo(f"{path}: {error.diagnostics()}", err=True)
            worst = max(worst, error.exit_status)
            continue
        click.echo(f"{path}: {answer['new']} new, {answer['duplicate']} known already, {answer.get('total', '?')} read")
        for refused in answer.get("refused", [])[:10]:
            click.echo(f"  refused: {visible(str(refused))[:200]}", err=True)
    if not worst:
        click.echo("next: magistrate findings")
    return worst
