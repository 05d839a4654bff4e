"""Completes a record from its schema: defaults for missing fields; for records from files also dates, blank texts."""

from collections.abc import Callable
from typing import Any, NamedTuple

Complete = Callable[[Any], Any]


class Readers(NamedTuple):
    """How given values become what a field must have: a date, a date or null, a text or null. Each returns a value that
    it does not know unchanged."""

    date: Complete
    date_or_none: Complete
    text_or_none: Complete


def completer(schema: Any, readers: Readers | None = None) -> Complete | None:
    """A function that completes values of a parsed schema, never in place; ``None`` where there is nothing to complete.

    Values of a wrong type come back as they are. With ``readers``, dates and texts that may be null are read with them.
    """
    if isinstance(schema, list):
        return _union_completer(schema, readers) if readers else None
    if not isinstance(schema, dict):
        return None
    if _is_date(schema):
        return readers.date if readers else None
    if schema["type"] == "array":
        return _list_completer(completer(schema["items"], readers))
    return _record_completer(schema, readers) if schema["type"] == "record" else None


def _union_completer(branches: list[Any], readers: Readers) -> Complete | None:
    if any(_is_date(branch) for branch in branches):
        return readers.date_or_none
    return readers.text_or_none if "string" in branches else None


def _is_date(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("logicalType") == "date"


def _list_completer(complete: Complete | None) -> Complete | None:
    if complete is None:
        return None
    return lambda values: [complete(value) for value in values] if type(values) is list else values


def _record_completer(schema: Any, readers: Readers | None) -> Complete:
    fields = schema["fields"]
    defaults = {entry["name"]: entry["default"] for entry in fields if "default" in entry}
    lists = [name for name, default in defaults.items() if isinstance(default, list)]
    inner = [(entry["name"], complete) for entry in fields if (complete := completer(entry["type"], readers))]

    def complete_record(value: Any) -> Any:
        if type(value) is not dict:
            return value
        completed = {**defaults, **value}
        for name in lists:
            if name not in value:
                completed[name] = []
        for name, complete in inner:
            if name in value:
                completed[name] = complete(value[name])
        return completed

    return complete_record
