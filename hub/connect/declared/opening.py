"""Opens a declared source: the one place that knows the transports."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.connect.context import Context
from hub.connect.files.declared import open_files
from hub.connect.rest.declared import open_rest
from hub.connect.table.declared import open_table
from hub.ports import Source

Opening = Callable[[Mapping[str, Any], Context], Source]
_OPENINGS: Final[Mapping[str, Opening]] = {"table": open_table, "rest": open_rest, "files": open_files}


def open_declared(options: Mapping[str, Any], context: Context) -> Source:
    """Open the source that the context's folder declares, with its settings. Makes no call. Raises
    ``Misconfigured``."""
    assert context.mapper  # a mapping that cannot be used is told when the source is opened
    return _OPENINGS[context.info.transport](options, context)
