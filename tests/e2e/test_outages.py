"""Something outside is away: an outage is back-pressure, never a dead letter (P1), and never holds up an
application."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

import pytest

from tests.e2e.harness import world

SECONDS = [8, pytest.param(60, marks=pytest.mark.slow)]
Outage = Callable[[Path, int], None]
_STARTING = Lock()
"""Worlds start one after the other: alembic migrates for one thread at a time."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Outage, int], None]]:
    """Lives through an outage of so many seconds. The two, each in a world of its own, are waited for together."""
    lived: dict[tuple[Outage, int], Future[None]] = {}
    with ThreadPoolExecutor(2) as pool:

        def live(outage: Outage, seconds: int) -> None:
            if (outage, seconds) not in lived:
                for one in (answers_are_dropped, registry_is_down):
                    lived[one, seconds] = pool.submit(one, tmp_path_factory.mktemp(one.__name__), seconds)
            lived[outage, seconds].result()

        yield live


@pytest.mark.parametrize("seconds", SECONDS)
def test_p1_p2_the_connection_system_drops_every_answer_for_a_while(
    live: Callable[[Outage, int], None], seconds: int
) -> None:
    live(answers_are_dropped, seconds)


@pytest.mark.parametrize("seconds", SECONDS)
def test_p1_the_registry_is_down_for_a_while(live: Callable[[Outage, int], None], seconds: int) -> None:
    live(registry_is_down, seconds)


def answers_are_dropped(home: Path, seconds: int) -> None:
    with ExitStack() as stack:
        with _STARTING:
            one = stack.enter_context(world(home, 60))
        one.sandbox.fault("utility_crm", "drop_after_commit", share=1.0, seconds=seconds)
        one.submit(one.applications()[:2])
        one.start()
        time.sleep(seconds)
        one.settle(deliveries=6)
        one.check()


def registry_is_down(home: Path, seconds: int) -> None:
    with ExitStack() as stack:
        with _STARTING:
            one = stack.enter_context(world(home, 60))
        one.sandbox.kill("business_licence")
        begun = time.monotonic()
        ids = one.submit(one.applications()[:2])
        assert time.monotonic() - begun < 5
        one.start()
        one.registered(len(ids))
        assert time.monotonic() - begun < 20
        time.sleep(seconds)
        one.sandbox.restart("business_licence")
        one.settle(deliveries=6)
        one.check()


def test_p2_the_connection_system_carries_out_late_and_answers_questions_wrongly(tmp_path: Path) -> None:
    """A proxy answers for it, it accepts without a number, and its lists are cut or errors with HTTP 200: each piece
    takes effect once."""
    with world(tmp_path, 60) as one:
        for name, share in (("late", 0.6), ("accepted", 0.5), ("busy", 0.3), ("part", 0.3)):
            one.sandbox.fault("utility_crm", name, share=share, seconds=15)
        one.submit(one.applications()[:2])
        one.start()
        one.settle(deliveries=6)
        one.check()


def test_everything_is_down_and_an_application_is_taken_all_the_same(tmp_path: Path) -> None:
    with world(tmp_path, 60) as one:
        for server in ("business_licence", "utility_crm"):
            one.sandbox.kill(server)
        one.start()
        (application_id,) = one.submit(one.applications()[:1])
        time.sleep(2)
        with one.hub() as hub:
            shown = hub.applications().show(application_id)
        assert shown["due_on"] or shown["segment_due_on"]
        assert all(need["reason_zh"] for need in shown["evidence"])
        for server in ("business_licence", "utility_crm"):
            one.sandbox.restart(server)
        one.settle(deliveries=3)
        one.check()
