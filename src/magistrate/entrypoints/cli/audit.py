"""`magistrate audit verify|export|prove|show`: the log, verified with public keys alone."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, pass_frame, person_options
from magistrate.errors import NotFound, Refused, Unavailable, Usage

if TYPE_CHECKING:
    from magistrate.authority.roster import TrustedRoster
    from magistrate.ledger.verify import Anchors

_LARGEST = 4_000_000_000


@click.group()
def audit() -> None:
    """Verify, export and prove the log."""


@audit.command()
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--roster",
    "roster_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A roster.json, for outsiders without a home (else the export's, with --pin).",
)
@click.option("--pin", metavar="DIGEST", help="The fingerprint that `init` printed, known to you from elsewhere.")
@home_option
@person_options
@pass_frame
def verify(frame: Frame, *, directory: Path | None, roster_file: Path | None, pin: str | None) -> None:
    """Verify an exported log offline, or without DIR a fresh export of the running one.

    Every entry, tile, root, checkpoint, cosignature and payload is recomputed.
    """
    from magistrate.adapters.stores.export import DirectoryExport
    from magistrate.ledger.verify import verify_export

    if directory is not None and not directory.is_dir():
        raise NotFound("MAG-E606", f"`{directory}` is not a directory")
    with _export(frame, directory) as place:
        roster = _roster(frame, roster_file or (place / "roster.json" if pin else None), pin)
        found = verify_export(DirectoryExport(place), _anchors(roster), _witnessed(frame) if pin is None else None)
    click.echo(f"verified: {found.checkpoint.size} entries, {found.payloads} payloads, {found.erased} erased")
    click.echo(f"  root       {found.checkpoint.root.hex()}")
    click.echo(f"  witnessed  {', '.join(c.witness for c in found.cosignatures)}")
    click.echo(f"  roster     version {roster.body.version}, from the pin")


@audit.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@home_option
@person_options
@pass_frame
def export(frame: Frame, *, directory: Path) -> None:
    """Write the sealed log and the roster into a new directory that anybody can verify."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Usage("MAG-E593", f"`{directory}` exists and is not empty; nothing was written")
    content = frame.client().get_bytes("/api/v1/people/log/export")
    _unpack(content, directory)
    (directory / "roster.json").write_bytes(frame.settings().roster_path.read_bytes())
    count = sum(1 for path in directory.rglob("*") if path.is_file())
    click.echo(f"{directory}: {count} files, {len(content):,} bytes")
    click.echo(f"anybody verifies it with: magistrate audit verify {directory} --pin {frame.settings().pin()}")


@audit.command()
@click.argument("id_", metavar="ID")
@home_option
@person_options
@pass_frame
def prove(frame: Frame, *, id_: str) -> None:
    """Prove that the warrant of a case is in the signed and witnessed log."""
    from magistrate.entrypoints.cli.cases import decoded, fetch_bundle, find_case
    from magistrate.entrypoints.cli.people import own_roster
    from magistrate.entrypoints.cli.screen import short
    from magistrate.ledger.leaf import commitment, decode_leaf
    from magistrate.ledger.verify import verify_inclusion_bundle

    client = frame.client()
    name = find_case(client, id_)
    bundle = fetch_bundle(client, name)
    if bundle.warrant is None or not bundle.warrant_proof:
        raise Refused(
            "MAG-E607", f"{short(name)} has no warrant in the log", hint="magistrate show tells where it stands"
        )
    roster = own_roster(frame.settings())
    anchors = _anchors(roster)
    leaf = decoded(bundle.warrant_leaf)
    checkpoint = verify_inclusion_bundle(leaf, bundle.warrant_proof, anchors.log, anchors.witnesses, anchors.quorum)
    entry = decode_leaf(leaf)
    expected = commitment(decoded(bundle.warrant_salt), bundle.warrant.payload_bytes())
    if expected not in {c.commitment for c in entry.commitments}:
        raise Refused("MAG-E605", "the entry of the log commits to another warrant")
    click.echo(f"proven: the warrant of {short(name)} is entry {entry.seq} of {checkpoint.size}, signed and witnessed")
    click.echo(bundle.warrant_proof.rstrip("\n"))


@audit.command()
@home_option
@person_options
@pass_frame
def show(frame: Frame) -> None:
    """Print the newest witnessed checkpoint, verified."""
    from magistrate.entrypoints.cli.people import own_roster
    from magistrate.ledger.verify import open_witnessed

    note = str(frame.client().get("/api/v1/people/log/checkpoint")["checkpoint"])
    if not note:
        raise NotFound("MAG-E606", "nothing is in the log yet")
    checkpoint, cosignatures = open_witnessed(note, _anchors(own_roster(frame.settings())))
    click.echo(
        f"{checkpoint.size} entries, signed by the log, witnessed by {', '.join(c.witness for c in cosignatures)}"
    )
    click.echo(note.rstrip("\n"))


def _anchors(roster: TrustedRoster) -> Anchors:
    from magistrate.ledger.verify import Anchors

    processes = roster.body.processes
    return Anchors(log=processes.log, witnesses=processes.witnesses, quorum=roster.body.thresholds.witnesses)


def _roster(frame: Frame, file: Path | None, pin: str | None) -> TrustedRoster:
    """The roster to verify by: the home's, or a file's from a pin that the outsider brought."""
    import msgspec

    from magistrate.authority.roster import trust_roster
    from magistrate.entrypoints.cli.people import own_roster
    from magistrate.wire.envelope import Envelope

    if file is None:
        return own_roster(frame.settings())
    if pin is None:
        raise Usage(
            "MAG-E601",
            "a roster file is worth nothing without --pin",
            hint="the fingerprint that `magistrate init` printed",
        )
    try:
        chain = msgspec.json.decode(file.read_bytes(), type=list[Envelope])
        name = str(msgspec.json.decode(chain[0].payload_bytes())["deployment"])
    except (OSError, msgspec.MsgspecError, LookupError, TypeError) as error:
        raise Usage("MAG-E601", f"`{file}` is not a roster.json") from error
    return trust_roster(chain, pin=pin, deployment=name)


def _witnessed(frame: Frame) -> str | None:
    """The last checkpoint that the witness itself knows; None when it does not answer."""
    import hashlib

    import httpx

    settings = frame.settings()
    origin = hashlib.sha256(settings.log_name.encode()).hexdigest()
    try:
        answer = httpx.get(f"{settings.witness_url}/{origin}/checkpoint", timeout=5.0, trust_env=False)
    except httpx.HTTPError:
        click.echo("the witness does not answer; its own view was not compared", err=True)
        return None
    return answer.text if answer.status_code == 200 else None  # noqa: PLR2004  HTTP


@contextmanager
def _export(frame: Frame, directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        yield directory
        return
    content = frame.client().get_bytes("/api/v1/people/log/export")
    with tempfile.TemporaryDirectory(prefix="magistrate-audit-") as folder:
        place = Path(folder) / "log"
        _unpack(content, place)
        yield place


def _unpack(content: bytes, directory: Path) -> None:
    """Write the files below `log/` of the archive; plain files with plain names only."""
    try:
        archive = tarfile.open(fileobj=io.BytesIO(content))  # noqa: SIM115  closed below
    except tarfile.TarError as error:
        raise Unavailable("MAG-E603", "the export is not an archive") from error
    with archive:
        for member in archive:
            parts = Path(member.name).parts
            if member.isdir():
                continue
            if not member.isfile() or member.size > _LARGEST or parts[0] != "log" or ".." in parts:
                raise Unavailable("MAG-E603", "the export holds something else than files of the log")
            target = directory.joinpath(*parts[1:])
            target.parent.mkdir(parents=True, exist_ok=True)
            stream = archive.extractfile(member)
            target.write_bytes(stream.read() if stream else b"")
