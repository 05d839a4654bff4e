"""Redrive: P1 (nothing is lost), P2 (nothing is doubled)."""

from typing import Any

import pytest
from sqlalchemy import select

from hub.bootstrap import Hub
from hub.pipeline.redrive import Filter, Outcome, Redrive, rejections
from hub.ports import Outgoing, SourceRow
from hub.records import tables
from hub.topics.received import Envelopes
from tests import samples
from tests.feeding import flow

KIND, NAME = "licence.property-title", "property_title"


def title(key: str, good: bool = True) -> dict[str, Any]:
    return samples.title(key) | ({} if good else {"status": "UNKNOWN"})


def receive(hub: Hub, *records: dict[str, Any]) -> None:
    rows = [SourceRow(record["source"]["key"], 1, b"raw", record) for record in records]
    sealed = hub.sealer.seal_page(samples.Info(NAME, KIND), rows, hub.clock.now_ms())
    source = ("ce_source", f"/sources/{NAME}".encode())
    writer = hub.log.writer("test")
    now_ms = hub.clock.now_ms()
    writer.commit(
        [
            Outgoing(
                f"{KIND}.received",
                0,
                row.entity_id,
                row.value,
                (("ce_id", row.record_id.hex().encode()), source),
                now_ms,
            )
            for row in sealed
        ]
    )


def redrive(hub: Hub, attempts_max: int = 5, dry_run: bool = False, **wanted: str) -> Outcome:
    job = Redrive(hub.log, hub.store, hub.clock, attempts_max)
    return job.run(Filter(**wanted), dry_run, lambda _: None)  # type: ignore[arg-type]


def tally(hub: Hub) -> tuple[int, ...]:
    with hub.store.read() as connection:
        row = connection.execute(select(tables.tally)).one()
    return row.received, row.verified, row.rejected, row.duplicate


def test_p2_a_record_sent_again_is_counted_once_and_only_its_newest_rejection_is_sent(hub: Hub) -> None:
    receive(hub, title("a"), title("b", good=False), title("c", good=False))
    flow(hub)
    assert tally(hub) == (3, 1, 2, 0)
    assert redrive(hub, dry_run=True) == Outcome(sent=2)
    assert redrive(hub) == Outcome(sent=2)
    flow(hub)
    assert tally(hub) == (3, 1, 2, 0)
    assert [one.attempt for one, _ in rejections(hub.log, Filter())] == [1, 1, 2, 2]
    assert redrive(hub) == Outcome(sent=2, settled=2)


def test_the_attempt_cap_holds(hub: Hub) -> None:
    receive(hub, title("b", good=False))
    flow(hub)
    assert redrive(hub, attempts_max=2).sent == 1
    flow(hub)
    assert redrive(hub, attempts_max=2) == Outcome(sent=0, settled=1, capped=1)


def test_p1_once_the_cause_is_mended_the_record_is_verified(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.records.rules import codes

    receive(hub, title("b", good=False))
    flow(hub)
    monkeypatch.setattr("hub.records.verdict.REJECTING", codes.REJECTING - {"STATUS_UNKNOWN"})
    assert redrive(hub, code="STATUS_UNKNOWN").sent == 1
    flow(hub)
    assert tally(hub) == (1, 1, 0, 0)
    assert redrive(hub) == Outcome(settled=1)


def test_p2_a_reading_that_is_sent_again_is_still_that_reading(hub: Hub) -> None:
    receive(hub, title("b", good=False))
    flow(hub)
    row = SourceRow("b", 1, b"raw", title("b", good=False), reading=1)
    sealed = hub.sealer.seal_page(samples.Info(NAME, KIND), [row], hub.clock.now_ms())
    writer = hub.log.writer("test")
    writer.commit(Envelopes(NAME, hub.settings.partitions, hub.clock.now()).page(sealed, {}))
    flow(hub)
    assert redrive(hub) == Outcome(sent=1, settled=1)
    flow(hub)
    assert tally(hub) == (1, 0, 1, 0)
    readings = [dict(record.headers).get("hub_reading") for _, record in rejections(hub.log, Filter())]
    assert readings == [None, b"1", b"1"]


def test_filters_choose(hub: Hub) -> None:
    receive(hub, title("b", good=False))
    flow(hub)
    (one, _), *_ = rejections(hub.log, Filter())
    assert (one.source, one.reasons[0]["code"]) == (NAME, "STATUS_UNKNOWN")
    for wanted, count in (
        (Filter(code="ID_CHECK"), 0),
        (Filter(source="elsewhere"), 0),
        (Filter(kind="licence.business"), 0),
        (Filter(record_id=one.record_id), 1),
        (Filter(since_ms=one.timestamp_ms + 60_000), 0),
    ):
        assert len(list(rejections(hub.log, wanted))) == count
