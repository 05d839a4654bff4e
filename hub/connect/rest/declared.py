"""A declared source of the transport ``rest``."""

from collections.abc import Mapping
from typing import Any

from hub.connect.context import Context
from hub.errors import Misconfigured
from hub.ports import Source


def open_rest(options: Mapping[str, Any], context: Context) -> Source:  # noqa: ARG001
    """Open the source that the folder declares. Makes no call. Raises ``Misconfigured``."""
    raise Misconfigured(f"{context.info.name}: this hub opens no declared source of rest", "write it in Python")
