"""Where an application's time goes between its submission and its last piece of evidence."""

import statistics
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from hub.bootstrap import Hub
from hub.cases.tables import case, piece
from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.records.tables import record
from hub.topics.declared import LOOKUP_RECEIVED, LOOKUP_REQUESTS

STEPS = ("asked", "answered", "judged", "decided")
"""Submission → question put → the source's answer committed → the record judged → the piece decided."""
_ANSWER_SCHEMA = schema_id("lookup.answer")


def steps(hub: Hub, wanted: Iterable[bytes]) -> dict[str, float]:
    """Median seconds from one step to the next, of the applications ``wanted`` that went through all of them; each
    step's last moment counts."""
    ids = set(wanted)
    moments = [_latest(hub, LOOKUP_REQUESTS, ids), _latest(hub, LOOKUP_RECEIVED, ids), *_decided(hub, ids)]
    begun = _submitted(hub, ids)
    complete = [one for one in begun if all(one in each for each in moments)]
    spent: dict[str, float] = {}
    for name, before, after in zip(STEPS, [begun, *moments], moments, strict=False):
        waits = [(after[one] - before[one]) / 1000 for one in complete]
        spent[name] = round(statistics.median(waits), 3) if waits else 0.0
    return spent


def _latest(hub: Hub, topic: str, ids: set[bytes]) -> dict[bytes, int]:
    """Application → the time (ms) of its last question or answer."""
    found: dict[bytes, int] = {}
    for partition in hub.log.bounds(topic):
        for batch in hub.log.scan(topic, partition):
            for message in batch.records:
                if message.key in ids and _is_about_an_application(topic, message.value):
                    found[message.key] = max(found.get(message.key, 0), message.timestamp)
    return found


def _is_about_an_application(topic: str, value: bytes | None) -> bool:
    return topic == LOOKUP_REQUESTS or wire.decode(value or b"")[0] == _ANSWER_SCHEMA


def _submitted(hub: Hub, ids: set[bytes]) -> dict[bytes, int]:
    query = select(case.c.case_id, case.c.opened_ms)
    with hub.store.read() as connection:
        rows = connection.execute(query.where(case.c.case_id.in_(ids))).all()
    return {bytes(row[0]): row[1] for row in rows}


def _decided(hub: Hub, ids: set[bytes]) -> tuple[dict[bytes, Any], dict[bytes, Any]]:
    """Application → when its last record was judged, and when its last piece was decided."""
    pieces = piece.c
    query = (
        select(pieces.case_id, func.max(record.c.judged_ms), func.max(pieces.decided_ms))
        .join(record, record.c.record_id == pieces.record_id)
        .where(pieces.case_id.in_(ids))
        .group_by(pieces.case_id)
    )
    with hub.store.read() as connection:
        rows = connection.execute(query).all()
    return {bytes(row[0]): row[1] for row in rows}, {bytes(row[0]): row[2] for row in rows}
