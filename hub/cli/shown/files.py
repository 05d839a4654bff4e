"""Files that commands write."""

from pathlib import Path
from typing import IO, Any

import click


def opened(file: Path, encoding: str) -> IO[Any]:
    """A file to write a text to, ``-`` for standard output; it is a context. Raises ``click.UsageError`` for one that
    cannot be written."""
    try:
        stream: IO[Any] = click.open_file(str(file), "w", encoding=encoding)
    except OSError as error:
        raise click.UsageError(
            f"{file} cannot be written ({error.strerror}): name a file in a folder that is there and may be written to"
        ) from None
    return stream
