"""Structured fields of HTTP (RFC 9651), as far as signatures use them: dictionaries of byte sequences and of inner
lists of strings with parameters. Strict: what is given twice, or has another form, cannot be read."""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

FIELD_CHARACTERS_MAX: Final = 4_096
"""Characters of a header field that is read."""
MEMBERS_MAX: Final = 16
"""Members of a dictionary, items of an inner list, and parameters."""
_INTEGER_DIGITS: Final = 15

_KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*")
_STRING = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_INTEGER = re.compile(r"-?[0-9]+")
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_TRUE = re.compile(r"\?1")

Value = str | int | bytes | bool
T = TypeVar("T")


class Malformed(ValueError):
    """A text that is not the structured field that is expected."""


class InnerList(NamedTuple):
    """An inner list of strings, with its own parameters, in their order."""

    items: Sequence[str]
    parameters: Mapping[str, Value]

    def text(self) -> str:
        """As RFC 9651 §4.1.1.1 writes it.

        >>> InnerList(("@method",), {"created": 1618884473, "keyid": "crm"}).text()
        '("@method");created=1618884473;keyid="crm"'
        """
        items = " ".join(_written(one) for one in self.items)
        return f"({items})" + "".join(_parameter(*one) for one in self.parameters.items())


def lists(text: str) -> dict[str, InnerList]:
    """A dictionary whose members are inner lists of strings. Raises ``Malformed``."""
    return _Reading(text).dictionary(_Reading.inner_list)


def byte_sequences(text: str) -> dict[str, bytes]:
    """A dictionary whose members are byte sequences. Raises ``Malformed``.

    >>> byte_sequences("sig1=:aGVsbG8=:")
    {'sig1': b'hello'}
    """
    return _Reading(text).dictionary(_Reading.byte_sequence)


def written(value: bytes) -> str:
    """A byte sequence as a structured field has it."""
    return f":{b64encode(value).decode()}:"


def _written(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _parameter(name: str, value: Value) -> str:
    if value is True:
        return f";{name}"
    if isinstance(value, bytes):
        return f";{name}={written(value)}"
    return f";{name}={value if isinstance(value, int) else _written(value)}"


class _Reading:
    def __init__(self, text: str) -> None:
        if len(text) > FIELD_CHARACTERS_MAX or not text.isascii():
            raise Malformed
        self._text = text.strip(" ")
        self._at = 0

    def dictionary(self, member: "Callable[[_Reading], T]") -> dict[str, T]:
        found: dict[str, T] = {}
        while True:
            key = self._take(_KEY)
            self._expect("=")
            if key in found or len(found) == MEMBERS_MAX:
                raise Malformed
            found[key] = member(self)
            if self._at == len(self._text):
                return found
            self._blanks(" \t")
            self._expect(",")
            self._blanks(" \t")

    def inner_list(self) -> InnerList:
        items: list[str] = []
        self._expect("(")
        self._blanks(" ")
        while not self._next_is(")"):
            if len(items) == MEMBERS_MAX:
                raise Malformed
            items.append(self._string())
            if not self._next_is(")") and not self._blanks(" "):
                raise Malformed  # a parameter of an item, or two items without a blank between them
            self._blanks(" ")
        self._expect(")")
        return InnerList(tuple(items), self._parameters())

    def byte_sequence(self) -> bytes:
        encoded = self._take(_BYTES, 1)
        try:
            return b64decode(encoded, validate=True)
        except NotBase64:
            raise Malformed from None

    def _parameters(self) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while self._next_is(";"):
            self._at += 1
            self._blanks(" ")
            name = self._take(_KEY)
            if name in found or len(found) == MEMBERS_MAX:
                raise Malformed
            found[name] = self._value() if self._skip("=") else True
        return found

    def _value(self) -> Value:
        if self._next_is('"'):
            return self._string()
        if self._next_is(":"):
            return self.byte_sequence()
        if self._next_is("?"):
            self._take(_TRUE)
            return True
        digits = self._take(_INTEGER)
        if len(digits.lstrip("-")) > _INTEGER_DIGITS:
            raise Malformed
        return int(digits)

    def _string(self) -> str:
        return re.sub(r'\\(["\\])', r"\1", self._take(_STRING, 1))

    def _take(self, form: re.Pattern[str], group: int = 0) -> str:
        found = form.match(self._text, self._at)
        if found is None:
            raise Malformed
        self._at = found.end()
        return found[group]

    def _next_is(self, character: str) -> bool:
        return self._text.startswith(character, self._at)

    def _skip(self, character: str) -> bool:
        there = self._next_is(character)
        self._at += there
        return there

    def _expect(self, character: str) -> None:
        if not self._skip(character):
            raise Malformed

    def _blanks(self, blanks: str) -> bool:
        before = self._at
        while self._at < len(self._text) and self._text[self._at] in blanks:
            self._at += 1
        return self._at > before
