"""What every command shares: the home, who calls, and how answers are printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from magistrate import environment, settings

if TYPE_CHECKING:
    from magistrate.entrypoints.cli.client import Client
    from magistrate.entrypoints.cli.people import Caller

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Frame:
    """Options that may stand before or after the command, and what follows from them."""

    home_option: str | None = None
    person: str | None = None
    key: str | None = None
    _caller: Caller | None = None

    @property
    def home(self) -> Path:
        """The home directory, whether it exists or not."""
        return environment.find_home(self.home_option)

    def settings(self) -> settings.Settings:
        """The settings of the home (raises NotFound MAG-E591 when there is none)."""
        return settings.load_settings(self.home)

    def caller(self) -> Caller:
        """Who calls, with the key; asked for a passphrase at most once."""
        from magistrate.entrypoints.cli.people import find_caller

        if self._caller is None:
            self._caller = find_caller(self.settings(), name=self.person, key=self.key)
        return self._caller

    def client(self) -> Client:
        """A client of control for this caller."""
        from magistrate.bootstrap.supervisor import read_note
        from magistrate.entrypoints.cli.client import Client

        found = self.settings()
        doubt = "" if read_note(found) else f"nothing of {found.home} is up: another deployment answers on its port"
        return Client(found.control_url, self.caller(), deployment=found.deployment, audience="control", doubt=doubt)


def _remember(field: str) -> Callable[[click.Context, click.Parameter, str | None], None]:
    def keep(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
        if value is not None:
            setattr(ctx.ensure_object(Frame), field, value)

    return keep


def home_option(command: F) -> F:
    """`--home DIR`."""
    return click.option(
        "--home", metavar="DIR", expose_value=False, callback=_remember("home_option"),
        help="The home of this deployment (else MAGISTRATE_HOME, else ~/.magistrate).",
    )(command)  # fmt: skip


def person_options(command: F) -> F:
    """`--as NAME` and `--key FILE`."""
    command = click.option(
        "--key", metavar="FILE", expose_value=False, callback=_remember("key"),
        help="Your SSH key: a private key file, or `agent` (else MAGISTRATE_KEY).",
    )(command)  # fmt: skip
    return click.option(
        "--as", metavar="NAME", expose_value=False, callback=_remember("person"),
        help="Who you are in the roster (else MAGISTRATE_PERSON).",
    )(command)  # fmt: skip


def output_option(command: F) -> F:
    """`-o json|yaml|wide`."""
    return click.option(
        "-o", "--output", type=click.Choice(["table", "wide", "json", "yaml"]), default="table", show_default=True,
        help="Form of the answer; a table is tab-separated when it is piped.",
    )(command)  # fmt: skip


def reason_option(command: F) -> F:
    """`--reason TEXT`, required, kept in the log."""
    return click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the log.")(command)


pass_frame = click.make_pass_decorator(Frame, ensure=True)
