"""Where tables are printed."""

import sys

from rich.console import Console

_PIPED_WIDTH = 160


def console(stderr: bool = False) -> Console:
    """A console as wide as the terminal; wide enough to cut nothing when the output goes into a file or pipe."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _PIPED_WIDTH)
