"""A title that ends after its delivery, on a whole hub that is killed with -9 at the push, before a connection system
that drops its answers after it has taken effect: the system is told once, before and after electricity is on."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import Hub
from hub.cases.by import By
from hub.ports import Plain, SourceRow
from hub.topics.received import Envelopes
from tests import samples
from tests.casework import body
from tests.e2e.harness import PATIENCE_S, World, rebuilt_otherwise, world

TITLE = "licence.property-title"
KINDS = {"unit": TITLE, "step": "utility.step"}


@pytest.fixture
def one(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, 20) as made:
        yield made


def read(hub: Hub, *records: Plain) -> None:
    """A source has these, and the hub has read them."""
    for record in records:
        kind, source = next(kind for part, kind in KINDS.items() if part in record), record["source"]
        row = SourceRow(source["key"], source["version"], repr(record).encode(), record)
        sealed = hub.sealer.seal_page(samples.Info(source["system"], kind), [row], hub.clock.now_ms())
        writer = hub.log.writer("samples")
        writer.commit(Envelopes(source["system"], hub.settings.partitions, hub.clock.now()).page(sealed, {"place": 1}))
        writer.close()


def until(one: World, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """Wait until the application has pieces of exactly these kinds, all acknowledged."""
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        case_id = hub.applications().find("gov-platform", "A-1")
        assert case_id
        while True:
            pieces: list[dict[str, Any]] = hub.applications().show(case_id)["deliveries"]
            if [(piece["kind"], piece["state"]) for piece in pieces] == [(kind, "acknowledged") for kind in kinds]:
                return pieces
            assert time.monotonic() < deadline_s, f"{pieces}\n{one.tail()}"
            time.sleep(0.2)


def ended(one: World) -> None:
    """Wait until the hub has heard that electricity is on."""
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        case_id = hub.applications().find("gov-platform", "A-1") or b""
        while hub.applications().show(case_id)["ended"] != "END":
            assert time.monotonic() < deadline_s, one.tail()
            time.sleep(0.2)


def taken_effect(one: World) -> None:
    """Wait until the system has stored what it was told, also when it answers nothing."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not any(one.sandbox.control("utility_crm", "effects")[name] for name in ("withdrawals", "recalls")):
        assert time.monotonic() < deadline_s, one.tail()
        time.sleep(0.1)


def electricity_on(hub: Hub, case_id: bytes) -> list[Plain]:
    number, at_ms = hub.parts.references("utility_crm").hub_number(case_id), hub.clock.now_ms()
    told = (("acceptance", at_ms), ("completion", at_ms + 1))
    steps = (samples.step(f"E-{name}", "END", name, at, application_no=number) for name, at in told)
    return [one | {"assurance": "CHANNEL_ONLY"} for one in steps]


@pytest.mark.parametrize(
    ("on", "kind", "kills", "drops"),
    [
        (False, "withdrawal", ("project.applied",), True),
        (True, "recall", ("project.applied", "deliver.posted"), False),
    ],
    ids=["before electricity is on", "after it"],
)
def test_p1_p2_a_title_that_ends_is_told_once(
    one: World, on: bool, kind: str, kills: Sequence[str], drops: bool
) -> None:
    with one.hub() as hub:
        read(hub, samples.title())
        case_id = hub.applications().submit(body("A-1"), By("cli:test")).case_id
    one.start()
    until(one, ["registration", TITLE])
    one.kill()
    if on:
        with one.hub() as hub:
            read(hub, *electricity_on(hub, case_id))
        one.start()
        ended(one)
        one.kill()
    with one.hub() as hub:
        read(hub, samples.title(version=hub.clock.now_ms()) | {"status": "REVOKED"})
    for point in kills:
        one.start(crash=f"{point}:1")
        one.wait_killed()
    if drops:
        one.sandbox.fault("utility_crm", "drop_after_commit", path="/applications")
    one.start()
    taken_effect(one)
    one.sandbox.clear("utility_crm")
    assert until(one, ["registration", TITLE, kind])[-1]["found_by_asking"]
    effects = one.sandbox.control("utility_crm", "effects")
    assert effects["doubled"] == []
    assert (len(effects["withdrawals"]), len(effects["recalls"])) == ((0, 1) if on else (1, 0))
    with one.hub() as hub:
        assert rebuilt_otherwise(hub, one.home) == []
