"""A declared source of the transport ``table``."""

from collections.abc import Mapping
from typing import Any

from hub.connect.context import Context
from hub.errors import Misconfigured
from hub.ports import Source


def open_table(options: Mapping[str, Any], context: Context) -> Source:  # noqa: ARG001
    """Open the source that the folder declares. Makes no call. Raises ``Misconfigured``."""
    raise Misconfigured(f"{context.info.name}: this hub opens no declared source of table", "write it in Python")
