"""All hubs of an installation go by the database's time."""

import pytest

from hub.clock import SystemClock
from hub.errors import Unavailable
from hub.stores.database import Database
from hub.stores.shared_clock import SharedClock
from sandbox.servers.ports import free_port

TWO_HOURS_MS = 7_200_000
NEAR_MS = 3_000


class WrongClock(SystemClock):
    """A machine's clock that somebody sets."""

    off_ms = TWO_HOURS_MS

    def process_ms(self) -> int:
        return super().process_ms() + self.off_ms


def off_ms(clock: SharedClock) -> int:
    return abs(clock.process_ms() - SystemClock().process_ms())


@pytest.mark.postgres
def test_a_machine_whose_clock_is_wrong_goes_by_the_databases_also_when_it_is_set_meanwhile(postgres_url: str) -> None:
    store, own = Database(postgres_url), WrongClock()
    clock = SharedClock(own, store)
    clock.adjust()
    assert off_ms(clock) < NEAR_MS
    assert abs(clock.off_ms() - TWO_HOURS_MS) < NEAR_MS
    own.off_ms = -TWO_HOURS_MS
    assert off_ms(clock) < NEAR_MS
    assert abs(clock.now().timestamp() * 1000 - clock.now_ms()) < NEAR_MS
    store.close()


def test_while_the_database_is_away_it_goes_on_as_it_went() -> None:
    store = Database(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")
    clock = SharedClock(SystemClock(), store)
    with pytest.raises(Unavailable):
        clock.adjust()
    assert off_ms(clock) < NEAR_MS
