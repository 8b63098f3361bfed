"""The program `magistrate`: its commands, and how errors reach a person.

Rule kept: nothing heavy is imported before a command is chosen; every error ends in one of
the exit statuses 0 answered, 1 refused by a rule, 2 usage, 3 not found, 4 unavailable.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

import click

from magistrate.entrypoints.cli.frame import Frame, home_option, person_options
from magistrate.errors import MagistrateError

_PACKAGE: Final = "magistrate.entrypoints.cli"
SECTIONS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "Start": {
        "init": ("init", "make a home: settings, policies, roster, keys"),
        "up": ("up", "start front, control, gate, executor and witness"),
        "demo": ("demo.command", "see the whole product at work in a minute"),
        "status": ("status", "which processes run, which walls stand, what waits"),
        "doctor": ("doctor", "what is there, what is missing, how to mend it"),
        "repository": ("repository", "add and list the repositories that the gate owns"),
        "environment": ("environment", "add and list environments"),
        "stage": ("stage", "say where a repository runs, and what runs there"),
    },
    "Find and fix": {
        "assess": ("assess", "judge a change: BASE HEAD, with no server"),
        "privilege": ("privilege", "does anybody's power grow? two files or folders, with no server"),
        "ingest": ("ingest", "read findings from SARIF files"),
        "findings": ("findings", "list what scanners found"),
        "agents": ("agents", "register and list agents"),
        "session": ("session", "open, list and close the sessions of agents"),
        "remediate": ("remediate", "draft a fix for a finding with a built-in drafter"),
        "mcp": ("mcp", "the assistant's door: an MCP server on stdio"),
    },
    "Decide": {
        "queue": ("queue", "what waits for people"),
        "show": ("show", "the whole story of one change"),
        "diff": ("diff", "the change itself"),
        "approve": ("approve", "rebuild, read and sign a change"),
        "reject": ("reject", "say no, with a reason"),
        "withdraw": ("withdraw", "take an approval back"),
        "close": ("close", "say that a halted case is over: two persons sign"),
        "watch": ("watch", "follow what happens"),
    },
    "Boundaries": {
        "drill": ("drill", "prove the boundaries on a scratch repository"),
        "readiness": ("readiness", "what may execute where, and until when"),
        "trust": ("trust", "what nobody is asked about any more, earned and taken back"),
        "estate": ("estate", "who acts as which account, and what is shared"),
        "leases": ("leases", "every credential, live or dead"),
        "entitlements": ("entitlements", "what a system gives away now, as a document"),
        "freeze": ("freeze", "stop: executor and gate obey at once"),
        "thaw": ("thaw", "lift a freeze: two persons sign"),
        "policy": ("policy", "check, explain and publish the policy"),
        "roster": ("roster", "who holds which key and role"),
        "rotate": ("rotate", "replace the executor's key"),
    },
    "Prove and look after": {
        "audit": ("audit", "verify, export and prove the log"),
        "logs": ("logs", "what the processes said"),
        "config": ("config", "check the settings"),
        "store": ("store", "bring the store to this version"),
    },
    "One process each (`up` starts them)": {
        "front": ("run", "the agents' door"),
        "control": ("run", "the people's door, and the worker"),
        "gate": ("run", "the keeper of the repositories"),
        "executor": ("run", "the hands"),
        "witness": ("run", "the second pair of eyes on the log"),
    },
}
COMMANDS: Final = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class LazyGroup(click.Group):
    """Commands that are imported when they are called, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's form
        """Every name, in the order of the sections."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's form
        """Import the module of one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{_PACKAGE}.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name, None) or module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's form
        """The commands by section, without importing any."""
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, words) for name, (_, words) in entries.items()], col_max=14)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  click's form
    if wanted and not ctx.resilient_parsing:
        version = importlib.import_module("importlib.metadata").version("magistrate")
        click.echo(f"magistrate {version}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
@home_option
@person_options
@click.pass_context
def magistrate(ctx: click.Context) -> None:
    """Agents investigate. People decide. A separate executor acts: on a warrant, for one change, once."""
    ctx.ensure_object(Frame)


def main(arguments: list[str] | None = None) -> None:
    """Run the program and leave with its exit status."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the program; returns the exit status."""
    try:
        status = magistrate.main(args=arguments, prog_name="magistrate", standalone_mode=False, obj=Frame())
        sys.stdout.flush()
    except MagistrateError as error:
        return _say(error.diagnostics(), error.exit_status)
    except click.UsageError as error:
        where = f"\n  `{error.ctx.command_path} --help` lists what is possible" if error.ctx else ""
        return _say(f"magistrate: {error.format_message()}{where}", 2)
    except click.ClickException as error:
        return _say(f"magistrate: {error.format_message()}", 2)
    except (click.Abort, KeyboardInterrupt):
        return _say("magistrate: stopped by you; nothing was signed", 4)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    return status if isinstance(status, int) else 0


def _say(words: str, status: int) -> int:
    try:
        click.echo(words, err=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return status


if __name__ == "__main__":
    main()
