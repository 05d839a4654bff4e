"""The titles of a property unit that are in force, and what may leave of one that a row names."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from hub.cases import reasons
from hub.cases.evidence import over
from hub.cases.procedure import Body, Given, MustNotSend, Sending, WillNotDo
from hub.cases.times import china_time
from hub.errors import TamperDetected
from hub.privacy.opening import Opened, check_commitments
from hub.privacy.purposes import Purpose, minimal
from hub.records.tables import current, record, record_link
from hub.topics.places import read_value

TITLE = "licence.property-title"
TITLES_MAX = 200
"""Most titles of one unit that are looked at."""
EARLIER_MAX = 200
"""Most earlier versions of the titles of one unit, and of those that ended, that are looked at, the latest ones."""
_HOLDER = "HOLDER"
_ANY = 1_000_000
"""Below every rank."""


class Place(NamedTuple):
    """A record: its id and reading, and where it is on its topic."""

    record_id: bytes
    reading: int
    topic: str
    partition: int
    offset: int


class Title(NamedTuple):
    """A title. ``numbers``: the opaque ids that it can be found by; ``holders``: those of its holders; ``earlier``: the
    versions of its row before this one, the latest first, where it was read with them."""

    place: Place
    unit_id: bytes
    registration_type: str
    registered_on: date
    holders: frozenset[bytes]
    numbers: frozenset[bytes]
    earlier: "tuple[Title, ...]" = ()

    def entry(self, kinds: Collection[str], corrections: Collection[str]) -> "Title | None":
        """This title with the date and the holders of its last registration by one of these types: a change of
        particulars in the row of a transfer leaves both, a correction corrects the holders. ``None`` when there was
        none."""
        corrected: Title | None = None
        for one in (self, *self.earlier):
            if one.registration_type in kinds:
                return self._replace(registered_on=one.registered_on, holders=(corrected or one).holders)
            if one.registration_type in corrections:
                corrected = corrected or one
        return None

    def days(self) -> set[str]:
        """The dates on which it was registered, as its row says now or said."""
        return {one.registered_on.isoformat() for one in (self, *self.earlier)}

    def told(self, places: Collection[tuple[bytes, int]]) -> bool:
        """Whether one of these (record and reading) is this title, or said the same of the holders and the day."""
        same = (one for one in self.earlier if (one.holders, one.registered_on) == (self.holders, self.registered_on))
        return any(one.place[:2] in places for one in (self, *same))


def in_force(given: Given, connection: Connection, unit_id: bytes) -> list[Title]:
    """The titles of a unit that are in force, those of the highest authority first and then by their dates, with their
    earlier versions. One that does not open is left out, and one of an authority below another that has nothing in
    force of the unit. Raises ``Unavailable`` when log or vault is."""
    query = (
        select(record)
        .join(current, current.c.record_id == record.c.record_id)
        .join(record_link, record_link.c.record_id == record.c.record_id)
        .where(record_link.c.link_id == unit_id, current.c.kind == TITLE)
        .where(current.c.status == "CURRENT", current.c.operation == "UPSERT")
        .order_by(record.c.record_id)
        .limit(TITLES_MAX)
    )
    rows = _not_overruled(given, connection, connection.execute(query).all())
    earlier = _earlier(given, connection, {bytes(row.record_id): bytes(row.row_id) for row in rows})
    ranks = {bytes(row.record_id): given.authorities.rank(TITLE, row.source, row.authority) for row in rows}
    found = [one._replace(earlier=tuple(earlier.get(one.place.record_id, ()))) for one in read(given, rows)]
    return sorted(found, key=lambda one: (ranks[one.place.record_id], one.registered_on, one.place))


def ended(given: Given, connection: Connection, unit_id: bytes) -> list[Title]:
    """What the rows of a unit's titles said while they were in force, of those that are not any more. Raises as
    ``in_force``."""
    over = (current.c.status != "CURRENT") | (current.c.operation != "UPSERT")
    query = (
        select(record)
        .join(current, current.c.row_id == record.c.row_id)
        .where(current.c.entity_id == unit_id, current.c.kind == TITLE, over, record.c.entity_id == unit_id)
        .where(record.c.state == "verified", record.c.operation == "UPSERT", record.c.status == "CURRENT")
        .order_by(record.c.version.desc(), record.c.record_id)
        .limit(EARLIER_MAX)
    )
    return read(given, connection.execute(query).all())


def _not_overruled(given: Given, connection: Connection, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    units = {bytes(row.entity_id) for row in rows}
    words = {unit_id: over.word(connection, TITLE, unit_id, given.authorities) for unit_id in units}
    ended = {unit_id: word.rank for unit_id, word in words.items() if word and not word.in_force}
    rank = given.authorities.rank
    return [row for row in rows if rank(TITLE, row.source, row.authority) <= ended.get(bytes(row.entity_id), _ANY)]


def _earlier(given: Given, connection: Connection, rows: Mapping[bytes, bytes]) -> dict[bytes, list[Title]]:
    """The versions before these (record → row), the latest first."""
    mine = current.c.row_id.in_(rows.values()), record.c.state == "verified", record.c.operation == "UPSERT"
    query = (
        select(record, current.c.record_id.label("now"))
        .join(current, current.c.row_id == record.c.row_id)
        .where(*mine, record.c.record_id != current.c.record_id, record.c.version <= current.c.version)
        .where(record.c.status == "CURRENT")
        .order_by(record.c.version.desc(), record.c.record_id)
        .limit(EARLIER_MAX)
    )
    before = connection.execute(query).all()
    now, found = {bytes(row.record_id): bytes(row.now) for row in before}, dict[bytes, list[Title]]()
    for one in read(given, before):
        found.setdefault(now[one.place.record_id], []).append(one)
    return found


def unit_of(connection: Connection, title_id: bytes) -> bytes | None:
    """The unit of a title's number; ``None`` while no title of that number is known."""
    query = (
        select(record.c.entity_id)
        .join(record_link, record_link.c.record_id == record.c.record_id)
        .where(record_link.c.link_id == title_id, record.c.kind == TITLE, record.c.state == "verified")
        .order_by(record.c.version.desc())
        .limit(1)
    )
    found = connection.execute(query).scalar_one_or_none()
    return bytes(found) if found else None


def read(given: Given, rows: Sequence[Row[Any]]) -> list[Title]:
    """The titles of rows of ``record``. One that does not open is left out. Raises as ``in_force``."""
    values = [read_value(given.log, row.topic, row.partition, row.offset) for row in rows]
    opened = given.opener.open(values) if values else []
    return [_title(row, one) for row, one in zip(rows, opened, strict=True) if one.record is not None]


def place(row: Row[Any]) -> Place:
    """The place of a row of ``record``."""
    return Place(bytes(row.record_id), row.reading, row.topic, row.partition, row.offset)


def _title(row: Row[Any], opened: Opened) -> Title:
    assert opened.record is not None
    unit = opened.record["unit"]
    holders = frozenset(part["subject_id"] for part in opened.envelope["parts"] if part["role"] == _HOLDER)
    kind, day, links = unit["registration_type"].strip(), unit["issued_on"], opened.envelope["links"]
    return Title(place(row), bytes(row.entity_id), kind, day, holders, frozenset(links))


def body(given: Given, connection: Connection, sending: Sending, at: Row[Any], purpose: Purpose) -> Body:
    """What may leave of the title at the place that a row names, checked once more (P3). Raises ``WillNotDo`` when it
    has changed since, ``MustNotSend`` when it may not be used, or does not open."""
    record_id = bytes(at.record_id)
    now = over.now(connection, record_id)
    if now is None or not now.in_force or over.instead(connection, record_id, given.authorities):
        raise WillNotDo(reasons.CHANGED)
    opened = _opened(given, at)
    if not purpose.accepts(TITLE, opened.envelope["assurance"]):
        raise MustNotSend(reasons.ASSURANCE_LOW)
    if not given.permits(opened.envelope["source"]["system"], purpose.name):
        raise MustNotSend(reasons.PURPOSE_NOT_GRANTED)
    assert opened.record is not None
    return {
        "recordId": sending.refer(record_id),
        "reading": at.reading,
        "assurance": opened.envelope["assurance"],
        "verifiedAt": china_time(now.learned_ms),
        "fields": minimal(opened.record, purpose.evidence[TITLE].fields),
    }


def _opened(given: Given, at: Row[Any]) -> Opened:
    try:
        opened = given.opener.open([read_value(given.log, at.topic, at.partition, at.offset)])[0]
        if opened.problem is not None:
            erased = opened.problem.code == reasons.ERASED
            raise MustNotSend(reasons.ERASED if erased else reasons.SEAL_BROKEN)
        if (opened.envelope["record_id"], opened.envelope["reading"]) != (bytes(at.record_id), at.reading):
            raise MustNotSend(reasons.SEAL_BROKEN)
        check_commitments(opened)
    except TamperDetected:
        raise MustNotSend(reasons.SEAL_BROKEN) from None
    return opened
