"""Identity checks: the result of a face check, for a ticket of the identity service."""

from connectors.identity_check.source import open_source as open  # noqa: A004 - the name that a connector's door has

__all__ = ["open"]
