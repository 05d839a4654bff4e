"""Resident IDs: one card for a ticket of the identity service; no feed."""

from connectors.resident_id.source import open_source as open  # noqa: A004 - the name that a connector's door has

__all__ = ["open"]
