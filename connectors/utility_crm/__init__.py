"""The utility's connection system: applications and evidence go in, receipts come back."""

from connectors.utility_crm.sink import open_sink as open  # noqa: A004 - the name that a connector's door has

__all__ = ["open"]
