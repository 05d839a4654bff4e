"""Joint transfers under any order of what is said: each piece once, every report is shown, what is said again changes
nothing, the tables can be made again (P1, P2, P4); and where the messages may be reordered, the end is the same."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import RecordRejected
from tests.casework import BY, House
from tests.transfers import ACCOUNT, CO_OWNER, HEIR, NEW, SECOND_ACCOUNT, Town, body, matter, sinks

MONTHS_S = 90 * 86_400
QUICK = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
RESULTS = ("CLEAR", "ARREARS", "NO_ACCOUNT", "PAID", "APPLIED", "OWING", "DONE", "FAILED")


@contextmanager
def a_town() -> Iterator[Town]:
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder), sinks=sinks())
        try:
            yield Town(house)
        finally:
            house.close()


def days_pass(town: Town) -> None:
    town.house.clock.pass_s(MONTHS_S)
    for _ in range(2):
        town.house.due()
        town.settle()
    assert town.house.due() == 0, "the timer rests"


def end(town: Town) -> list[Any]:
    """Of each transfer where it stands, its entry, and what the utility was told of it and has told."""
    found = []
    for one in town.service.find("gov-platform", "T-1"):
        shown = town.service.show(one)
        told = sorted(title["registered_on"] for title in shown["titles"] if title["what"] == "UNDECLARED")
        assert len(told) == len(set(told)), "each change of hands once"
        found.append((shown["state"], shown["registered_on"], told, len(shown["reports"])))
    return found


def lasts(town: Town) -> None:
    """It rests, and stays what it is when all is said again, and when the tables are made again."""
    days_pass(town)
    before = end(town), town.kinds()
    town.again()
    days_pass(town)
    assert (end(town), town.kinds()) == before
    town.house.relay()
    assert [name for name, one in town.house.remade().items() if not one.equal] == []


@QUICK
@given(order=st.permutations(range(7)), twice=st.lists(st.integers(0, 6), max_size=3))
def test_p4_the_end_is_that_of_what_was_said_and_not_of_its_order(order: list[int], twice: list[int]) -> None:
    with a_town() as town:
        (one,) = town.submit(body())
        said = [
            town.title(NEW, key="entry"),
            town.title(HEIR, key="later", issued_on=date(2026, 3, 10)),
            town.title(HEIR, key="later", issued_on=date(2026, 3, 20), registration_type="300"),
            town.report(one, "CLEAR", 1),
            town.report(one, "APPLIED", 7),
            town.report(one, "CLEAR", 9),
            town.report(one, "DONE", 1),
        ]
        for nth in (*order, *twice):
            town.heard(said[nth])
        days_pass(town)
        assert end(town) == [("done", "2026-03-03", ["2026-03-10"], 4)]
        lasts(town)


def _acts(town: Town, ids: list[bytes]) -> dict[str, Callable[[int], None]]:
    def cancel(nth: int) -> None:
        try:
            town.service.cancel(ids[nth % 2], BY)
        except RecordRejected as refused:
            assert refused.code == "TRANSFER_ENDED"
        town.settle()

    def days(nth: int) -> None:
        town.house.clock.pass_s(nth * 5 * 86_400)
        town.house.due()
        town.settle()

    day = date(2026, 3, 3)
    return {
        "entry": lambda nth: town.heard(town.title(NEW, key="entry", issued_on=day.replace(day=3 + nth))),
        "mortgage": lambda _: town.heard(town.title(NEW, key="entry", issued_on=day, mortgaged=True)),
        "ended": lambda _: town.heard(town.title(NEW, key="entry", issued_on=day) | {"status": "CANCELLED"}),
        "others": lambda nth: town.heard(town.title((HEIR, CO_OWNER)[nth % 2], issued_on=day.replace(day=5 + nth))),
        "both": lambda nth: town.heard(town.title(NEW, CO_OWNER, key="both", issued_on=day.replace(day=10 + nth))),
        "cancel": cancel,
        "day": days,
    }


WHAT = st.one_of(
    st.tuples(st.sampled_from(("entry", "mortgage", "ended", "others", "both", "cancel", "day")), st.integers(0, 3)),
    st.tuples(st.sampled_from(RESULTS), st.integers(0, 3)),
)


@QUICK
@given(history=st.lists(st.tuples(WHAT, st.integers(0, 1)), min_size=4, max_size=12))
def test_p2_any_history_sends_each_piece_once_and_shows_every_report(history: list[Any]) -> None:
    with a_town() as town:
        ids = town.submit(body(matter(accounts=[ACCOUNT, SECOND_ACCOUNT])))
        acts, reports = _acts(town, ids), [0, 0]
        for (what, nth), which in history:
            if what in RESULTS:
                town.told(ids[which], what, nth or None)
                reports[which] += 1
            else:
                acts[what](nth)
        days_pass(town)
        assert [one[3] for one in end(town)] == reports
        for state, entered, told, _ in end(town):
            assert state != "transferring" or entered, "nothing goes on without the entry's date"
            assert entered is None or entered not in told or state in ("done", "cancelled")
        lasts(town)
