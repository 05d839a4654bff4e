"""What ``mapping.toml`` cannot say of the registry's rows."""

from collections.abc import Mapping
from typing import Any

_CHARACTERS = 9
"""Of an organisation code, without its hyphen."""


def after(record: dict[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Rows from before 2015 have the new type of document and still the old number: an organisation code."""
    for holder in record["holders"]:
        number = holder["id_number"]
        if holder["id_type"] == "USCC" and number and len(number.replace("-", "")) == _CHARACTERS:
            holder["id_type"] = "ORGANISATION_CODE"
    return record
