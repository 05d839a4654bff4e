"""The ``hub`` command. Each verb is a file of this folder, or comes from a package beside the hub by the entry-point
group ``hub.commands``; it is loaded only when it is called."""

import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import click

import hub
from hub.errors import HubError

GROUP = "hub.commands"
_OWN = frozenset(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


@cache
def _added() -> dict[str, EntryPoint]:
    """Verbs of other packages, by name. The hub's own names cannot be taken."""
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in _OWN}


def verbs() -> list[str]:
    """Every verb that is installed, in alphabetical order."""
    return sorted(_OWN | _added().keys())


class Verbs(click.Group):
    """Finds a verb by its name, so that ``hub check`` does not pay for what ``hub run`` imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return verbs()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
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

    New here? `hub demo` runs the whole job on this machine, `hub check` judges a file of records, `hub run` is the
    service.

    Exit codes: 0 fine; 1 something was found or rejected; 2 wrong usage; 3 tampering detected; 75 try again later; 78
    mend the settings.
    """
    ctx.obj = config


def main() -> None:
    """Entry point of the ``hub`` command."""
    try:
        # A command that ends by click's Exit hands its code back here.
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
        # The reader (head, less) has seen enough.
        sys.stderr.close()
        sys.exit(0)
