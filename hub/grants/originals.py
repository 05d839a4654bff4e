"""Originals of rows that could not be read: which columns are in their bytes, and what stays where one of them is
outside the grant, or where that cannot be told (P3)."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from hub.grants.grant import Grant

UNREADABLE: Final = "(row that cannot be read)"
"""What is counted where the bytes of a whole row are left out."""

_ENCODINGS: Final = ("utf-8", "gb18030")
_BEGIN: Final = b'{"withheld": '


class _Pairs(tuple[tuple[str, Any], ...]):
    """An object as its members, also those whose name is there twice."""

    __slots__ = ()


def withheld(raw: bytes) -> bytes:
    """What is stored instead of ``raw``: its digest and size."""
    return b'%s"%s", "bytes": %d}' % (_BEGIN, sha256(raw).hexdigest().encode(), len(raw))


def is_withheld(raw: bytes) -> bool:
    """Whether these bytes are what ``withheld`` gives: there is nothing to map again."""
    return raw.startswith(_BEGIN)


def allows(grant: Grant, raw: bytes) -> bool:
    """Whether ``raw`` is a JSON object in which the grant has every column. False where that cannot be told."""
    value = _read(raw)
    return isinstance(value, _Pairs) and all(map(grant.has, _leaves(value)))


def is_json(raw: bytes) -> bool:
    """Whether its columns can be told."""
    return _read(raw) is not None


def names(raw: bytes, steps: int) -> set[str] | None:
    """The names of all columns at any depth, each with up to ``steps`` - 1 of the names above it, as ends of dotted
    paths without places in lists; ``None`` where that cannot be told.

    >>> sorted(names(b'{"row": {"a": [{"b": 1}]}}', 2))
    ['a', 'a.b', 'b', 'row', 'row.a']
    """
    value = _read(raw)
    return None if value is None else {end for path in _ends(value, steps) for end in path}


def _read(raw: bytes) -> Any:
    for encoding in _ENCODINGS:
        try:
            # The digits of a number are of no interest, and it takes long to read very many.
            return json.loads(raw.decode(encoding), object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
        except (ValueError, RecursionError):
            continue
    return None


def _leaves(value: Any) -> Iterator[str]:
    """The paths of values that are no object with members; a list with something else than objects is one."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Pairs) and value:
            waiting.extend((f"{path}.{name}" if path else name, inner) for name, inner in value)
        elif isinstance(value, list) and value and all(isinstance(one, _Pairs) for one in value):
            waiting.extend((path, one) for one in value)
        else:
            yield path


def _ends(value: Any, steps: int) -> Iterator[Iterator[str]]:
    waiting: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while waiting:
        above, value = waiting.pop()
        if isinstance(value, _Pairs):
            for name, inner in value:
                path = (*above, name)[-steps:]
                waiting.append((path, inner))
                yield (".".join(path[begin:]) for begin in range(len(path)))
        elif isinstance(value, list):
            waiting.extend((above, one) for one in value)
