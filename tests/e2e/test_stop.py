"""A hub stops within ten seconds, whatever it waits for, and what it had not finished is done by the next one (P1)."""

import time
from pathlib import Path

from sqlalchemy import func, select

from hub.cases.evidence.tables import need
from tests.e2e.harness import World, world


def asked(one: World) -> int:
    with one.hub() as hub, hub.store.read() as connection:
        query = select(func.count()).where(need.c.reason == "ASKED")
        return int(connection.execute(query).scalar_one())


def test_p1_a_hub_stops_within_ten_seconds_though_every_system_outside_hangs(tmp_path: Path) -> None:
    with world(tmp_path, 200, applications=5) as one:
        for server in ("business_licence", "utility_crm"):
            one.sandbox.fault(server, "hang")
        one.submit(one.applications())
        process = one.start(web=True)
        deadline_s = time.monotonic() + 30
        while not asked(one):
            assert time.monotonic() < deadline_s, one.tail()
            time.sleep(0.1)
        time.sleep(1)
        begun_s = time.monotonic()
        process.terminate()
        assert process.wait(40) == 0, one.tail()
        assert time.monotonic() - begun_s < 10
        for server in ("business_licence", "utility_crm"):
            one.sandbox.clear(server)
        one.start()
        one.registered(5)
