"""The bodies that the connection system is sent: the same by every way of delivery (``utility_crm``, ``utility_pull``,
``utility_table``)."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.utility_crm.mapping import STREETS_BYTES_MAX, Streets, read_streets, to_body
from hub.connect.folder import of_package
from hub.errors import Misconfigured
from hub.ports import Address


class Bodies:
    """Makes the bodies, with the system's own codes and supply units. ``name`` is the connector's, for messages;
    ``streets_file`` "" for none. Raises ``Misconfigured`` for a street table that cannot be used."""

    def __init__(self, name: str, streets_file: str) -> None:
        self._codes = of_package("connectors.utility_crm").codes
        self._streets = _streets(name, streets_file)

    def of(self, address: Address, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The body of a piece as the system reads it, JSON values."""
        return to_body(address, body, self._codes, self._streets)


def _streets(name: str, file: str) -> Streets:
    if not file:
        return {}
    try:
        if Path(file).stat().st_size > STREETS_BYTES_MAX:
            raise ValueError(f"it has more than {STREETS_BYTES_MAX} bytes")
        return read_streets(Path(file).read_text("utf-8-sig"))
    except (OSError, ValueError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        remedy = "give a CSV file in UTF-8 with the columns division,street,orgNo"
        raise Misconfigured(f"connectors.{name}.streets_file cannot be used ({why})", remedy) from None
