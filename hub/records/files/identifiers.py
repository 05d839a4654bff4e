"""Identifiers in files are tidied as connectors and applications tidy them."""

from collections.abc import Callable
from typing import Any, Final

from hub.records.identifiers import tidy

_FORMS: Final = frozenset(("e-licence", "region"))
_AS_GIVEN: Final = frozenset(("address", "title-no"))
"""Identifiers that a record has as its source wrote them. Those of installed packages (a name with a dot) too."""

Tidy = Callable[[Any], Any]


def tidier(schema: Any) -> Tidy | None:
    """A function that tidies the identifiers in values of a parsed schema, never in place; ``None`` where there are
    none. Values of a wrong type come back as they are.

    >>> field = {"name": "uscc", "type": "string", "hub.identifier": "uscc"}
    >>> tidier({"type": "record", "fields": [field]})({"uscc": " ９１１l", "name": "ａ"})
    {'uscc': '911L', 'name': 'ａ'}
    """
    if isinstance(schema, list):
        return next(filter(None, map(tidier, schema)), None)
    if not isinstance(schema, dict):
        return None
    if schema["type"] == "array":
        items = tidier(schema["items"])
        return items and (lambda values: list(map(items, values)) if type(values) is list else values)
    return _record_tidier(schema) if schema["type"] == "record" else None


def _record_tidier(schema: Any) -> Tidy | None:
    inner = [(entry["name"], found) for entry in schema["fields"] if (found := _field_tidier(entry))]

    def tidy_record(value: Any) -> Any:
        if type(value) is not dict:
            return value
        return value | {name: tidied(value[name]) for name, tidied in inner if name in value}

    return tidy_record if inner else None


def _field_tidier(entry: Any) -> Tidy | None:
    kind = entry.get("hub.identifier") or entry.get("hub.link")
    if entry.get("hub.form") in _FORMS or (kind and kind not in _AS_GIVEN and "." not in kind):
        return lambda value: tidy(value) if type(value) is str else value
    return tidier(entry["type"])
