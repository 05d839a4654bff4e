"""Places: names of objects from outside to inside, with dots, in an answer, in a call or in a record."""

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


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as an object of objects: a name with dots is a place in it.

    >>> nested({"page.no": 1, "page.size": 20, "code": "x"})
    {'page': {'no': 1, 'size': 20}, 'code': 'x'}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        *above, last = name.split(".")
        inner = found
        for part in above:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return found
