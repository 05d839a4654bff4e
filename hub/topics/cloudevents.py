"""Headers of messages, in one place: CloudEvents 1.0 in binary mode, and the hub's own headers.

Every message of a topic with CloudEvents has ``ce_id``, ``ce_type``, ``ce_source``, ``ce_time`` and
``ce_specversion``, in this order. Types begin with ``cn.onecert.``; times are RFC 3339, UTC, with milliseconds and Z.
Source: CloudEvents 1.0 and its Kafka protocol binding, section 3.2.
"""

from datetime import datetime
from typing import Final

from hub.ports import Headers

Header = tuple[str, bytes]

ID: Final = "ce_id"
TYPE: Final = "ce_type"
SOURCE: Final = "ce_source"
TIME: Final = "ce_time"
VERSION: Final = "ce_specversion"
NAMES: Final = (ID, TYPE, SOURCE, TIME, VERSION)

CURSOR: Final = "hub_cursor"
"""On the last record of a page: the source's cursor after it, JSON."""
REQUEST: Final = "hub_request"
"""On a record that a look-up found: the request's id, hexadecimal."""
ATTEMPT: Final = "hub_attempt"
"""On a record that was sent again: the number of this attempt; the first one has no such header. A record that was
mapped again begins with 1."""
READING: Final = "hub_reading"
"""On a record that was mapped again from its sealed original: the number of this reading, from 1."""
WAITS_FOR: Final = "hub_waits_for"
"""On a record that waits: the kind of the record about the same thing that must be verified first."""
PARENT: Final = "hub_parent"
"""On a record that waits: the opaque id, hexadecimal, that it has in common with the record that it waits for."""
RELEASED: Final = "hub_released"
"""On a record that waited and is sent to verify again: its offset on ``records.waiting``, in the same partition."""
REASONS: Final = "hub_reasons"
"""On a rejected record: a JSON array of {code, field}."""
SEQUENCE: Final = "hub_seq"
"""On what the relay publishes: the number of the outbox row."""

_PREFIX: Final = "cn.onecert."
_SOURCES: Final = "/sources/"
_DIGITS_MAX: Final = 9
_SPECVERSION: Final = (VERSION, b"1.0")


def type_of(name: str) -> str:
    """The CloudEvents type of what is called ``name`` in this product.

    >>> type_of("licence.business.received")
    'cn.onecert.licence.business.received'
    """
    return _PREFIX + name


def name_of(event_type: bytes) -> str:
    """The name in a ``ce_type`` header: the inverse of ``type_of``. The type of another product is returned unchanged.

    >>> name_of(b"cn.onecert.lookup.answered")
    'lookup.answered'
    """
    return event_type.decode("utf-8", "replace").removeprefix(_PREFIX)


LOOKUP_ANSWERED: Final = type_of("lookup.answered").encode()


def source_path(name: str) -> str:
    """The ``ce_source`` of what the connector ``name`` brought."""
    return _SOURCES + name


def connector_of(headers: Headers) -> str | None:
    """The connector that a message names as its source; ``None`` where it names none.

    >>> connector_of([("ce_source", b"/sources/property_title")]), connector_of([("ce_source", b"/cases")])
    ('property_title', None)
    """
    found = header(headers, SOURCE)
    path = found[1].decode("utf-8", "replace") if found else ""
    return path.removeprefix(_SOURCES) if path.startswith(_SOURCES) else None


def rfc3339(moment: datetime) -> str:
    """An aware UTC moment as text, with milliseconds and Z.

    >>> from datetime import UTC
    >>> rfc3339(datetime(2026, 5, 1, 8, 30, 0, 5000, tzinfo=UTC))
    '2026-05-01T08:30:00.005Z'
    """
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def id_header(event_id: str) -> Header:
    """``ce_id``: for a record its id in hexadecimal."""
    return ID, event_id.encode()


def type_header(name: str) -> Header:
    """``ce_type`` for the name of a message, for example ``licence.business.received``."""
    return TYPE, type_of(name).encode()


def tail(source: str, moment: datetime) -> tuple[Header, Header, Header]:
    """The headers that all messages of one page share: ``ce_source``, ``ce_time``, ``ce_specversion``."""
    return (SOURCE, source.encode()), (TIME, rfc3339(moment).encode()), _SPECVERSION


def headers(event_id: str, name: str, source: str, moment: datetime) -> tuple[Header, ...]:
    """All five headers of one message.

    >>> from datetime import UTC
    >>> dict(headers("1", "case.held", "/cases", datetime(2026, 5, 1, tzinfo=UTC)))["ce_type"]
    b'cn.onecert.case.held'
    """
    return (id_header(event_id), type_header(name), *tail(source, moment))


def header(found: Headers, name: str) -> Header | None:
    """The first header called ``name``; ``None`` where there is none. Any program may write a header without a value,
    which is an empty one here.

    >>> header([("a", None)], "a"), header([], "a")
    (('a', b''), None)
    """
    return next(((key, value or b"") for key, value in found if key == name), None)


def number(found: Headers, name: str) -> int | None:
    """The number in the first header called ``name``; ``None`` where there is none, or it is no number: any program
    may have written it.

    >>> number([("hub_attempt", b"2")], ATTEMPT), number([("hub_attempt", b"two")], ATTEMPT), number([], ATTEMPT)
    (2, None, None)
    """
    value = (header(found, name) or ("", b""))[1]
    return int(value) if value.isdigit() and len(value) <= _DIGITS_MAX else None


def whole(found: Headers, name: str) -> int | None:
    """As ``number``, for numbers of up to 18 digits."""
    value = (header(found, name) or ("", b""))[1]
    return int(value) if value.isdigit() and len(value) <= 2 * _DIGITS_MAX else None


def is_type(found: Headers, event_type: bytes) -> bool:
    """Whether a message is of this CloudEvents type."""
    return (TYPE, event_type) in found
