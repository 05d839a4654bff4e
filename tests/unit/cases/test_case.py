"""Cases are locked in one order by every transaction that decides about several: P1, no two wait for each other."""

import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cases import case as cases
from hub.cases.procedure import Answered
from hub.errors import Unavailable
from tests.casework import House, body

pytestmark = pytest.mark.postgres
NUMBERS = range(6)
ROUNDS = 20


@pytest.fixture
def house(tmp_path: Path, postgres_url: str) -> Iterator[House]:
    house = House(tmp_path, url=postgres_url)
    for number in NUMBERS:
        house.submit(body(f"A-{number}"))
    yield house
    house.close()


def crosswise(house: House) -> list[Exception]:
    """Two stages hear of the same applications again and again, in opposite orders; what went wrong."""
    ids = [house.applications.find("gov-platform", f"A-{number}") or b"" for number in NUMBERS]
    failures: list[Exception] = []
    together = threading.Barrier(2)

    def hear(order: list[bytes]) -> None:
        for _ in range(ROUNDS):
            together.wait()
            answers = [Answered(one, b"", "FOUND", None) for one in order]
            try:
                with house.store.write() as connection:
                    house.journal.hear(connection, answers)
            except Unavailable as failure:
                failures.append(failure)

    threads = [threading.Thread(target=hear, args=(order,)) for order in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_p1_two_that_hear_of_the_same_applications_do_not_wait_crosswise(house: House) -> None:
    assert crosswise(house) == []


def test_p1_locks_in_any_order_are_found_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cases.lock
    orders = iter([1, -1] * ROUNDS * 2)

    def one_by_one(connection: Any, ids: Collection[bytes]) -> dict[bytes, cases.Case]:
        found: dict[bytes, cases.Case] = {}
        for one in sorted(ids)[:: next(orders)]:
            found |= whole(connection, {one})
        return found

    monkeypatch.setattr(cases, "lock", one_by_one)
    assert crosswise(house) != []
