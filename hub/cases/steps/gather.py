"""Reads what the utility reported about a case and the case has not heard yet: facts, and further numbers.

A verified step is linked to the numbers that it names. One that names the hub's number belongs to that case alone; one
that names only the utility's own belongs to the case that has it. A step that names both tells the case the utility's
numbers, and then steps that name only one of them are its own too, also those that came before. Without the hub's
number one number counts: the utility's own, or where there is none that until it accepted (``preAppNo``). A number that
two cases are told of is of neither (``number_dispute``), in any order.
"""

import json
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, and_, select

from hub.cases import policy
from hub.cases.procedure import Given
from hub.cases.steps.events import CaseNumber, Disputed, Sort, Stepped
from hub.cases.steps.facts import FACTS_MAX, Action
from hub.cases.steps.tables import case_number, number_dispute, step
from hub.ports import Plain
from hub.privacy.opening import Opened
from hub.records.kinds import KINDS
from hub.records.placeholders import is_placeholder
from hub.records.tables import record, record_link
from hub.topics.places import read_value

STEP: Final = "utility.step"
MATERIALS: Final = "MATERIALS"
"""Use of the opaque ids of requests for materials."""
SAID: Final = "SAID"
"""Use of the opaque ids of what a step says."""


class Asking(NamedTuple):
    """A step by which the utility asks the customer for materials (补正): its event, the connector that read it, its
    own time, the materials in the utility's words, and the opaque id of these words."""

    event: bytes
    content: bytes
    source: str
    segment: str
    occurred_ms: int
    materials: tuple[str, ...]


@dataclass(slots=True)
class Reported:
    """What a case has not heard yet. ``asking``: of the steps, those that name materials; ``disputed``: numbers that
    another case has too; ``left``: records of steps that named only such numbers, and are this case's no more."""

    numbers: list[CaseNumber] = field(default_factory=list)
    steps: list[Stepped] = field(default_factory=list)
    asking: list[Asking] = field(default_factory=list)
    disputed: list[CaseNumber] = field(default_factory=list)
    left: tuple[bytes, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the facts of the case are others now."""
        return bool(self.steps or self.left)

    def dispute(self) -> list[Disputed]:
        """The event about it, if any."""
        return [Disputed(numbers=tuple(self.disputed), records=self.left)] if self.disputed else []


def with_steps(connection: Connection, ids: Collection[bytes]) -> dict[bytes, bytes]:
    """Number's id → the case that has it."""
    query = select(case_number.c.number_id, case_number.c.case_id).where(case_number.c.number_id.in_(ids))
    return {bytes(row.number_id): bytes(row.case_id) for row in connection.execute(query)} if ids else {}


def of_number(connection: Connection, number_id: bytes) -> bytes | None:
    """The case that has a number; ``None`` where none has it, or two."""
    disputed = select(number_dispute.c.number_id).where(number_dispute.c.number_id == number_id)
    if connection.execute(disputed.limit(1)).first() is not None:
        return None
    return with_steps(connection, [number_id]).get(number_id)


def unheard(connection: Connection) -> frozenset[bytes]:
    """The cases that have steps which they have not heard."""
    query = select(case_number.c.case_id).join(record_link, record_link.c.link_id == case_number.c.number_id)
    return frozenset(bytes(one) for one in connection.execute(_unheard(query)).scalars())


def _unheard(query: Any) -> Any:
    """Of a query that has ``record_link``: only verified steps without a row in ``step``, or with a newer reading."""
    joined = query.join(record, record.c.record_id == record_link.c.record_id)
    heard = and_(step.c.record_id == record.c.record_id, step.c.reading >= record.c.reading)
    of_kind = record.c.kind == STEP, record.c.state == "verified", record.c.operation == "UPSERT"
    return joined.outerjoin(step, heard).where(*of_kind, step.c.record_id.is_(None))


def reported(
    given: Given,
    connection: Connection,
    case_id: bytes,
    numbers: Sequence[CaseNumber],
    others: Set[bytes] = frozenset(),
) -> Reported:
    """What the case has not heard: its ``numbers`` that are new, and the steps that name any number of it. The case is
    locked. ``others``: numbers that other cases of the same transaction have just been given. Raises ``Unavailable``
    when log or vault is."""
    held = _Held(connection, case_id, others)
    found = Reported()
    for number in numbers:
        held.claim(number, found)
    fresh, most = set(held.known), first_beyond(connection, case_id)
    while fresh:
        rows = _rows(connection, fresh, most)
        told: set[bytes] = set()
        for row, one in zip(rows, _opened(given, rows), strict=True):
            told |= _take(given, row, one, held.known, found)
        fresh = {link for link in sorted(told) if held.claim(CaseNumber(link, Sort.UTILITY), found)}
    found.disputed += held.disputed_since(found.disputed)
    if lost := {one.number_id for one in found.disputed}:
        found.left = _by_these(given, connection, case_id, lost, held.known.keys())
    return found


class _Held:
    """The numbers of a case. ``known``: number → sort, of those by which steps are found; ``disputed``: those that
    another case has too. ``others``: as of ``reported``."""

    def __init__(self, connection: Connection, case_id: bytes, others: Set[bytes]) -> None:
        self._connection, self._case_id, self._others = connection, case_id, others
        query = select(case_number.c.number_id, case_number.c.sort).where(case_number.c.case_id == case_id)
        own = {bytes(row.number_id): row.sort for row in connection.execute(query)}
        query = select(number_dispute.c.number_id).where(number_dispute.c.case_id == case_id)
        self._said = frozenset(bytes(one) for one in connection.execute(query).scalars())
        query = select(number_dispute.c.number_id).where(number_dispute.c.number_id.in_(own))
        disputed = {bytes(one) for one in connection.execute(query).scalars()} if own else set()
        self.known = {one: sort for one, sort in own.items() if one not in disputed}
        self._unsaid = [CaseNumber(one, own[one]) for one in sorted(disputed - self._said)]
        self._own = own

    def claim(self, one: CaseNumber, found: Reported) -> bool:
        """The case is told that it has a number. Returns whether it is new and another case does not have it; two
        sinks of one authority may give a case the same number."""
        number_id = one.number_id
        if number_id in self._own or number_id in self._said or one in found.disputed:
            return False
        if number_id in self._others or with_steps(self._connection, [number_id]):
            found.disputed.append(one)
            return False
        found.numbers.append(one)
        self._own[number_id] = self.known[number_id] = one.sort
        return True

    def disputed_since(self, found: Collection[CaseNumber]) -> list[CaseNumber]:
        """The case's own numbers that another case was told of since."""
        return [one for one in self._unsaid if one not in found]


def first_beyond(connection: Connection, case_id: bytes) -> bytes | None:
    """Where the case has ``FACTS_MAX`` records of steps, the largest of their ids: one with a larger id is beyond."""
    query = select(step.c.record_id).where(step.c.case_id == case_id).distinct().order_by(step.c.record_id)
    last = connection.execute(query.offset(FACTS_MAX - 1).limit(1)).scalar_one_or_none()
    return None if last is None else bytes(last)


def _rows(connection: Connection, ids: Collection[bytes], below: bytes | None) -> Sequence[Row[Any]]:
    query = _unheard(select(record).select_from(record_link)).where(record_link.c.link_id.in_(ids)).distinct()
    if below is not None:
        query = query.where(record.c.record_id < below)
    return connection.execute(query.order_by(record.c.record_id).limit(FACTS_MAX)).all()


def _by_these(
    given: Given, connection: Connection, case_id: bytes, lost: Collection[bytes], rest: Collection[bytes]
) -> tuple[bytes, ...]:
    """The records of the case's steps that are its own by one of the numbers ``lost``."""
    query = select(record).join(record_link, record_link.c.record_id == record.c.record_id)
    query = query.join(step, step.c.record_id == record.c.record_id).where(step.c.case_id == case_id).distinct()
    by_hub = record.c.entity_id.in_(rest)
    rows = connection.execute(query.where(record_link.c.link_id.in_(lost), ~by_hub)).all()
    opened = zip(rows, _opened(given, rows), strict=True)
    return tuple(sorted(bytes(row.record_id) for row, one in opened if one.record and one.envelope["links"][0] in lost))


def _opened(given: Given, rows: Sequence[Row[Any]]) -> list[Opened]:
    values = [read_value(given.log, row.topic, row.partition, row.offset) for row in rows]
    return given.opener.open(values) if values else []


def _take(given: Given, row: Row[Any], one: Opened, known: Mapping[bytes, str], found: Reported) -> set[bytes]:
    """Add the facts of a record that belongs to the case. Returns the utility's numbers in it that are new. A record
    that does not open stays unheard: its subject was erased."""
    if one.record is None or any(bytes(row.record_id) == other.record_id for other in found.steps):
        return set()
    by_hub = KINDS[STEP].principal.identifier
    assert by_hub is not None
    named = by_hub.identity(one.record, one.record["step"]) is not None
    sort, links = known.get(one.envelope["entity_id"]), one.envelope["links"]
    if (sort != Sort.HUB) if named else (links[0] not in known):
        return set()  # it is another application's, or of an application that is not known
    found.steps += facts_in(given, row, one)
    found.asking += _asking(given, row, one)
    return {link for link in links if link not in known} if named else set()


def _asking(given: Given, row: Row[Any], one: Opened) -> list[Asking]:
    """The request for materials in a record; a former version of it has none."""
    assert one.record is not None and given.names is not None
    told, authority = one.record["step"], one.record["authority"]
    if not (materials := tuple(told.get("materials", ()))):
        return []
    event, said = told["event_id"], json.dumps(materials, ensure_ascii=False)
    content = given.names.event(authority, said, f"{MATERIALS} {event}")
    place = told["segment"], told["occurred_at_ms"]
    return [Asking(given.names.event(authority, event), content, row.source, *place, materials)]


_WITH_START: Final = (Action.START, Action.END, Action.RETURN, Action.WITHIN)
"""What may end a row of a step table that began a segment; what concerns the whole case begins none."""


def facts_in(given: Given, row: Row[Any], one: Opened) -> list[Stepped]:
    """The facts that a record tells of: one; of a row of a step table the start too, and of any step that names what
    was charged, the charge."""
    assert one.record is not None and given.names is not None
    event = partial(given.names.event, one.record["authority"], one.record["step"]["event_id"])
    told_of = _told(one.record["step"])
    return [_stepped(row, one, told, (event(place), _said(given, one, place)), given) for place, told in told_of]


_FOUND_BY: Final = frozenset({"application_no", "app_no", "pre_app_no", "event_id", "code"})
"""What a step is found and read by. The same event may name more numbers later."""
_CHARGED: Final = ("charge_item", "charge_amount")


def _said(given: Given, one: Opened, place: str) -> bytes | None:
    """The opaque id of all that an event says, sealed or not: another reason, meter or sum is another content too. A
    start beside its end says its time alone, and a charge what was charged."""
    assert one.record is not None and given.names is not None
    told = one.record["step"]
    if place == Action.START:
        return None
    names = _CHARGED if place == Action.CHARGE else sorted(told.keys() - _FOUND_BY)
    said = {name: told[name] for name in names if told[name] not in (None, "", [])}
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, default=str)
    return given.names.event(one.record["authority"], text, f"{SAID} {place} {told['event_id']}")


def _told(told: Plain) -> list[tuple[str, Plain]]:
    """What the step of a record says, each with its place in the record: "" for the event itself. A step of another
    kind that names a charge (§9) tells of that too, also where no clock counts it. A step of a charge that names none
    is one of the system's steps: each case passes through it, also one that pays nothing."""
    if told["action"] == Action.CHARGE:
        return [("", told if _charges(told) else told | {"action": Action.WITHIN.value})]
    charged = [(Action.CHARGE.value, _part(told, Action.CHARGE))] if _charges(told) else []
    if told["started_at_ms"] is None or told["action"] not in _WITH_START:
        return [("", told), *charged]
    started = Action.START.value, _part(told, Action.START) | {"occurred_at_ms": told["started_at_ms"]}
    ended = [("", told)] if told["action"] != Action.START else []
    return [started, *ended, *charged]


def _part(told: Plain, action: Action) -> Plain:
    """One more thing that happened by a step, without what is said of the step itself."""
    nothing = dict.fromkeys(("recorded_at_ms", "reason", "reason_code", "approver", "amends", "becomes_class"))
    asked = {"requested_at_ms": None} if action is Action.CHARGE else {}
    return told | nothing | asked | {"action": action.value}


_FREE: Final = frozenset({"免费", "免收", "不收费", "未收费", "零收费"})
"""Items that say that nothing was charged."""


def _charges(told: Plain) -> bool:
    """Whether a step names a charge. An amount of nothing is none: systems write 0.00 by default."""
    amount, item = told["charge_amount"], told["charge_item"]
    return float(amount) > 0 if amount else _says(item) and item.strip() not in _FREE


def _stepped(row: Row[Any], one: Opened, told: Plain, event: tuple[bytes, bytes | None], given: Given) -> Stepped:
    """``event``: its opaque id, and that of what it says."""
    assert one.record is not None and given.names is not None
    amends = told["amends"]
    becomes = _becomes(told)
    return Stepped(
        record_id=bytes(row.record_id),
        reading=row.reading,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        source=row.source,
        event=event[0],
        said=event[1],
        segment=told["segment"],
        action=told["action"],
        step_occurred_at_ms=told["occurred_at_ms"],
        step_received_at_ms=one.envelope["read_at_ms"],
        step_requested_at_ms=told["requested_at_ms"],
        step_recorded_at_ms=told["recorded_at_ms"],
        amends=given.names.event(one.record["authority"], amends) if amends else None,
        explained=_says(told["reason"]) or _says(told["reason_code"]) or _names_what_is_missing(told),
        approved=_says(told["approver"]),
        becomes_type=becomes[0] if becomes else None,
        becomes_starred=becomes[1] if becomes else None,
        becomes_voltage=told["becomes_voltage"] if becomes else None,
    )


def _names_what_is_missing(told: Plain) -> bool:
    return told["action"] == Action.RETURN and bool(told.get("materials"))


def _says(text: str | None) -> bool:
    """Whether a text says something: signs, zeros and words such as 无 are what forms have where nothing is said."""
    return any(one.isalnum() and one != "0" for one in text or "") and not is_placeholder(text or "")


_BECOMES = ("becomes_class", "becomes_voltage", "becomes_sanling", "becomes_sources", "becomes_important")


def _becomes(told: Plain) -> tuple[str, bool] | None:
    """What a change says the case is from now on; ``None`` where it does not say all of it."""
    customer_class, voltage, sanling, sources, important = (told[name] for name in _BECOMES)
    if any(told[name] is None for name in _BECOMES):
        return None
    return policy.case_type(customer_class, voltage, sanling, sources), policy.starred(voltage, important)
