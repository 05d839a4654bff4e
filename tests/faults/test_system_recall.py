"""Titles that end before and after electricity is on, on a real broker and PostgreSQL: the hub is killed with -9 where
it decides and where it has posted, and the connection system drops its answers after it has taken effect."""

from pathlib import Path

import pytest

from hub.cases.by import By
from tests import samples
from tests.casework import body
from tests.e2e.harness import real_engines, rebuilt_otherwise, world
from tests.e2e.recalling import TITLE, electricity_on, ended, read, taken_effect, until

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

UNITS = {"before": samples.UNIT_NO, "after": "120101001001GB00001F00010002"}


def test_p1_p2_titles_that_end_in_either_order_of_time_are_each_told_once(tmp_path: Path) -> None:
    titles = {name: samples.title(name, unit_no=unit) for name, unit in UNITS.items()}
    titles["after"]["unit"]["title_no"] = "津(2020)和平区不动产权第1000002号"
    with real_engines(tmp_path, partitions=2) as engines, world(tmp_path, 20, engines=engines.settings) as one:
        with one.hub() as hub:
            read(hub, *titles.values())
            for name, unit in UNITS.items():
                hub.applications().submit(body(name, site={"unit_no": unit}), By("cli:test"))
        one.start()
        for name in UNITS:
            until(one, ["registration", TITLE], name)
        with one.hub() as hub:
            read(hub, *electricity_on(hub, hub.applications().find("gov-platform", "after") or b""))
        ended(one, "after")
        one.kill()
        with one.hub() as hub:
            now = {"version": hub.clock.now_ms()}
            read(hub, *(each | {"status": "REVOKED", "source": each["source"] | now} for each in titles.values()))
        for point in ("project.applied", "deliver.posted"):
            one.start(crash=f"{point}:1")
            one.wait_killed()
        one.sandbox.fault("utility_crm", "drop_after_commit", path="/applications")
        one.start()
        taken_effect(one, len(UNITS))
        one.sandbox.clear("utility_crm")
        for name, kind in (("before", "withdrawal"), ("after", "recall")):
            told = until(one, ["registration", TITLE, kind], name)[-1]
            assert told["found_by_asking"], "of one the hub was killed, of the other the answer was lost"
        effects = one.sandbox.control("utility_crm", "effects")
        assert effects["doubled"] == []
        assert (len(effects["withdrawals"]), len(effects["recalls"])) == (1, 1)
        with one.hub() as hub:
            (change,) = hub.applications().show(hub.applications().find("gov-platform", "after") or b"")["recalls"]
            assert change["after_the_end"] and change["changed_at"] < change["learned_at"]
            assert rebuilt_otherwise(hub, one.home) == []
