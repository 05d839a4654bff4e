"""Killed with -9 at every named point on a real broker and PostgreSQL, one after the other while the outside world goes
on changing: P1 (nothing lost), P2 (nothing doubled)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.harness import World, real_engines, world
from tests.e2e.points import POINTS

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

Shared = tuple[World, list[Any]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """One world for all points, and the applications submitted so far; it balances after each point."""
    home = tmp_path_factory.mktemp("crash-points")
    with real_engines(home, partitions=2) as engines, world(home, 60, len(POINTS), engines=engines.settings) as one:
        yield one, []


def pieces(entry: dict[str, Any]) -> int:
    """What the utility gets for an application at least: a licence may be cancelled meanwhile."""
    return 1 + bool(entry["expected"]["title_key"])


def next_one(entries: list[Any], submitted: list[Any], point: str) -> Any:
    """An application that passes the point: the file of a licence is fetched for an enterprise only."""
    enterprise = point.startswith("file.")
    return next(one for one in entries if one not in submitted and ("uscc" in one["body"]["applicant"]) == enterprise)


@pytest.mark.parametrize("point", POINTS)
def test_p1_p2_killed_at_a_named_point_on_kafka_and_postgres_it_goes_on_and_balances(
    shared: Shared, point: str
) -> None:
    one, submitted = shared
    one.kill()
    one.sandbox.control("business_licence", "advance", {"steps": 20})
    submitted.append(next_one(one.applications(), submitted, point))
    one.submit(submitted[-1:])
    one.start(crash=point)
    one.wait_killed()
    one.start()
    one.settle(deliveries=sum(map(pieces, submitted)))
    one.check()
