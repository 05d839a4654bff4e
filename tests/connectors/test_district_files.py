"""The district's batches by the connector as it is shipped, against the sandbox's district: every row is taken once,
each with the verdict's ground that the truth says, and a wrong batch stops the feed until it is right."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import connectors.district_files as package
from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.context import Context
from hub.connect.declared.rows import row_of
from hub.connect.files.rows import Rows
from hub.connect.files.source import FilesSource
from hub.connect.files.spec import FilesSpec
from hub.connect.folder import of_package
from hub.connect.host import registry
from hub.connect.host.guard import GuardedSource
from hub.errors import Misconfigured
from hub.ingest.control import FAILED, Reports
from hub.ports import Extent, SourceRow
from sandbox import launch, truth
from sandbox.launch import Running
from tests.feeding import caught_up, connectors, feeding, ids, received, until
from tests.grants import granted

NAME, KIND = "district_files", "licence.property-title"
FOLDER = Path(package.__file__).parent
SPEC = FilesSpec(key=("djbh",), version="gxsj", operation="czlx")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with launch.start(5, 600, tmp_path_factory.mktemp("district"), systems=(NAME,), defect_share=0.1) as running:
        yield running


@pytest.fixture
def source(world: Running) -> Iterator[GuardedSource]:
    source = opened(world)
    yield source
    source.close()
    world.clear(NAME)


def opened(world: Running, **more: Any) -> GuardedSource:
    return registry.open_source(
        NAME, world.connectors()[NAME] | {"page_rows": 20} | more, SystemClock(), grant=granted(NAME)
    )


def mapped(sample: Any) -> SourceRow:
    folder = of_package("connectors.district_files")
    context = Context(folder.info, folder.info.limits, SystemClock(), folder)
    return row_of(context, Rows(SPEC, folder.info.columns).declared(1, 1, dict(sample)))


def test_the_folder_is_a_connector() -> None:
    info = kit.check_package("connectors.district_files")
    assert info.files == SPEC
    assert kit.check_samples(FOLDER / "samples", info.kind, mapped) == 2


def test_p1_a_bad_row_does_not_stop_its_neighbours() -> None:
    kit.check_isolation(mapped, json.loads((FOLDER / "samples/two-holders.json").read_text("utf-8")))


def test_p1_the_feed_gives_every_row_of_every_form_once(world: Running, source: GuardedSource) -> None:
    rows = kit.check_feed(source, source.context.info)
    told = list(truth.read(world.truth))
    assert sorted((row.key, row.version) for row in rows) == sorted((line["key"], line["version"]) for line in told)
    assert sum("duplicate_of" in line for line in told) > 0
    kit.check_resumes(source.inner)
    assert kit.check_remap(source.inner, rows) == len(rows)
    assert isinstance(source.inner, FilesSource)
    assert source.inner.total() == len(rows)


def test_p1_a_day_is_what_was_made_on_it(source: GuardedSource) -> None:
    rows = {f"{row.key}#{row.version}" for page in kit.read_all(source.inner) for row in page.rows}
    found = [source.day(date(2024, 1, day)).keys for day in range(2, 14)]
    assert set().union(*found) == rows
    assert source.day(date(2023, 1, 1)).keys == frozenset()


def test_p1_chosen_rows_are_read_again_beside_the_feed(source: GuardedSource) -> None:
    rows = {row.key: row for page in kit.read_all(source.inner) for row in page.rows}
    wanted = tuple(list(rows)[3:90:20])
    assert isinstance(source.inner, FilesSource)
    again, cursor = list[SourceRow](), None
    while True:
        page = source.inner.read(Extent(wanted), cursor)
        again += page.rows
        cursor = page.cursor
        if not page.more:
            break
    assert {row.key for row in again} == set(wanted)
    assert all(replace(row) == rows[row.key] for row in again)


@pytest.mark.parametrize("fault", ["gap", "tampered", "half", "bomb", "entities"])
def test_p1_a_wrong_batch_stops_the_feed_until_it_is_right(tmp_path: Path, fault: str) -> None:
    with launch.start(6, 60, tmp_path, systems=(NAME,), defect_share=0.0) as running:
        source = opened(running)
        cursor = kit.read_all(source.inner)[-1].cursor
        # With a gap, the batch after it comes.
        running.fault(NAME, fault)
        running.control(NAME, "advance", {"batches": 2})
        if fault == "half":
            page = source.inner.fetch(cursor)
            assert (page.rows, page.cursor) == ([], cursor)
            assert "not complete" in page.remark
        else:
            with pytest.raises(Misconfigured) as caught:
                source.inner.fetch(cursor)
            assert any(word in str(caught.value) for word in ("missing", "signed", "ARCHIVE_UNSAFE", "XML_UNSAFE"))
        running.clear(NAME)
        rows = [row for page in kit.read_all(source.inner, cursor) for row in page.rows]
        assert len(rows) == running.control(NAME, "state")["rows"]
        source.close()


def test_p1_a_gap_is_a_trouble_that_is_told_and_ends_with_the_missing_batch(tmp_path: Path) -> None:
    """The whole feed: what the operator sees, and that nothing is lost or doubled on the way."""
    with launch.start(7, 60, tmp_path / "world", systems=(NAME,), defect_share=0.0) as running:
        tables = connectors(running, NAME, page_rows=3)
        with feeding(tmp_path, tables) as (hub, ingest):
            caught_up(hub, ingest, NAME)
            running.fault(NAME, "gap")
            running.control(NAME, "advance", {"batches": 2})
            reports = Reports(hub.store, hub.clock)
            until(ingest, lambda: reports.get(NAME).state == FAILED)
            assert "batch 13 is missing, and batch 14 is there" in reports.get(NAME).trouble
            running.clear(NAME)
            until(ingest, lambda: len(received(hub, KIND)) == sum(1 for _ in truth.read(running.truth)))
            told = [line for line in truth.read(running.truth) if "duplicate_of" not in line]
            assert len(ids(hub, KIND)) == len(told)


def test_p1_a_hub_that_begins_in_the_middle_of_a_batch_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with launch.start(7, 120, tmp_path / "world", systems=(NAME,), defect_share=0.0) as running:
        tables = connectors(running, NAME, page_rows=1)
        with feeding(tmp_path, tables) as (hub, ingest):
            until(ingest, lambda: len(received(hub, KIND)) >= 2)
        with feeding(tmp_path, tables) as (hub, ingest):
            caught_up(hub, ingest, NAME)
            told = list(truth.read(running.truth))
            assert len(received(hub, KIND)) == len(told)
            assert len(ids(hub, KIND)) == sum("duplicate_of" not in line for line in told)
