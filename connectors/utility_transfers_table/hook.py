"""What ``mapping.toml`` cannot say: the hub's number has hyphens where people read it."""

from collections.abc import Mapping
from typing import Any


def before(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the hyphens that make the hub's number readable."""
    number = columns.get("transfer_no")
    return {**columns, "transfer_no": number.replace("-", "") if isinstance(number, str) else number}
