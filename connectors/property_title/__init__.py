"""Property titles from the registry's exchange table: a feed by (update_time, rowguid), and look-ups by holder or
unit number."""

from connectors.property_title.source import open_source as open  # noqa: A004 - the name that a connector's door has

__all__ = ["open"]
