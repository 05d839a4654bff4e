"""Which verified record matches an application's need. Only current records count, and only exact ids are compared.
Where several units match, a person decides: the hub asks again for a record that it missed, but a wrong match would
show one person the title of another.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from hub.cases import reasons
from hub.cases.events import Relation
from hub.codec import wire
from hub.privacy.purposes import Permits, Purpose, permitted
from hub.records.authorities import Authorities, shipped
from hub.records.kinds import KINDS
from hub.records.tables import RANK, current, record, record_link
from hub.topics.places import Reads, read_value

_OWNER_ROLES = ("HOLDER", "ENTERPRISE")
CANDIDATES_MAX = 500
"""Most current records that are looked at for one id. More of them are for a person: an id of the whole district, such
as an address without a door, may have a hundred thousand."""


_Rows = dict[tuple[str, bytes | None], list[Row[Any]]]
"""(kind, id) → current records."""


class Match(NamedTuple):
    """The record that matches, its place on its topic, and how its holder relates to the applicant."""

    record_id: bytes
    reading: int
    topic: str
    partition: int
    offset: int
    holder_relation: Relation


class Wanted(NamedTuple):
    """What is looked for: a record of ``kind`` that is linked to the opaque id ``wanted_id`` (``None``: none can be
    found), for an applicant and a purpose, valid in ``year`` (China's)."""

    kind: str
    wanted_id: bytes | None
    applicant_id: bytes
    purpose: Purpose
    year: int
    but_not: tuple[bytes, int] | None = None
    """Id and reading of a record that was withdrawn: it does not match."""
    permits: Permits = permitted
    confirmed: bytes | None = None
    """A record that a person said is the one. It matches while it is the current version of its row and may be used."""


def find(
    connection: Connection, log: Reads, wanted: Sequence[Wanted], authorities: Authorities | None = None
) -> list[Match | str | None]:
    """In the order of ``wanted``: the match, the code of the reason why the records found do not match, or ``None``
    when none was found. ``authorities``: whose records count (``None``: as shipped). Raises ``Unavailable`` when the
    log is.
    """
    found, confirmed = _found(connection, wanted), _confirmed(connection, wanted)
    _leave_out_outranked(connection, {**found, **confirmed}, authorities or shipped())
    return [_best_answer(log, one, found, confirmed) for one in wanted]


def _best_answer(log: Reads, wanted: Wanted, found: _Rows, confirmed: _Rows) -> Match | str | None:
    if said := confirmed.get((wanted.kind, wanted.confirmed)):
        answer = _answer(log, wanted, said)
        if isinstance(answer, Match):
            return answer
    return _answer(log, wanted, found[wanted.kind, wanted.wanted_id])


def _confirmed(connection: Connection, wanted: Sequence[Wanted]) -> _Rows:
    """(kind, record id) → that record, where it is current."""
    asked = {one.confirmed: one.kind for one in wanted if one.confirmed}
    query = (
        select(record)
        .join(current, current.c.record_id == record.c.record_id)
        .where(record.c.record_id.in_(sorted(asked)))
    )
    rows = connection.execute(query).all() if asked else []
    return {(row.kind, bytes(row.record_id)): [row] for row in rows if row.kind == asked[bytes(row.record_id)]}


def _answer(log: Reads, wanted: Wanted, linked: Sequence[Row[Any]]) -> Match | str | None:
    found = [row for row in linked if (bytes(row.record_id), row.reading) != wanted.but_not]
    if not found:
        return None
    live = [row for row in found if _lives(row)]
    if not live:
        return reasons.NOT_CURRENT
    valid = [row for row in live if _is_valid(row, wanted)]
    if not valid:
        return reasons.EXPIRED
    if len(linked) > CANDIDATES_MAX or len({row.entity_id for row in valid}) > 1:
        return reasons.AMBIGUOUS
    trusted = [row for row in valid if wanted.purpose.accepts(wanted.kind, row.assurance)]
    granted = [row for row in trusted if wanted.permits(row.source, wanted.purpose.name)]
    if not granted:
        return reasons.PURPOSE_NOT_GRANTED if trusted else reasons.ASSURANCE_LOW
    return _best([_match(log, row, wanted.applicant_id) for row in granted])


def _found(connection: Connection, wanted: Sequence[Wanted]) -> dict[tuple[str, bytes | None], list[Row[Any]]]:
    """(kind, id) → the current versions that are linked to the id, newest first; of more than ``CANDIDATES_MAX`` any
    ``CANDIDATES_MAX`` + 1."""
    asked = sorted({(one.kind, one.wanted_id) for one in wanted if one.wanted_id})
    ids, kinds = {wanted_id for _, wanted_id in asked}, {kind for kind, _ in asked}
    rows = _linked(connection, kinds, ids) if asked else []
    if len(rows) > CANDIDATES_MAX:
        rows = [row for kind, wanted_id in asked for row in _linked(connection, {kind}, {wanted_id})]
    found: defaultdict[tuple[str, bytes | None], list[Row[Any]]] = defaultdict(list)
    for row in sorted(rows, key=_rank, reverse=True):
        found[row.kind, bytes(row.link_id)].append(row)
    return found


def _linked(connection: Connection, kinds: Set[str], ids: Set[bytes]) -> Sequence[Row[Any]]:
    """At most ``CANDIDATES_MAX`` + 1 current versions of these kinds that are linked to one of ``ids``."""
    same = (record_link.c.row_id == current.c.row_id) & (record_link.c.record_id == current.c.record_id)
    query = (
        select(record, record_link.c.link_id)
        .join(current, current.c.record_id == record.c.record_id)
        .join(record_link, same)
        .where(record_link.c.link_id.in_(ids), record.c.kind.in_(kinds))
        .limit(CANDIDATES_MAX + 1)
    )
    return connection.execute(query).all()


def _leave_out_outranked(
    connection: Connection, found: Mapping[tuple[str, bytes | None], list[Row[Any]]], authorities: Authorities
) -> None:
    """Of each entity, leave only the records of the highest authority that has a current one."""
    ranked = [rows for (kind, _), rows in found.items() if authorities.ranks(kind) and len(rows) <= CANDIDATES_MAX]
    entities = {bytes(row.entity_id) for rows in ranked for row in rows}
    highest: dict[tuple[str, bytes], int] = {}
    for row in _of_entities(connection, entities) if entities else ():
        thing, rank = (row.kind, bytes(row.entity_id)), _rank_of(row, authorities)
        highest[thing] = min(rank, highest.get(thing, rank))
    for rows in ranked:
        rows[:] = [row for row in rows if _rank_of(row, authorities) == highest[row.kind, bytes(row.entity_id)]]


def _rank_of(row: Row[Any], authorities: Authorities) -> int:
    return authorities.rank(row.kind, row.source, row.authority)


def _of_entities(connection: Connection, entities: Set[bytes]) -> Sequence[Any]:
    """Who has current records of these entities, each once."""
    query = (
        select(record.c.kind, current.c.entity_id, record.c.source, record.c.authority)
        .join(record, current.c.record_id == record.c.record_id)
        .where(current.c.entity_id.in_(entities))
        .distinct()
    )
    return connection.execute(query).all()


def _rank(row: Row[Any]) -> tuple[Any, ...]:
    """Sort key: the record that counts most is the highest (``RANK``)."""
    return tuple(getattr(row, name) for name in RANK)


def _lives(row: Row[Any]) -> bool:
    return bool(row.status == "CURRENT" and row.operation == "UPSERT")


def _is_valid(row: Row[Any], wanted: Wanted) -> bool:
    ends = KINDS[wanted.kind].expires and row.valid_until_year is not None
    return not ends or bool(row.valid_until_year >= wanted.year)


def _match(log: Reads, row: Row[Any], applicant_id: bytes) -> Match:
    envelope = read_envelope(log, row.topic, row.partition, row.offset)
    relation = holder_relation(envelope, applicant_id)
    return Match(bytes(row.record_id), row.reading, row.topic, row.partition, row.offset, relation)


def _best(matches: Sequence[Match]) -> Match:
    """Several titles of one unit may be current, one for each co-owner: the applicant's own one,
    otherwise the newest.
    """
    return next((match for match in matches if match.holder_relation != Relation.OTHER), matches[0])


def read_envelope(log: Reads, topic: str, partition: int, offset: int) -> dict[str, Any]:
    """The envelope of the record at one place of a topic."""
    return wire.decode(read_value(log, topic, partition, offset))[1]


def holder_relation(envelope: dict[str, Any], applicant_id: bytes) -> Relation:
    """SELF, CO_OWNER (one of several holders) or OTHER. Only opaque ids are compared: two people may have one name."""
    holders = {part["subject_id"] for part in envelope["parts"] if part["role"] in _OWNER_ROLES}
    if applicant_id not in holders:
        return Relation.OTHER
    return Relation.SELF if len(holders) == 1 else Relation.CO_OWNER
