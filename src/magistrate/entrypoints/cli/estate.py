"""`magistrate estate check|show`: who acts as which account, and whether one action's credential reaches only that action."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame
from magistrate.entrypoints.cli.policy_files import estate_in
from magistrate.entrypoints.cli.screen import show_list, show_value, styled, visible
from magistrate.errors import NotFound, Usage

if TYPE_CHECKING:
    from magistrate.wire.policy_bundle import PolicyBundle

MAX_BYTES: Final = 4_000_000
file_argument = click.argument("file", required=False, type=click.Path(path_type=Path))


@click.group("estate")
def estate() -> None:
    """Who acts as which account, and what each can change."""


@estate.command("check")
@file_argument
@output_option
@home_option
@pass_frame
def check(frame: Frame, *, file: Path | None, output: str) -> int:
    """Say where an account is shared or a credential reaches more than its action.

    FILE is a policy.toml; without it the one of this deployment is read, as it stands there, signed or not.
    Exit status 1 when something is found: a place with a finding is for analysis only.
    """
    from magistrate.authority.estate import estate_of, shared_principals, weak_places

    policy = _read(frame, file)
    weak = weak_places(policy)
    places: list[dict[str, Any]] = [
        {"repository": r.repository, "environment": r.environment, "why": list(weak[r.repository])}
        for r in policy.repositories
    ]
    for place in places:
        place["may_execute"] = not place["why"]
    shared = [
        {"principal": s.principal, "used_by": [str(a) for a in s.actors]} for s in shared_principals(estate_of(policy))
    ]
    if output in {"json", "yaml"}:
        show_value(output, {"declared": policy.estate is not None, "places": places, "shared": shared})
    elif output == "wide":
        show_list(output, places, ("repository", "environment", "may execute", "why"), empty=_empty())
    else:
        _say(places, shared, declared=policy.estate is not None)
    return 1 if shared or any(place["why"] for place in places) else 0


@estate.command("show")
@file_argument
@output_option
@home_option
@pass_frame
def show(frame: Frame, *, file: Path | None, output: str) -> None:
    """List every account: who acts as it, whom it may become, what it can change.

    What Magistrate hands out itself is listed too: `gate:NAME` for each repository.
    """
    from magistrate.authority.estate import became, estate_of

    found = estate_of(_read(frame, file))
    users: dict[str, list[str]] = {}
    for actor in sorted(found.acts_as):
        for start in found.acts_as[actor]:
            for name in became(found, start):
                users.setdefault(name, []).append(str(actor))
    rows = [
        {
            "principal": name, "used_by": sorted(set(users.get(name, []))), "becomes": sorted(found.becomes.get(name, ())),
            "can_change": sorted(found.reaches[name]) if name in found.reaches else "not declared: anything",
        }
        for name in sorted({*users, *found.reaches, *found.becomes})
    ]  # fmt: skip
    show_list(output, rows, ("principal", "used by", "becomes", "can change"), empty=_empty())


def _read(frame: Frame, file: Path | None) -> PolicyBundle:
    path = frame.settings().policies / "policy.toml" if file is None else file
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Usage("MAG-E609", f"`{path}` is larger than {MAX_BYTES} bytes")
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise NotFound("MAG-E609", f"`{path}` is missing", hint="give the path of a policy.toml") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Usage("MAG-E609", f"`{path}`: {error}") from error
    return estate_in(text, path)


def _say(places: list[dict[str, Any]], shared: list[dict[str, Any]], *, declared: bool) -> None:
    for place in places:
        word = (
            styled("may execute", fg="green") if place["may_execute"] else styled("analysis only", fg="red", bold=True)
        )
        click.echo(f"{place['repository']} in `{place['environment']}`: {word}")
        for why in place["why"]:
            click.echo(f"  {visible(why)}")
    for one in shared:
        click.echo(f"shared: `{visible(one['principal'])}` is used by {visible(', '.join(one['used_by']))}")
    if not places and not shared:
        click.echo(_empty())
    if not declared:
        click.echo("nobody declared an estate, so accounts outside of Magistrate are not known; add [[actor]] and")
        click.echo("[[principal]] blocks to policy.toml, then: magistrate policy publish")
    elif not shared and all(place["may_execute"] for place in places):
        click.echo("as declared: no account is shared, and no push reaches more than its repository and environment")


def _empty() -> str:
    return "no repository and no account; `magistrate repository add PATH` adds one"
