"""Limits that reach into a year whose notice is not published yet: P4, every application has a date, it says how far it
can be trusted, and a changed date is told."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from hub.cases import calendar as calendars
from hub.cases.connection.events import Dated
from hub.cases.connection.tables import application
from hub.cases.imports.notice import read
from hub.cases.imports.notices import Imported, Notices
from hub.cases.procedure import installed
from hub.cases.tables import notice, piece
from hub.errors import Misconfigured
from hub.stores.tables import outbox
from tests.casework import BY, ConnectionSystem, House, body

NOTICE = """# A notice as it may be.
year = 2027
source = "国务院办公厅关于2027年部分节假日安排的通知"
days_off = ["2027-01-01/2027-01-03", "2027-02-05/2027-02-12", "2027-04-03/2027-04-05", "2027-05-01/2027-05-05",
            "2027-06-09", "2027-09-15", "2027-10-01/2027-10-07"]
make_up_days = ["2027-02-14", "2027-02-20", "2027-05-08", "2027-09-26", "2027-10-09"]
"""
LONGER = NOTICE.replace('"2027-01-01/2027-01-03"', '"2027-01-01/2027-01-05"')
HIGH = {"voltage": "HIGH_10KV", "sources": 2, "important": True, "sanling": False}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    house = House(tmp_path, url=url)
    go_to(house, date(2026, 12, 25))
    yield house
    house.close()


def go_to(house: House, day: date) -> None:
    """Nine o'clock in China."""
    wanted = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    house.clock.pass_s((wanted - house.clock.now()).total_seconds())


def imported(house: House, text: str) -> Imported:
    return Notices(house.store, house.journal).import_file(text.encode(), BY)


def shown(house: House, number: str = "A-1") -> dict[str, Any]:
    case_id = house.applications.find("gov-platform", number)
    assert case_id
    return house.applications.show(case_id)


def dates(house: House, number: str = "A-1") -> tuple[Any, ...]:
    found = shown(house, number)
    return found["due_on"], found["segment"], found["segment_due_on"], found["provisional"]


def recounted(house: House) -> int:
    """How many dates were computed again, by all that is due now."""
    house.due()
    events = [installed().types.read(bytes(row.value)).event for row in house.rows(outbox)]
    return sum(isinstance(event, Dated) for event in events)


def told(house: House, sink: ConnectionSystem) -> list[tuple[str, Any, Any, Any]]:
    """What the connection system was told of dates: kind, dueOn, segmentDueOn, provisional."""
    house.deliver(sink)
    sent = [one for effects in sink.effects.values() for one in effects if "provisional" in one]
    return [(one["kind"], one["dueOn"], one["segmentDueOn"], one["provisional"]) for one in sent]


def test_p4_a_limit_into_an_unknown_year_has_a_provisional_date_and_the_new_one_is_told(house: House) -> None:
    sink = ConnectionSystem()
    house.submit(body())
    assert dates(house) == ("2027-01-06", None, None, True)
    assert shown(house)["clock"]["calendar"] == f"{calendars._package()}+provisional-2027"
    assert told(house, sink) == [("registration", "2027-01-06", None, True)]

    done = imported(house, LONGER)
    house.due()
    assert dates(house) == ("2027-01-08", None, None, False)
    assert shown(house)["clock"]["calendar"] == f"{calendars._package()}+{done.version}"
    assert told(house, sink) == [("registration", "2027-01-06", None, True), ("dates", "2027-01-08", None, False)]

    assert imported(house, LONGER) == done._replace(created=False)
    assert house.due() == 0


def test_p2_a_date_that_stays_is_final_and_told_once(house: House) -> None:
    sink = ConnectionSystem()
    house.submit(body())
    imported(house, NOTICE)
    house.due()
    house.due()
    assert dates(house) == ("2027-01-06", None, None, False)
    # The date was told as a provisional one only when the registration was sent before the notice came.
    assert told(house, sink) == [("registration", "2027-01-06", None, False), ("dates", "2027-01-06", None, False)]


def test_p4_high_voltage_has_the_date_of_its_segment_and_none_for_the_whole(house: House) -> None:
    sink = ConnectionSystem()
    house.submit(body(**HIGH))
    assert dates(house) == (None, "acceptance", "2026-12-28", False)
    clock = shown(house)["clock"]
    assert (clock["working_days"], clock["working_days_left"], clock["whole_process"]) == (30, 30, False)
    assert told(house, sink) == [("registration", None, "2026-12-28", False)]
    go_to(house, date(2026, 12, 28))
    assert shown(house)["clock"]["working_days_left"] == 29


@pytest.mark.parametrize("day", [date(2026, 11, 26), date(2026, 12, 7), date(2026, 12, 31), date(2027, 1, 4)])
@pytest.mark.parametrize("changes", [{}, HIGH, {"sanling": False}, {"customer_class": "RESIDENT"}])
def test_no_application_is_without_a_date(house: House, day: date, changes: dict[str, Any]) -> None:
    go_to(house, day)
    house.submit(body(**changes))
    due_on, _, segment_due_on, _ = dates(house)
    assert (due_on or segment_due_on) > day.isoformat()


def test_p4_a_change_in_a_running_year_moves_only_what_counted_its_days(house: House) -> None:
    imported(house, NOTICE)
    go_to(house, date(2027, 4, 26))
    house.submit(body("before", customer_class="RESIDENT"))
    house.submit(body("over-may"))
    before = dates(house, "before")
    imported(house, NOTICE.replace("2027-05-01/2027-05-05", "2027-05-01/2027-05-06"))
    assert recounted(house) == 1
    assert dates(house, "before") == before
    assert dates(house, "over-may")[0] == "2027-05-10"


def test_p4_a_date_that_is_over_stands(house: House) -> None:
    imported(house, NOTICE)
    house.submit(body())
    go_to(house, date(2027, 1, 7))
    imported(house, LONGER)
    assert recounted(house) == 0
    assert dates(house) == ("2027-01-06", None, None, False)


def test_the_notice_of_a_year_may_name_days_of_the_december_before(house: House) -> None:
    house.submit(body())
    named = NOTICE.replace("2027-01-01/2027-01-03", "2026-12-31/2027-01-02").replace(
        "make_up_days = [", 'make_up_days = ["2026-12-26", "2027-01-03", '
    )
    imported(house, named)
    house.due()
    assert dates(house)[0] == "2027-01-05"


def test_a_release_that_knows_the_year_makes_dates_final(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.submit(body())
    monkeypatch.setattr(calendars, "_shipped", lambda year: year <= 2027)
    monkeypatch.setattr(calendars.chinese_calendar, "is_workday", lambda day: day.weekday() < 5)
    assert recounted(house) == 1
    assert dates(house) == ("2027-01-05", None, None, False)


def test_dates_of_a_former_version_are_counted_again_while_they_run(house: House) -> None:
    sink = ConnectionSystem()
    house.submit(body(**HIGH))
    house.submit(body("unknown"))
    house.submit(body("over"))
    told(house, sink)
    house.due()
    old = {"segment": None, "segment_due_on": None, "calendar": None, "edition": None, "told": None}
    with house.store.write() as connection:
        of = {number: house.applications.find("gov-platform", number) for number in ("A-1", "unknown", "over")}
        for number, due_on, counted_to in (
            ("A-1", "2027-02-01", None),
            ("unknown", None, None),
            ("over", "2026-03-01", "2026-03-01"),
        ):
            values = old | {"due_on": due_on, "counted_to": counted_to}
            connection.execute(update(application).where(application.c.case_id == of[number]).values(**values))
    assert recounted(house) == 2
    corrected = {("dates", None, "2026-12-28", False), ("dates", "2027-01-06", None, True)}
    assert set(told(house, sink)[3:]) == corrected
    assert dates(house, "over")[0] == "2026-03-01"


def test_p4_notices_and_dates_are_rebuilt_the_same(house: House) -> None:
    house.submit(body())
    house.submit(body("A-2", **HIGH))
    imported(house, NOTICE)
    house.due()
    imported(house, LONGER)
    house.due()
    house.relay()
    found = house.remade()
    assert [name for name, one in found.items() if not one.equal] == []
    assert found["notice"].rebuilt_rows == 2


def test_another_file_of_the_year_replaces_the_first_and_the_first_may_come_back(house: House) -> None:
    editions = [imported(house, text) for text in (NOTICE, LONGER, NOTICE)]
    assert [one.edition for one in editions] == [1, 2, 3] and all(one.created for one in editions)
    with house.store.read() as connection:
        changed = connection.execute(select(notice.c.changed_from, notice.c.changed_to)).all()
    assert [tuple(one) for one in changed] == [("2027-01-01", "2027-12-31"), *[("2027-01-04", "2027-01-05")] * 2]
    assert house.rows(piece) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "exactly"),
        ("year = [", "no TOML"),
        ("[" * 60_000, "no TOML"),
        ("#" * 70_000, "larger"),
        (NOTICE + "more = 1\n", "exactly"),
        (NOTICE.replace("year = 2027", "year = 2028"), "not in 2028"),
        (NOTICE.replace("year = 2027", "year = true"), "year must be"),
        (NOTICE.replace("year = 2027", "year = 20270"), "year must be"),
        (NOTICE.replace('"2027-06-09"', '"9 June"'), "no day"),
        (NOTICE.replace('"2027-06-09"', '"2027-06-31"'), "no day"),
        (NOTICE.replace('"2027-06-09"', "2027-06-09T10:00:00"), "no day"),
        (NOTICE.replace('"2027-06-09"', '"2027-06-09/2027-06-01"'), "no span"),
        (NOTICE.replace('"2027-06-09"', '"0001-01-01/9999-12-31"'), "no span"),
        (NOTICE.replace('"2027-06-09"', '"2027-01-01"'), "twice"),
        (NOTICE.replace('"2027-01-01/2027-01-03", ', ""), "2027-01-01"),
        (NOTICE.replace('"2027-02-14"', '"2027-02-15"'), "no Saturday"),
        (NOTICE.replace('"2027-02-14"', '"2027-05-01"'), "a day off and a make-up day"),
        (NOTICE.replace("国务院", "\u202e"), "source must be"),
    ],
)
def test_a_file_that_is_no_notice_says_why(text: str, why: str) -> None:
    with pytest.raises(Misconfigured, match=why):
        read(text.encode())
