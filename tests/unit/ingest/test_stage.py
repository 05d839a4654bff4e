"""Ingest on real servers: nothing lost (P1), repeats carry the same id (P2), a bad source holds up no other."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub.clock import CHINA
from hub.codec import wire
from hub.ingest.control import FAILED, PAUSED, RUNNING, STOPPED, WAITING, Orders, Report, Reports
from hub.ingest.feed import Feed
from hub.ingest.throttle import Throttle
from hub.privacy.sealing import RECORD_SCHEMA, UNREADABLE_SCHEMA
from hub.topics import cursors
from sandbox import launch
from sandbox.launch import Running
from tests.feeding import caught_up, connectors, feeding, ids, received, settings, until

LICENCES, TITLES = "business_licence", "property_title"
BUSINESS, TITLE = "licence.business", "licence.property-title"
SIZE = 240


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with launch.start(3, SIZE, tmp_path_factory.mktemp("world"), defect_share=0.08, duplicate_share=0.0) as running:
        yield running


@pytest.fixture
def sandbox(world: Running) -> Iterator[Running]:
    yield world
    for name in (LICENCES, TITLES):
        world.clear(name)


@pytest.fixture
def registry_office(tmp_path: Path) -> Iterator[Running]:
    """A table of one's own, to change."""
    with launch.start(4, 60, tmp_path / "own", defect_share=0.0) as running:
        yield running


def report_of(hub: object, name: str) -> Report:
    report = Reports(hub.store, hub.clock).get(name)  # type: ignore[attr-defined]
    assert report is not None
    return report


def test_every_row_of_both_sources_is_received_once(sandbox: Running, tmp_path: Path) -> None:
    """P1 and P2; what cannot be read is counted like the rest."""
    with feeding(tmp_path, connectors(sandbox, LICENCES, TITLES)) as (hub, task):
        until(task, lambda: len(received(hub, BUSINESS)) >= SIZE and len(received(hub, TITLE)) >= SIZE - 1)
        caught_up(hub, task, LICENCES, TITLES)
        for kind, count in ((BUSINESS, SIZE), (TITLE, SIZE - 1)):
            found = ids(hub, kind)
            assert len(found) == found.total() == count
        schemas = {int.from_bytes((record.value or b"")[1:5], "big") for record in received(hub, BUSINESS)}
        assert schemas == {RECORD_SCHEMA, UNREADABLE_SCHEMA}


def test_headers_are_five_and_the_last_record_of_a_page_carries_the_cursor(sandbox: Running, tmp_path: Path) -> None:
    with feeding(tmp_path, connectors(sandbox, LICENCES)) as (hub, task):
        until(task, lambda: len(received(hub, BUSINESS)) == SIZE)
        records = received(hub, BUSINESS)
    marked = [dict(record.headers)["hub_cursor"] for record in records if len(record.headers) == 6]
    assert len(marked) == -(-SIZE // 50)
    assert cursors_match(marked)
    plain = next(record for record in records if len(record.headers) == 5)
    names = [name for name, _ in plain.headers]
    assert names == ["ce_id", "ce_type", "ce_source", "ce_time", "ce_specversion"]
    assert dict(plain.headers)["ce_type"] == b"cn.onecert.licence.business.received"
    assert plain.key is not None and len(plain.key) == 16


def cursors_match(marked: list[bytes]) -> bool:
    return all(set(json.loads(text)) == {"after"} for text in marked)


CHILD = """
import sys
from pathlib import Path
from tests.feeding import feeding, received, until
import json
home, tables, kind, count = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3], int(sys.argv[4])
with feeding(home, tables) as (hub, task):
    until(task, lambda: len(received(hub, kind)) >= count)
"""


@pytest.mark.parametrize("point", ["ingest.sealed:3", "ingest.committed:3"])
@pytest.mark.parametrize(("name", "kind", "count"), [(LICENCES, BUSINESS, SIZE), (TITLES, TITLE, SIZE - 1)])
def test_killed_between_two_lines_nothing_is_lost_and_repeats_have_the_same_id(
    sandbox: Running, tmp_path: Path, point: str, name: str, kind: str, count: int
) -> None:
    """P1, P2: ``kill -9`` after sealing, and after the commit before the rows are remembered."""
    tables = connectors(sandbox, name)
    arguments = [sys.executable, "-c", CHILD, str(tmp_path), json.dumps(tables), kind, str(count)]
    root = Path(__file__).parents[3]
    killed = subprocess.run(arguments, cwd=root, env={**os.environ, "HUB_CRASH": point}, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    with feeding(tmp_path, tables) as (hub, task):
        assert 0 < len(received(hub, kind)) < count
        until(task, lambda: len(ids(hub, kind)) >= count)
        found = ids(hub, kind)
    assert len(found) == count
    # Only rows that were committed and not yet remembered may come twice, and only where the table is read again.
    assert found.total() - count <= (50 if "committed" in point and name == TITLES else 0)


def test_a_source_that_hangs_holds_up_no_other(sandbox: Running, tmp_path: Path) -> None:
    sandbox.fault(LICENCES, "hang")
    tables = connectors(sandbox, LICENCES, TITLES, read_timeout_s=1.0)
    with feeding(tmp_path, tables) as (hub, task):
        until(task, lambda: len(received(hub, TITLE)) == SIZE - 1, 5)
        assert received(hub, BUSINESS) == []
        until(task, lambda: report_of(hub, LICENCES).failures > 0)
        assert "ReadTimeout" in report_of(hub, LICENCES).trouble
        sandbox.clear(LICENCES)
        until(task, lambda: len(received(hub, BUSINESS)) == SIZE)


@pytest.mark.parametrize(
    "fault", ["error", *(pytest.param(name, marks=pytest.mark.slow) for name in ("drop_after_commit", "bad_signature"))]
)
def test_an_outage_is_waited_for_and_nothing_is_a_dead_letter(sandbox: Running, tmp_path: Path, fault: str) -> None:
    """P1: an outage is back-pressure."""
    sandbox.fault(LICENCES, fault, share=0.5)
    with feeding(tmp_path, connectors(sandbox, LICENCES)) as (hub, task):
        until(task, lambda: len(received(hub, BUSINESS)) == SIZE)
        assert ids(hub, BUSINESS).total() == SIZE


def test_what_only_the_operator_can_mend_is_failed_with_a_trace_and_heals(sandbox: Running, tmp_path: Path) -> None:
    """Failed is no end: it is tried again with a capped back-off. No value is in trouble or trace (P5)."""
    with feeding(tmp_path, connectors(sandbox, TITLES)) as (hub, task):
        until(task, lambda: len(received(hub, TITLE)) == SIZE - 1)
        sandbox.fault(TITLES, "renamed_field")
        until(task, lambda: report_of(hub, TITLES).state == FAILED)
        report = report_of(hub, TITLES)
        assert "ex_bdc_title.mj" in report.trouble
        assert "Misconfigured" in report.trace
        sandbox.clear(TITLES)
        until(task, lambda: report_of(hub, TITLES).state == RUNNING)


def test_an_operator_pauses_stops_and_restarts(sandbox: Running, tmp_path: Path) -> None:
    with feeding(tmp_path, connectors(sandbox, LICENCES)) as (hub, task):
        orders = Orders(hub.store)
        orders.want(LICENCES, PAUSED)
        until(task, lambda: Reports(hub.store, hub.clock).get(LICENCES) is not None)
        until(task, lambda: report_of(hub, LICENCES).state == PAUSED)
        held = len(received(hub, BUSINESS))
        until(task, lambda: report_of(hub, LICENCES).state == PAUSED)
        assert len(received(hub, BUSINESS)) == held
        orders.want(LICENCES, STOPPED)
        until(task, lambda: report_of(hub, LICENCES).state == STOPPED)
        orders.restart(LICENCES)
        until(task, lambda: len(received(hub, BUSINESS)) == SIZE)
        until(task, lambda: report_of(hub, LICENCES).state == RUNNING)


def test_a_newer_owner_fences_the_older_one(sandbox: Running, tmp_path: Path) -> None:
    """P2: of two processes with one source, only the newer can commit; it starts at what is durable."""
    from hub.bootstrap import open_hub
    from hub.errors import Fenced

    hub = open_hub(settings(tmp_path, connectors(sandbox, LICENCES)))
    try:
        first = Feed(hub.connectors.open_source(LICENCES), hub.parts)
        first.step()
        second = Feed(hub.connectors.open_source(LICENCES), hub.parts)
        with pytest.raises(Fenced):
            first.step()
        while second.step().more:
            pass
        assert ids(hub, BUSINESS).total() == SIZE
    finally:
        hub.close()


def test_the_cursor_is_a_record_that_any_reader_understands(sandbox: Running, tmp_path: Path) -> None:
    with feeding(tmp_path, connectors(sandbox, LICENCES)) as (hub, task):
        until(task, lambda: len(received(hub, BUSINESS)) == SIZE)
        partition = cursors.partition_of_source(LICENCES, 2)
        records = [record for batch in hub.log.scan("hub.cursors", partition) for record in batch.records]
        mine = [record for record in records if record.key == LICENCES.encode()]
        schema_id, value = wire.decode(mine[-1].value or b"")
        assert (schema_id, value["source"]) == (3, LICENCES)
        assert json.loads(value["cursor"]) == cursors.newest(hub.log, LICENCES)


@pytest.mark.slow
def test_a_full_reload_brings_only_what_changed_and_what_vanished(registry_office: Running, tmp_path: Path) -> None:
    """Unchanged rows are dropped; rows left out come as deletions of what is known of them, once the verdicts are
    in."""
    with feeding(tmp_path, connectors(registry_office, TITLES)) as (hub, task):
        before = 59
        until(task, lambda: len(received(hub, TITLE)) == before)
        verify, project = hub.task("verify")(), hub.task("project")()
        while verify.step() or project.step():
            pass
        reload = registry_office.control(TITLES, "reload", {"vanish": 3})
        until(task, lambda: len(received(hub, TITLE)) == before + 3)
        caught_up(hub, task, TITLES)
        fresh = received(hub, TITLE)
        values = [wire.decode(record.value or b"")[1] for record in fresh]
        deleted = [value for value in values if value["source"]["operation"] == "DELETE"]
        opened = hub.opener.open([record.value for record in fresh])
        keys = {one.original().key for one in opened if one.envelope["source"]["operation"] == "DELETE"}
        assert keys == set(reload["vanished"])
        assert {value["source"]["version"] for value in deleted} == {reload["update_time"]}
        while verify.step() or project.step():
            pass
        verify.close()
        project.close()


def test_rows_that_were_known_count_for_the_pauses_of_a_feed(
    registry_office: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full reload of unchanged rows pauses too while an application waits."""
    took: list[int] = []
    monkeypatch.setattr(Throttle, "took", lambda _, rows: took.append(rows))
    with feeding(tmp_path, connectors(registry_office, TITLES)) as (hub, task):
        until(task, lambda: len(received(hub, TITLE)) == 59)
        before = sum(took)
        registry_office.control(TITLES, "reload", {"vanish": 0})
        until(task, lambda: sum(took) >= before + 59)
        assert len(received(hub, TITLE)) == 59


def test_a_reload_that_leaves_out_too_much_is_not_believed(registry_office: Running, tmp_path: Path) -> None:
    tables = connectors(registry_office, TITLES, vanish_share_max=0.3)
    with feeding(tmp_path, tables) as (hub, task):
        until(task, lambda: len(received(hub, TITLE)) == 59)
        registry_office.control(TITLES, "reload", {"vanish": 40})
        # It is FAILED until it begins again, and what it failed by stays.
        until(task, lambda: "left out 40 of 59 rows" in report_of(hub, TITLES).last_trouble)
        assert len(received(hub, TITLE)) == 59


@pytest.mark.slow
def test_a_row_changed_in_place_comes_again_under_its_row(registry_office: Running, tmp_path: Path) -> None:
    with feeding(tmp_path, connectors(registry_office, TITLES)) as (hub, task):
        until(task, lambda: len(received(hub, TITLE)) == 59)
        registry_office.control(TITLES, "advance", {"steps": 30})
        until(task, lambda: len(received(hub, TITLE)) >= 59 + 27)
        caught_up(hub, task, TITLES)
        lines = [json.loads(line) for line in registry_office.truth.open(encoding="utf-8")]
        wanted = {(line["key"], line["version"]) for line in lines if line["source"] == TITLES}
        assert ids(hub, TITLE).total() == len(wanted)


def test_outside_its_hours_a_feed_waits_and_a_reload_lets_it_call(sandbox: Running, tmp_path: Path) -> None:
    """It is no failure, and nothing is stale."""
    now = datetime.now(CHINA)
    later = (now + timedelta(hours=2)).strftime("%H:%M")
    hours = f"{later}-{(now + timedelta(hours=3)).strftime('%H:%M')}"
    tables = connectors(sandbox, TITLES, feed_hours=hours)
    with feeding(tmp_path, tables) as (hub, task):
        until(task, lambda: bool((report := Reports(hub.store, hub.clock).get(TITLES)) and report.state == WAITING))
        report = report_of(hub, TITLES)
        assert (report.failures, report.rows, f"at {later}" in report.trouble) == (0, 0, True)
        assert not Reports(hub.store, hub.clock).stale(report)
        hub.connectors._settings = settings(tmp_path, tables | connectors(sandbox, TITLES))
        hub.connectors.reload(TITLES)
        caught_up(hub, task, TITLES)
        report = report_of(hub, TITLES)
        assert report.total and report.done and report.done >= report.rows > 0
        assert (report.rate_per_s or 0) > 0
