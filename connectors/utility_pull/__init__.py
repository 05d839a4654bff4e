"""The utility's connection system in a network that lets no call in: it fetches its pieces from the hub's API."""

from connectors.utility_pull.pickup import open_pickup as open  # noqa: A004 - the name that a connector's door has

__all__ = ["open"]
