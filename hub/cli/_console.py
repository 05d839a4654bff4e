"""The console on which commands print tables."""

import sys

from rich.console import Console

_PIPED_WIDTH = 160


def console(stderr: bool = False) -> Console:
    """A console as wide as the terminal, or 160 columns when the output goes into a file or pipe."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _PIPED_WIDTH)
