"""What tests of recalls do with a whole hub: records that change, and the pieces that follow."""

import time
from collections.abc import Sequence
from typing import Any

from hub.bootstrap import Hub
from hub.ports import Plain, SourceRow
from hub.topics.received import Envelopes
from tests import samples
from tests.e2e.harness import PATIENCE_S, World

TITLE = "licence.property-title"
KINDS = {"unit": TITLE, "step": "utility.step", "report": "utility.transfer"}


def read(hub: Hub, *records: Plain) -> None:
    """A source has these, and the hub has read them."""
    for record in records:
        kind, source = next(kind for part, kind in KINDS.items() if part in record), record["source"]
        row = SourceRow(source["key"], source["version"], repr(record).encode(), record)
        sealed = hub.sealer.seal_page(samples.Info(source["system"], kind), [row], hub.clock.now_ms())
        writer = hub.log.writer("samples")
        writer.commit(Envelopes(source["system"], hub.settings.partitions, hub.clock.now()).page(sealed, {"place": 1}))
        writer.close()


def until(one: World, kinds: Sequence[str], external_no: str = "A-1") -> list[dict[str, Any]]:
    """Wait until the application has pieces of exactly these kinds, all acknowledged."""
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        case_id = hub.applications().find("gov-platform", external_no)
        assert case_id
        while True:
            pieces: list[dict[str, Any]] = hub.applications().show(case_id)["deliveries"]
            if [(piece["kind"], piece["state"]) for piece in pieces] == [(kind, "acknowledged") for kind in kinds]:
                return pieces
            assert time.monotonic() < deadline_s, f"{pieces}\n{one.tail()}"
            time.sleep(0.2)


def ended(one: World, external_no: str = "A-1") -> None:
    """Wait until the hub has heard that electricity is on."""
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        case_id = hub.applications().find("gov-platform", external_no) or b""
        while hub.applications().show(case_id)["ended"] != "END":
            assert time.monotonic() < deadline_s, one.tail()
            time.sleep(0.2)


def taken_effect(one: World, pieces: int = 1) -> None:
    """Wait until the system has stored so much of what it was told, also when it answers nothing."""
    deadline_s = time.monotonic() + PATIENCE_S
    while sum(len(one.sandbox.control("utility_crm", "effects")[name]) for name in ("withdrawals", "recalls")) < pieces:
        assert time.monotonic() < deadline_s, one.tail()
        time.sleep(0.1)


def electricity_on(hub: Hub, case_id: bytes) -> list[Plain]:
    number, at_ms = hub.parts.references("utility_crm").hub_number(case_id), hub.clock.now_ms()
    told = (("acceptance", at_ms), ("completion", at_ms + 1))
    steps = (samples.step(f"E-{name}-{number}", "END", name, at, application_no=number) for name, at in told)
    return [one | {"assurance": "CHANNEL_ONLY"} for one in steps]
