"""Where something is in an answer: names of objects from outside to inside, with dots."""

from collections.abc import Mapping
from typing import Any


def at(value: Any, place: str) -> Any:
    """What lies at ``place`` ("": the whole), ``None`` for nothing. A name with dots in it is found as such first; a
    number is the place in a list.

    >>> given = {"data": {"rows": [{"a.b": 1}]}}
    >>> at(given, "data.rows.0.a.b"), at(given, "data.total"), at(given, "") is given
    (1, None, True)
    """
    while place:
        if isinstance(value, dict):
            if place in value:
                return value[place]
            name, _, place = place.partition(".")
            value = value.get(name)
        elif isinstance(value, list):
            name, _, place = place.partition(".")
            value = value[int(name)] if name.isascii() and name.isdigit() and int(name[:9]) < len(value) else None
        else:
            return None
    return value


def nested(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a JSON object: a name with dots is a place in objects.

    >>> nested({"page.no": 1, "page.size": 20, "code": "x"})
    {'page': {'no': 1, 'size': 20}, 'code': 'x'}
    """
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        *above, last = name.split(".")
        inner = found
        for part in above:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return found
