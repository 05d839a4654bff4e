"""What ``mapping.toml`` cannot say: which of a project's units builds it."""

from collections.abc import Mapping
from typing import Any

BUILDER = "1"
"""dwlx of the unit that builds (建设单位)."""


def before(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Leave the builder alone among the units. One that was taken back (sjyxbs 0) does not count."""
    units = columns.get("units")
    if not isinstance(units, list):
        return dict(columns)
    builders = [one for one in units if str(one.get("dwlx")) == BUILDER and str(one.get("sjyxbs")) != "0"]
    return {**columns, "units": builders[-1:]}
