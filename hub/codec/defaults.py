"""Completes a record from its schema: defaults for missing fields and, for records in text, dates."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any, Final

Fill = Callable[[Any], Any]

LONG_TERM: Final = "长期"
"""Written in place of an end date by sources whose licence has no end."""


@lru_cache(maxsize=16_384)
def to_date(text: str) -> Any:
    """``YYYY-MM-DD`` as a date; any other text unchanged, so that the shape check refuses it.

    >>> to_date("2024-02-29"), to_date("2023-02-29"), to_date("2024-W01-1")
    (datetime.date(2024, 2, 29), '2023-02-29', '2024-W01-1')
    """
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def filler(schema: Any, dates: bool = False) -> Fill | None:
    """A function that fills values of a parsed schema, never in place; ``None`` where there is nothing to fill.

    Values of a wrong type come back as they are. With ``dates``, texts become dates where the schema has a date, and
    长期 becomes null.
    """
    if isinstance(schema, list):
        return _nullable_date if dates and any(_is_date(branch) for branch in schema) else None
    if not isinstance(schema, dict):
        return None
    if _is_date(schema):
        return _date if dates else None
    if schema["type"] == "array":
        return _list_filler(filler(schema["items"], dates))
    return _record_filler(schema, dates) if schema["type"] == "record" else None


def _is_date(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("logicalType") == "date"


def _date(value: Any) -> Any:
    return to_date(value) if type(value) is str else value


def _nullable_date(value: Any) -> Any:
    return None if value == LONG_TERM else _date(value)


def _list_filler(fill: Fill | None) -> Fill | None:
    if fill is None:
        return None
    return lambda values: [fill(value) for value in values] if type(values) is list else values


def _record_filler(schema: Any, dates: bool) -> Fill:
    fields = schema["fields"]
    defaults = {entry["name"]: entry["default"] for entry in fields if "default" in entry}
    lists = [name for name, default in defaults.items() if isinstance(default, list)]
    inner = [(entry["name"], fill) for entry in fields if (fill := filler(entry["type"], dates))]

    def fill_record(value: Any) -> Any:
        if type(value) is not dict:
            return value
        filled = {**defaults, **value}
        for name in lists:
            if name not in value:
                filled[name] = []
        for name, fill in inner:
            if name in value:
                filled[name] = fill(value[name])
        return filled

    return fill_record
