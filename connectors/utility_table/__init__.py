"""The utility's connection system by a table in its own database: the hub places pieces, the system answers there."""

from connectors.utility_table.sink import open_sink as open  # noqa: A004 - the name that a connector's door has

__all__ = ["open"]
