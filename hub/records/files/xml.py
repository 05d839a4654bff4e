"""Reads XML from outside, row by row: Expat with everything off that XML can do to its reader.

A document type is refused before anything of it is read: so there are no entities but the five of XML, nothing that
expands, and nothing that is fetched. Depth, size of a row and size of one tag are bounded. Memory: one row.
Source: XML 1.0 (fifth edition); OWASP's sheet on XML external entities.
"""

import codecs
from collections.abc import Callable, Collection, Iterator
from typing import Any, BinaryIO, Final
from xml.parsers import expat

from hub.errors import RecordRejected
from hub.records.files.json import RECORD_BYTES_MAX
from hub.records.text import current

DEPTH_MAX: Final = 32
ATTRIBUTES_MAX: Final = 256
_CHUNK_BYTES: Final = 65_536
_SEPARATOR: Final = "\x1f"

Start = Callable[[str, dict[str, str]], None]
Row = tuple[int, dict[str, Any] | RecordRejected]
"""(The row's number in its file, from 1; its columns, or why it cannot be read)."""


class Reader:
    """One pass over a document. ``start`` and ``end`` get local names without their namespace; ``text`` may get the
    text of an element in pieces. They may raise ``RecordRejected``, which ends the pass."""

    def __init__(self, start: Start, end: Callable[[str], None], text: Callable[[str], None]) -> None:
        self._start, self._end = start, end
        self._depth = 0
        parser = expat.ParserCreate("utf-8", namespace_separator=_SEPARATOR)
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.StartElementHandler = self._opened
        parser.EndElementHandler = self._closed
        parser.CharacterDataHandler = text
        self._parser = parser

    def chunks(self, stream: BinaryIO, encoding: str = "utf-8") -> Iterator[None]:
        """Read the document; it yields after each chunk. ``encoding`` (utf-8, gb18030) is said by the one who sends the
        file: what the document says of itself is not used. Raises ``RecordRejected``: XML_UNSAFE, UNREADABLE,
        TEXT_ENCODING, TOO_DEEP."""
        decode = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)().decode
        fed = 0
        try:
            while data := stream.read(_CHUNK_BYTES):
                text = current(decode(data), encoding)
                fed += len(text.encode("utf-8"))
                self._parser.Parse(text, False)
                if fed - self._parser.CurrentByteIndex > RECORD_BYTES_MAX:
                    raise RecordRejected("XML_UNSAFE", detail="a tag that does not end")
                yield
            self._parser.Parse(decode(b"", True), True)
        except UnicodeError:
            raise RecordRejected("TEXT_ENCODING") from None
        except expat.ExpatError:
            raise RecordRejected("UNREADABLE", detail="the document is not well-formed") from None
        yield

    def _opened(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise RecordRejected("TOO_DEEP")
        if len(attributes) > ATTRIBUTES_MAX:
            raise RecordRejected("XML_UNSAFE", detail="too many attributes")
        self._start(local(name), attributes)

    def _closed(self, name: str) -> None:
        self._depth -= 1
        self._end(local(name))


def _refuse(*_: object) -> None:
    raise RecordRejected("XML_UNSAFE", detail="a document type or an entity")


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition(_SEPARATOR)[2]


def rows(stream: BinaryIO, row: str, lists: Collection[str] = (), encoding: str = "utf-8") -> Iterator[Row]:
    """The elements with the name ``row`` as columns: a child with only text is a text, a child with children is an
    object, attributes are columns of their element. ``lists``: dotted paths, from the row, of elements that may be
    repeated; each is a list, also of one. Raises as ``Reader.chunks`` does.

    >>> import io
    >>> page = "<p><t id='1'><a>x</a><h><n>y</n></h></t></p>"
    >>> list(rows(io.BytesIO(page.encode()), "t", ["h"]))
    [(1, {'id': '1', 'a': 'x', 'h': [{'n': 'y'}]})]
    """
    found = _Rows(row, frozenset(lists))
    for _ in Reader(found.start, found.end, found.text).chunks(stream, encoding):
        yield from found.take()


class _Element:
    __slots__ = ("columns", "path", "text")

    def __init__(self, path: str) -> None:
        self.path = path
        self.columns: dict[str, Any] = {}
        self.text: list[str] = []

    def value(self) -> Any:
        text = "".join(self.text)
        if self.columns and text.strip():
            raise RecordRejected("UNREADABLE", detail="text between elements")
        return self.columns or text


class _Rows:
    """Builds rows from what the reader tells. A row that cannot be one is told, and the next one begins clean."""

    def __init__(self, row: str, lists: frozenset[str]) -> None:
        self._row, self._lists = row, lists
        self._open: list[_Element] = []
        self._inside = 0
        self._characters = 0
        self._number = 0
        self._fault: RecordRejected | None = None
        self._done: list[Row] = []

    def take(self) -> list[Row]:
        done, self._done = self._done, []
        return done

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._inside and name != self._row:
            return
        self._inside += 1
        if self._inside == 1:
            self._open, self._characters, self._fault = [_Element("")], 0, None
        elif self._fault is None:
            self._open.append(_Element(f"{self._open[-1].path}.{name}".lstrip(".")))
        self._count(len(name))
        for key, value in attributes.items():
            self._count(len(key) + len(value))
            self._put(local(key), value)

    def text(self, text: str) -> None:
        if self._inside:
            self._count(len(text))
            if self._fault is None:
                self._open[-1].text.append(text)

    def end(self, name: str) -> None:
        if not self._inside:
            return
        self._inside -= 1
        if self._inside == 0:
            self._finish()
        elif self._fault is None:
            self._close(name)

    def _close(self, name: str) -> None:
        element = self._open.pop()
        try:
            self._put(name, element.value(), element.path in self._lists)
        except RecordRejected as fault:
            self._fault = fault

    def _finish(self) -> None:
        self._number += 1
        try:
            value = self._fault or self._open[0].value()
        except RecordRejected as fault:
            value = fault
        self._done.append((self._number, value if isinstance(value, (dict, RecordRejected)) else {}))
        self._open = []

    def _put(self, name: str, value: Any, is_list: bool = False) -> None:
        if self._fault is not None:
            return
        columns = self._open[-1].columns
        if is_list:
            columns.setdefault(name, []).append(value)
        elif name in columns:
            self._fault = RecordRejected("DUPLICATE_KEY")
        else:
            columns[name] = value

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > RECORD_BYTES_MAX and self._fault is None:
            self._fault, self._open = RecordRejected("TOO_LARGE"), []
