"""A feed waits for the stages behind it, and only for so long."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from hub.cases import reasons
from hub.cases.evidence import needs
from hub.cases.evidence.decide import AWAITED_WITHIN_S
from hub.cases.evidence.tables import need
from hub.ingest.throttle import BEHIND_MAX, HOLD_MAX_S, LOOK_EVERY_S, YIELD_S, Throttle
from hub.pipeline.positions import behind
from tests.casework import House, body

KIND = "licence.business"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def throttle(house: House) -> Throttle:
    return Throttle(house.clock, partial(behind, house.log, house.store, KIND), partial(waits, house))


def waits(house: House) -> bool:
    with house.store.read() as connection:
        return needs.awaited(connection, house.clock.process_ms(), AWAITED_WITHIN_S * 1000)


def test_a_feed_waits_while_a_backlog_is_behind_it_and_goes_on_after_it(house: House) -> None:
    throttled = throttle(house)
    house.fill(f"{KIND}.received", BEHIND_MAX)
    assert throttled.hold_s() == LOOK_EVERY_S
    house.log.reset("verify", {(f"{KIND}.received", 0): BEHIND_MAX - 1})
    assert throttled.hold_s() == 0.0


def test_a_feed_may_take_what_is_left_of_the_bound_before_the_backlog_is_looked_at_again(house: House) -> None:
    throttled = throttle(house)
    assert throttled.hold_s() == 0.0
    house.fill(f"{KIND}.received", BEHIND_MAX)
    throttled.took(BEHIND_MAX - 1)
    assert throttled.hold_s() == 0.0
    throttled.took(1)
    assert throttled.hold_s() == LOOK_EVERY_S


def test_with_a_stage_away_a_feed_becomes_slow_but_does_not_stop(house: House) -> None:
    throttled = throttle(house)
    house.fill(f"{KIND}.received", BEHIND_MAX)
    assert throttled.hold_s() == LOOK_EVERY_S
    house.clock.pass_s(HOLD_MAX_S)
    assert throttled.hold_s() == 0.0
    throttled.took(500)
    assert throttled.hold_s() == LOOK_EVERY_S


def test_a_feed_rests_after_a_page_while_an_application_waits_for_its_answer(house: House) -> None:
    throttled = throttle(house)
    throttled.took(BEHIND_MAX)
    assert throttled.hold_s() == 0.0
    house.submit(body())
    throttled.took(BEHIND_MAX)
    assert throttled.hold_s() == LOOK_EVERY_S
    house.clock.pass_s(YIELD_S)
    assert throttled.hold_s() == 0.0


def test_it_does_not_rest_for_what_no_source_has(house: House) -> None:
    house.submit(body())
    with house.store.write() as connection:
        connection.execute(update(need).values(reason=reasons.NOT_FOUND))
    throttled = throttle(house)
    throttled.took(BEHIND_MAX)
    assert throttled.hold_s() == 0.0
