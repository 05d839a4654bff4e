"""Answers of a declared service: their text, and what the service's own code in them says.

A part of a row that cannot be read (a number without end, a name that is there twice) becomes a mark in its place, so
that only this row has a fault and not the whole page.
"""

import json
import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from hub.connect.places import at
from hub.connect.rest.client import Answer
from hub.connect.rest.spec import ResultSpec
from hub.errors import Misconfigured, RecordRejected, Unavailable, Unconfirmed
from hub.logging import mask
from hub.records.files.json import DEPTH_MAX

CODE_CHARACTERS_MAX: Final = 40
INTEGER_CHARACTERS: Final = 20
_LONG: Final = range(-(2**63), 2**63)
_BOM: Final = "\ufeff"


class Bad(NamedTuple):
    """In the place of a value that cannot be read: the code that says why."""

    code: str


class _Twice(dict[str, Any]):
    """An object in which a name is there twice."""


class Expired(Unavailable):
    """Our token, or the code of a listed licence, has run out. ``refused``: the code may also mean no."""

    def __init__(self, told: str, refused: bool = False) -> None:
        super().__init__(told)
        self.refused = refused


class Refused(RecordRejected):
    """The service says no, by its own code."""


def read(body: bytes, encoding: str) -> Any:
    """A whole answer. Bytes that are no text become lone surrogates. Raises ``Unavailable`` when it is no JSON."""
    try:
        return _decode(body.decode(encoding, "surrogateescape").removeprefix(_BOM))
    except (ValueError, RecursionError):
        raise Unavailable("the answer is no JSON") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Twice(found)


def _integer(text: str) -> Any:
    # int() of a very long text takes quadratic time, so its length is checked first.
    long = len(text) > INTEGER_CHARACTERS
    return Bad("NUMBER_TOO_LARGE") if long or (value := int(text)) not in _LONG else value


def _float(text: str) -> Any:
    value = float(text)
    return value if math.isfinite(value) else Bad("NUMBER_NOT_FINITE")


# Control characters in texts are for the rules to judge, in their row.
_decode = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=lambda text: Bad("NUMBER_NOT_FINITE"),  # noqa: ARG005
    strict=False,
).decode


def bad_in(row: Any) -> str | None:
    """The code of what cannot be read in a row, ``None`` for nothing.

    >>> bad_in(read(b'{"a": [1, 1e999]}', "utf-8")), bad_in(read(b'{"a": 1, "a": 2}', "utf-8")), bad_in({"a": "x"})
    ('NUMBER_NOT_FINITE', 'DUPLICATE_KEY', None)
    """
    return next(_bad(row, DEPTH_MAX), None)


def _bad(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Bad):
        yield value.code
    elif isinstance(value, str):
        if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
            yield "TEXT_ENCODING"
    elif isinstance(value, (dict, list)):
        if not depth:
            yield "TOO_DEEP"
            return
        if isinstance(value, _Twice):
            yield "DUPLICATE_KEY"
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _bad(part, depth - 1)


class Answers:
    """Reads the answers of one service (``name``) by its declaration."""

    def __init__(self, name: str, encoding: str, spec: ResultSpec | None) -> None:
        self._name = name
        self._encoding = encoding
        self._spec = spec

    def value(self, answer: Answer) -> Any:
        """The answer's content; ``None`` when its code says that there is nothing.

        Raises ``Refused`` (LOOKUP_REFUSED, or one of `pass_on`), ``Expired``, ``Unconfirmed`` for a code that no list
        has, ``Unavailable`` for one of `retry` and for what is no JSON, ``Misconfigured`` for another status than 2xx
        without a code.
        """
        if not answer.ok:
            return self._not_ok(answer)
        value = read(answer.body, self._encoding)
        return value if self._spec is None else self._judged(value, self._spec)

    def _not_ok(self, answer: Answer) -> Any:
        """Some services send their code with another status than 200."""
        if self._spec is not None:
            try:
                value = read(answer.body, self._encoding)
            except Unavailable:
                value = None
            spec = self._spec
            known = (*spec.empty, *spec.retry, *spec.expired, *spec.refuse, *spec.pass_on)
            if _code(at(value, spec.code)) in known:
                return self._judged(value, self._spec)
        raise Misconfigured(
            f"{self._name} refuses the call (HTTP {answer.status})",
            "compare the paths and parameters of [rest] with the manual of the service",
        )

    def _judged(self, value: Any, spec: ResultSpec) -> Any:
        code = _code(at(value, spec.code))
        if code in spec.ok:
            return value
        if code in spec.empty:
            return None
        told = f"{self._name} answers with its code {mask(code)[:CODE_CHARACTERS_MAX]!r}"
        if code in spec.expired:
            raise Expired(told, code in spec.refuse)
        if code in spec.pass_on:
            raise Refused(code, detail=told)
        if code in spec.refuse:
            raise Refused("LOOKUP_REFUSED", detail=told)
        if code in spec.retry:
            raise Unavailable(told)
        raise Unconfirmed(f"{told}, which [rest.result] does not list")


def _code(given: Any) -> str:
    """
    >>> _code(200), _code("200 "), _code(True), _code(None)
    ('200', '200', 'true', '')
    """
    if isinstance(given, bool):
        return str(given).lower()
    return str(given).strip() if isinstance(given, (str, int)) else ""
