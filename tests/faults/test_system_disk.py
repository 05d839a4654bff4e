"""The disk of the log or of the database is full, and has room again later: the hub backs off, says why, and loses
nothing (P1, P2)."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.harness import PATIENCE_S, World, real_engines, world

pytestmark = pytest.mark.slow


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator["Disk"]:
    """A disk of that size, mounted at ``place``."""
    place.mkdir(exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted as root, where mounting is allowed")
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


class Disk:
    """A disk that can be filled to its last byte."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"

    def fill(self) -> None:
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def free(self) -> None:
        self._ballast.unlink()


def until_it_says(one: World, pattern: str) -> None:
    """Wait until the hub's log says that a task or a feed waits, and why."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not re.search(pattern, one.stderr.read_text("utf-8")):
        assert time.monotonic() < deadline_s, one.tail()
        time.sleep(0.2)


def change(one: World) -> None:
    """Only at a source whose every change is a row: a table that is overwritten before it was read shows the last."""
    one.sandbox.control("business_licence", "advance", {"steps": 300})


def test_p1_p2_the_embedded_logs_disk_is_full_for_a_while(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24) as disk:
        files = {f"{name}_url": f"sqlite:///{disk.place}/{name}.db" for name in ("log", "store", "vault")}
        with world(tmp_path, 300, engines={"partitions": 1} | files) as one:
            one.start()
            one.at_work("demo")
            disk.fill()
            change(one)
            until_it_says(one, "full")
            disk.free()
            one.submit(one.applications()[:2])
            one.settle(deliveries=6)
            one.check()
            one.kill()


@pytest.mark.kafka
@pytest.mark.postgres
def test_p1_p2_postgres_disk_is_full_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(Path(tempfile.mkdtemp(prefix="onecert-disk-")), 128) as disk:
        with monkeypatch.context() as patched:
            patched.setattr(tempfile, "tempdir", str(disk.place))
            started = real_engines(tmp_path, partitions=2)
            engines = started.__enter__()
        try:
            with world(tmp_path, 300, engines=engines.settings) as one:
                one.start()
                one.at_work("demo")
                disk.fill()
                change(one)
                until_it_says(one, "disk is full|database is away|closed the connection")
                disk.free()
                if not engines.database.alive():
                    engines.database.run()
                one.submit(one.applications()[:2])
                one.settle(deliveries=6)
                one.check()
        finally:
            started.__exit__(None, None, None)


@pytest.mark.kafka
@pytest.mark.postgres
def test_p1_p2_the_brokers_disk_is_full_it_ends_and_is_started_again_with_room(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "kafka", 160) as disk,
        real_engines(tmp_path, partitions=2) as engines,
        world(tmp_path, 300, engines=engines.settings) as one,
    ):
        (node,) = engines.broker.nodes
        one.start()
        one.at_work("demo")
        disk.fill()
        change(one)
        assert node.process is not None
        node.process.wait(PATIENCE_S)
        until_it_says(one, "broker")
        disk.free()
        node.start()
        node.wait_ready()
        one.submit(one.applications()[:2])
        one.settle_within(2 * PATIENCE_S, deliveries=6)
        one.check()
