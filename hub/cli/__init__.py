"""The ``hub`` command. Each verb is a file of this folder, or another package adds it by the entry-point group
``hub.commands``. A verb is loaded only when it is called."""

import errno
import os
import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from io import TextIOWrapper
from pathlib import Path

import click

import hub
from hub.cli.shown.printed import install
from hub.errors import HubError, Unavailable

GROUP = "hub.commands"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_OWN = frozenset(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


@cache
def _added() -> dict[str, EntryPoint]:
    """Verbs of other packages, by name. The hub's own names cannot be taken."""
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in _OWN}


def verbs() -> list[str]:
    """The name of each installed verb, in alphabetical order."""
    return sorted(_OWN | _added().keys())


class Verbs(click.Group):
    """Finds a verb by its name and imports only that verb, so that ``hub check`` starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """``verbs()``, for the help text."""
        return verbs()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the verb ``cmd_name`` and return its command; ``None`` when there is no such verb."""
        command: click.Command | None = None
        if cmd_name in _OWN:
            command = __import__(f"hub.cli.{cmd_name}", fromlist=["command"]).command
        elif added := _added().get(cmd_name):
            command = added.load()
        return command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(hub.__version__, prog_name="hub")
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Settings file; otherwise $HUB_CONFIG, otherwise hub.toml.",
)
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """One-certificate hub (一证办电数据枢纽): verified government records for electricity connection applications.

    To start: `hub demo` runs the whole product on this machine, `hub check` judges a file of records, `hub run` is
    the service.

    Exit codes: 0 no problem; 1 a problem was found, or a record was rejected; 2 wrong usage; 3 tampering detected; 75
    try again later; 78 correct the settings.
    """
    ctx.obj = config


def main() -> None:
    """Entry point of the ``hub`` command. What it writes is for its own user only: folders 0700, files 0600."""
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        # A text that the terminal's encoding does not have is escaped.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    install()
    try:
        # A command that ends with click's Exit returns its code here.
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except HubError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output (head, less) has closed the pipe.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere
        click.echo(f"error: the output could not be written: {error.strerror} — make room, then try again", err=True)
        sys.exit(Unavailable.exit_code)
