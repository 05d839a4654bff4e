"""The ``hub`` command. Each verb is a file of this folder; it is loaded only when it is called."""

import sys
from pathlib import Path

import click

import hub
from hub.errors import HubError

VERBS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py")))


class Verbs(click.Group):
    """Finds a verb by its file's name, so that ``hub check`` does not pay for what ``hub run`` imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        module = __import__(f"hub.cli.{cmd_name}", fromlist=["command"])
        command: click.Command = module.command
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
