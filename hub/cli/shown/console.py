"""The console on which commands print tables, and texts from outside on it."""

import sys

from rich.console import Console

from hub.cli.shown.printed import SafeConsole
from hub.records.text import callers_fault

_PIPED_WIDTH = 160


def console(stderr: bool = False) -> Console:
    """A console as wide as the terminal, or 160 columns when the output goes into a file or pipe."""
    stream = sys.stderr if stderr else sys.stdout
    return SafeConsole(stderr=stderr, width=None if stream.isatty() else _PIPED_WIDTH)


def shown(text: str) -> str:
    """A text from outside, such as the name of a file, for people: what cannot be seen, or changes a terminal, is
    escaped. A byte that is no text in the file system's encoding is shown as that byte.

    >>> print(shown("名\\x1b[2J"), shown("a\\udcff"), shown("\\u202e"), shown("[final].json"))
    名\\x1b[2J a\\xff \\u202e [final].json
    """
    return "".join(character if callers_fault(character) is None else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    undecoded = "\udc80" <= character <= "\udcff"
    return f"\\x{ord(character) - 0xDC00:02x}" if undecoded else ascii(character)[1:-1]
