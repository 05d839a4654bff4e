"""Reload: a hub takes changed settings over without a new start. Show 4: a change of keys stops no feed, and nothing is
rejected (P1)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import Hub, open_hub
from hub.clock import SystemClock
from hub.ingest.control import FAILED, RUNNING, Reports
from hub.ingest.reload import Loaded, Reloads
from hub.pipeline.redrive import Filter, rejections
from hub.settings import load
from sandbox import launch
from sandbox.gateway.tree import PageSigner
from sandbox.launch import Running
from tests.feeding import connectors, received, until
from tests.grants import written

LICENCES, BUSINESS = "business_licence", "licence.business"
SEED, SIZE = 6, 60
NEXT = PageSigner(SEED, following=True)
TRUSTED = f"{NEXT.key_id}={NEXT.public_key}@2020-01-01.."


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    with launch.start(SEED, SIZE, tmp_path / "world", defect_share=0.0, duplicate_share=0.0) as running:
        yield running


class Works:
    """A hub whose settings are in a file, and its tasks."""

    def __init__(self, home: Path, tables: dict[str, dict[str, Any]]) -> None:
        self.file = home / "hub.toml"
        self._home, self.tables = home, tables
        self.write()
        self.hub: Hub = open_hub(load(self.file))
        self.reload_task = self.hub.reload_task()
        self._tasks = [self.hub.task(name)() for name in ("ingest", "verify", "project")]

    def write(self, **changes: Any) -> None:
        self.tables[LICENCES] |= changes
        lines = [f'{what}_url = "sqlite:///{self._home}/{what}.db"' for what in ("log", "store", "vault")]
        lines += [f'master_key_file = "{self._home}/master.key"', f'grants = "{written(self._home, self.tables)}"']
        for name, table in self.tables.items():
            lines += [f"[connectors.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        self.file.write_text("\n".join(lines), "utf-8")

    def reload(self) -> Loaded:
        reloads = Reloads(self.hub.store, self.hub.clock)
        token = reloads.order(LICENCES)
        assert self.reload_task.step() == 1
        (loaded,) = reloads.running(LICENCES)
        assert loaded.token == token
        return loaded

    def report(self) -> Any:
        return Reports(self.hub.store, self.hub.clock).get(LICENCES)

    def step(self) -> int:
        for task in self._tasks:
            task.step()
        assert not list(rejections(self.hub.log, Filter()))
        return 0

    def has(self, count: int) -> None:
        until(self, lambda: len(received(self.hub, BUSINESS)) >= count)

    def close(self) -> None:
        for task in self._tasks:
            task.close()
        self.hub.close()


@pytest.fixture
def works(sandbox: Running, tmp_path: Path) -> Iterator[Works]:
    works = Works(tmp_path, connectors(sandbox, LICENCES, page_rows=20))
    yield works
    works.close()


def test_p1_a_change_of_keys_that_was_prepared_stops_no_feed_and_rejects_nothing(
    works: Works, sandbox: Running
) -> None:
    works.has(SIZE)
    before = works.reload()
    works.write(public_keys=TRUSTED)
    loaded = works.reload()
    assert loaded.trouble == "" and loaded.digest != before.digest
    failures = works.report().last_trouble_ms
    sandbox.fault(LICENCES, "next_key")
    sandbox.control(LICENCES, "advance", {"steps": 40})
    works.has(SIZE + 40)
    until(works, lambda: not works.report().behind_ms)
    assert works.report().state == RUNNING
    assert works.report().last_trouble_ms == failures


def test_p1_a_key_that_is_not_trusted_is_named_and_when_it_is_the_feed_continues_where_it_was(
    works: Works, sandbox: Running
) -> None:
    works.has(SIZE)
    sandbox.fault(LICENCES, "next_key")
    sandbox.control(LICENCES, "advance", {"steps": 40})
    until(works, lambda: works.report().state == FAILED)
    assert f"signs with the key '{NEXT.key_id}', which is not trusted" in works.report().trouble
    works.write(public_keys=TRUSTED)
    works.reload()
    works.has(SIZE + 40)
    assert len(received(works.hub, BUSINESS)) == SIZE + 40


def test_settings_that_cannot_be_used_change_nothing_and_are_told(works: Works) -> None:
    works.has(SIZE)
    before = works.reload()
    works.write(public_keys="next=AAAA")
    loaded = works.reload()
    assert (loaded.digest, "not an Ed25519 key" in loaded.trouble) == (before.digest, True)
    works.write(public_keys=TRUSTED)
    assert works.reload().trouble == ""


def test_an_order_from_before_the_start_is_carried_out_by_the_start(works: Works) -> None:
    Reloads(works.hub.store, works.hub.clock).order(LICENCES)
    assert works.hub.reload_task().step() == 0


def test_every_hub_carries_an_order_out_from_its_own_files(works: Works, tmp_path: Path) -> None:
    """Two hubs on one store: the second one's file is changed later than the order, and its digest says so."""
    own = tmp_path / "second.toml"
    own.write_text(f'instance = "hub-2"\n{works.file.read_text("utf-8")}', "utf-8")
    second = Hub(load(own), SystemClock())
    try:
        other, reloads = second.reload_task(), Reloads(works.hub.store, works.hub.clock)
        works.write(public_keys=TRUSTED)
        token = reloads.order(LICENCES)
        for task in (works.reload_task, other):
            assert task.step() == 1
        assert [one.token for one in reloads.running(LICENCES)] == [token, token]
        assert reloads.differ(LICENCES)
        own.write_text(f'instance = "hub-2"\n{works.file.read_text("utf-8")}', "utf-8")
        reloads.order(LICENCES)
        for task in (works.reload_task, other):
            task.step()
        assert not reloads.differ(LICENCES)
    finally:
        second.close()


def test_hubs_that_have_different_settings_are_known_while_they_run(works: Works) -> None:
    reloads = Reloads(works.hub.store, works.hub.clock)
    same = works.reload()
    assert not reloads.differ(LICENCES)
    reloads.put("hub-2", [same._replace(worker="hub-2")])
    assert not reloads.differ(LICENCES)
    reloads.put("hub-2", [same._replace(worker="hub-2", digest="0" * 16)])
    assert reloads.differ(LICENCES)
    reloads.put("hub-2", [])
    assert not reloads.differ(LICENCES)
