"""The connection system as a ``Pickup``: only its codes and supply units are its own; the hub's API does the rest."""

from collections.abc import Mapping
from typing import Any

from connectors.utility_crm.bodies import Bodies
from hub.connect.context import Context
from hub.ports import Address


class FetchingSystem:
    """``Pickup`` for the connection system. Safe for use by several threads."""

    def __init__(self, options: Mapping[str, Any], context: Context) -> None:
        self._bodies = Bodies(context.info.name, options["streets_file"] or "")

    def shown(self, address: Address, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._bodies.of(address, body)

    def close(self) -> None:
        """Nothing is open."""


def open_pickup(options: Mapping[str, Any], context: Context) -> FetchingSystem:
    """Open the connector with its settings (``connector.toml``). It makes no call. Raises ``Misconfigured``."""
    return FetchingSystem(options, context)
