"""Completes a record from its schema: defaults for missing fields and, for records in text, dates."""

from collections.abc import Callable
from typing import Any, NamedTuple

Complete = Callable[[Any], Any]


class Dates(NamedTuple):
    """How texts become dates: in a field that must have a date, and in one that may be null."""

    required: Callable[[str], Any]
    nullable: Callable[[str], Any]


def completer(schema: Any, dates: Dates | None = None) -> Complete | None:
    """A function that completes values of a parsed schema, never in place; ``None`` where there is nothing to complete.

    Values of a wrong type come back as they are. With ``dates``, texts go through it where the schema has a date.
    """
    if isinstance(schema, list):
        return _of_text(dates.nullable) if dates and any(_is_date(branch) for branch in schema) else None
    if not isinstance(schema, dict):
        return None
    if _is_date(schema):
        return _of_text(dates.required) if dates else None
    if schema["type"] == "array":
        return _list_completer(completer(schema["items"], dates))
    return _record_completer(schema, dates) if schema["type"] == "record" else None


def _is_date(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("logicalType") == "date"


def _of_text(convert: Callable[[str], Any]) -> Complete:
    return lambda value: convert(value) if type(value) is str else value


def _list_completer(complete: Complete | None) -> Complete | None:
    if complete is None:
        return None
    return lambda values: [complete(value) for value in values] if type(values) is list else values


def _record_completer(schema: Any, dates: Dates | None) -> Complete:
    fields = schema["fields"]
    defaults = {entry["name"]: entry["default"] for entry in fields if "default" in entry}
    lists = [name for name, default in defaults.items() if isinstance(default, list)]
    inner = [(entry["name"], complete) for entry in fields if (complete := completer(entry["type"], dates))]

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
