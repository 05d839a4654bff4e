"""Every sort of change at a source that a delivered certificate may have, in every order of time: it is told once, by a
withdrawal before electricity is on and by a notice after it, with both times, and what continues is never missing."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub.cases.evidence.changes import CHANGES, Effect
from hub.cases.evidence.tables import need
from hub.cases.procedure import LookupSource
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import ConnectionSystem, House, body

LICENCE, TITLE, PROJECT = "licence.business", "licence.property-title", "project.approval"
HOUR_S = 3_600
Record = dict[str, Any]


class Sort(NamedTuple):
    """One sort of change. ``after`` makes, from the record at a version, what the source has afterwards. ``relation``:
    of the holder in the evidence that follows, "" where none follows."""

    kind: str
    effect: Effect
    after: Callable[[Record], Sequence[Record]]
    relation: str = ""


def _with(part: str, **changes: Any) -> Callable[[Record], Sequence[Record]]:
    return lambda record: [record | {part: record[part] | changes}]


def _status(status: str) -> Callable[[Record], Sequence[Record]]:
    return lambda record: [record | {"status": status}]


def _deleted(record: Record) -> Sequence[Record]:
    return [record | {"source": record["source"] | {"operation": "DELETE"}}]


def _bought(record: Record) -> Record:
    buyer = {"name": "赵六", "id_type": "RESIDENT_ID", "id_number": samples.OTHER_PERSON, "share": None}
    unit = record["unit"] | {"co_ownership": "SOLE", "registration_type": "200", "issued_on": date(2026, 3, 1)}
    return record | {"unit": unit, "holders": [buyer]}


def _sold(record: Record) -> Sequence[Record]:
    """As a registry with a row for each title enters it."""
    new = _bought(record) | {"source": record["source"] | {"key": "T2"}}
    new["unit"] |= {"title_no": "津(2026)和平区不动产权第1000002号"}
    return [new, record | {"status": "SUPERSEDED"}]


SORTS = {
    "title seized": Sort(TITLE, Effect.CONTINUES, _with("unit", seized=True), "CO_OWNER"),
    "title mortgaged": Sort(TITLE, Effect.CONTINUES, _with("unit", mortgaged=True), "CO_OWNER"),
    "title corrected": Sort(TITLE, Effect.CONTINUES, _with("unit", usage="办公", registration_type="500"), "CO_OWNER"),
    "title transferred in its row": Sort(TITLE, Effect.CONTINUES, lambda record: [_bought(record)], "OTHER"),
    "title transferred to a new row": Sort(TITLE, Effect.ENDS, _sold, "OTHER"),
    "title cancelled": Sort(TITLE, Effect.ENDS, _status("CANCELLED")),
    "licence changed": Sort(LICENCE, Effect.CONTINUES, _with("enterprise", type="股份有限公司"), "SELF"),
    "licence revoked": Sort(LICENCE, Effect.ENDS, _status("REVOKED")),
    "licence cancelled": Sort(LICENCE, Effect.ENDS, _status("CANCELLED")),
    "licence suspended": Sort(LICENCE, Effect.ENDS, _status("SUSPENDED")),
    "licence of unknown state": Sort(LICENCE, Effect.ENDS, _status("UNKNOWN")),
    "project revoked": Sort(PROJECT, Effect.ENDS, _status("REVOKED")),
    "project taken back": Sort(PROJECT, Effect.ENDS, _deleted),
}
MAKERS = {LICENCE: samples.business, TITLE: samples.title, PROJECT: samples.approval}
ASKED = tuple(LookupSource(kind, kind, frozenset({"uscc", "unit-no"}), False) for kind in MAKERS)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, kinds=frozenset(MAKERS))
    yield made
    made.close()


def live(house: House, *records: Record) -> None:
    for record in records:
        house.verified(record)
    house.project()
    house.due()


def submitted(house: House) -> bytes:
    live(house, *(make(version=house.clock.now_ms() - HOUR_S * 1000) for make in MAKERS.values()))
    case_id = house.submit(body(voltage="HIGH_10KV", sanling=False)).case_id
    house.due()
    return case_id


def changed(house: House, sort: Sort) -> Sequence[Record]:
    """What the source has an hour before the hub hears of it."""
    after = sort.after(MAKERS[sort.kind](version=house.clock.now_ms()))
    house.clock.pass_s(HOUR_S)
    return after


def sent(sink: ConnectionSystem, field: str, kind: str) -> list[Record]:
    return [one for (one,) in sink.effects.values() if field in one and one["kind"] == kind]


STEPS = (("acceptance", "END"), ("supply-plan", "END"), ("completion", "START"), ("completion", "END"))


def ended(house: House, case_id: bytes, at_ms: int) -> None:
    """The utility reports now that electricity was on at ``at_ms``."""
    number = References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id)
    house.due()
    house.verified(
        *(
            samples.step(f"E-{nth}", action, name, at_ms - (len(STEPS) - 1 - nth) * 1_000, application_no=number)
            for nth, (name, action) in enumerate(STEPS)
        )
    )
    house.project()


def electricity_on(house: House, case_id: bytes, sink: ConnectionSystem) -> None:
    house.deliver(sink)
    house.clock.pass_s(60)
    ended(house, case_id, house.clock.now_ms())
    house.clock.pass_s(60)


def state(house: House, kind: str) -> str:
    return next(str(row.state) for row in house.rows(need) if row.kind == kind)


@pytest.mark.parametrize("name", SORTS)
def test_p1_p2_between_delivery_and_electricity_it_is_taken_back_and_what_continues_follows(
    house: House, sink: ConnectionSystem, name: str
) -> None:
    sort, case_id = SORTS[name], submitted(house)
    house.deliver(sink)
    (before,) = sent(sink, "fields", sort.kind)
    live(house, *changed(house, sort))
    house.deliver(sink)
    (taken,) = sent(sink, "withdrawnAt", sort.kind)
    assert taken["recordId"] == before["recordId"]
    assert taken["reason"] == ("NOT_CURRENT" if sort.effect is Effect.ENDS else "SUPERSEDED")
    assert (taken["changedAt"], taken["withdrawnAt"]) == ("2026-03-02T09:00+08:00", "2026-03-02T10:00+08:00")
    follows = [one for one in sent(sink, "fields", sort.kind) if one["recordId"] != before["recordId"]]
    relation = [one["holderRelation"] for one in follows]
    assert relation == ([sort.relation] if sort.relation else [])
    assert state(house, sort.kind) == ("met" if sort.relation else "open")
    (shown,) = house.applications.show(case_id)["recalls"]
    assert (shown["changed_at"], shown["learned_at"]) == ("2026-03-02T01:00:00.000Z", "2026-03-02T02:00:00.000Z")
    assert "赵六" not in str(sink.effects), "who has the title now is no one's business"


@pytest.mark.parametrize("name", SORTS)
def test_p2_before_delivery_nothing_is_sent_that_is_over(house: House, sink: ConnectionSystem, name: str) -> None:
    sort = SORTS[name]
    submitted(house)
    live(house, *changed(house, sort))
    house.deliver(sink)
    assert [one["holderRelation"] for one in sent(sink, "fields", sort.kind)] == [one for one in [sort.relation] if one]
    assert sent(sink, "withdrawnAt", sort.kind) == sent(sink, "learnedAt", sort.kind) == []


@pytest.mark.parametrize("name", SORTS)
def test_p1_p2_after_electricity_is_on_the_sink_is_told_and_keeps_what_it_has(
    house: House, sink: ConnectionSystem, name: str
) -> None:
    sort, case_id = SORTS[name], submitted(house)
    electricity_on(house, case_id, sink)
    live(house, *changed(house, sort))
    house.deliver(sink)
    (told,) = sent(sink, "learnedAt", sort.kind)
    (evidence,) = sent(sink, "fields", sort.kind)
    assert told["recordId"] == evidence["recordId"]
    assert told["reason"] == ("NOT_CURRENT" if sort.effect is Effect.ENDS else "SUPERSEDED")
    assert told["endedAt"] < told["changedAt"] < told["learnedAt"]
    assert sent(sink, "withdrawnAt", sort.kind) == []
    assert state(house, sort.kind) == "met"


@pytest.mark.parametrize("name", ["title seized", "licence revoked", "project taken back"])
def test_p3_electricity_that_was_on_before_and_is_reported_late_gives_no_notice_and_no_question(
    tmp_path: Path, sink: ConnectionSystem, name: str
) -> None:
    """The withdrawal was right by what was known. When the report comes, nothing is told again, and no source is asked
    for a purpose that is fulfilled."""
    house, sort = House(tmp_path, kinds=frozenset(MAKERS), sources=ASKED), SORTS[name]
    case_id = submitted(house)
    house.deliver(sink)
    on_ms = house.clock.now_ms() + 60_000
    house.clock.pass_s(120)
    live(house, *changed(house, sort))
    house.deliver(sink)
    asked = attempts(house, sort.kind)
    ended(house, case_id, on_ms)
    for _ in range(3):
        house.clock.pass_s(24 * HOUR_S)
        house.due()
        house.deliver(sink)
    assert (len(sent(sink, "withdrawnAt", sort.kind)), sent(sink, "learnedAt", sort.kind)) == (1, [])
    shown = house.applications.show(case_id)
    (recall,) = shown["recalls"]
    assert shown["ended_at"] < recall["changed_at"] < recall["learned_at"], "the order of time is there to see"
    assert not recall["after_the_end"], "as it was decided"
    assert attempts(house, sort.kind) == asked
    house.close()


def attempts(house: House, kind: str) -> int:
    return next(int(row.attempt) for row in house.rows(need) if row.kind == kind)


@pytest.mark.parametrize(("name", "on"), [*product(("title mortgaged", "licence revoked"), (True, False))])
def test_a_source_that_gives_no_time_has_none_in_any_piece(
    house: House, sink: ConnectionSystem, name: str, on: bool
) -> None:
    sort = SORTS[name]
    live(house, *(make(version=1) for make in MAKERS.values()))
    case_id = house.submit(body(voltage="HIGH_10KV", sanling=False)).case_id
    house.due()
    house.deliver(sink)
    if on:
        electricity_on(house, case_id, sink)
    live(house, *sort.after(MAKERS[sort.kind](version=2)))
    house.deliver(sink)
    (told,) = sent(sink, "changedAt", sort.kind)
    assert told["changedAt"] is None
    assert house.applications.show(case_id)["recalls"][0]["changed_at"] is None


def test_every_status_of_a_record_has_its_effect_with_a_reason() -> None:
    assert {*CHANGES} == {"CURRENT", "SUSPENDED", "REVOKED", "CANCELLED", "SUPERSEDED", "UNKNOWN", "DELETED"}
    assert [status for status, one in CHANGES.items() if one.effect is Effect.CONTINUES] == ["CURRENT"]
    assert all(one.words.zh and one.words.en for one in CHANGES.values())
