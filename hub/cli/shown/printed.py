"""What commands print is safe for a terminal: a text from outside cannot move the cursor, hide itself or change the
direction of a line. Such characters are escaped as in JSON, so that printed JSON keeps its meaning."""

import json
import re
import sys
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from hub.records.text import is_plain

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LINES = ("\n", "\t", "\r\n")


def visible(text: str) -> str:
    """The text with every hidden character escaped, but for line ends and tabs.

    >>> print(visible("a\\x1b[2J\\x9bb\\u202e\\x7f"))
    a\\u001b[2J\\u009bb\\u202e\\u007f
    """
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(map(_escaped, re.split(r"(\r\n|.)", text, flags=re.DOTALL)))


def _escaped(part: str) -> str:
    if part in _LINES or is_plain(part):
        return part
    return "\\u007f" if part == "\x7f" else json.dumps(part)[1:-1]


class Printed:
    """A stream that escapes what is hidden; colours pass. Rich writes to the stream below it, from ``SafeConsole``."""

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        """Write a text. Returns its length."""
        colours = _COLOUR.findall(text)
        parts = [visible(part) for part in _COLOUR.split(text)]
        self.rich_proxied_file.write("".join(part + colour for part, colour in zip(parts, [*colours, ""], strict=True)))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self.rich_proxied_file, name)


class SafeConsole(Console):
    """A console whose texts are visible; only its own control codes reach the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As in the base class, with visible texts."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def install() -> None:
    """Let all that this process prints be visible."""
    sys.stdout = Printed(sys.stdout)
    sys.stderr = Printed(sys.stderr)
