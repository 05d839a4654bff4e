"""``python -m hub.sandbox``: as ``hub sandbox``."""

import sys

import click

from hub.errors import HubError
from hub.sandbox.command import command

if __name__ == "__main__":
    try:
        command.main(prog_name="python -m hub.sandbox")
    except HubError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
