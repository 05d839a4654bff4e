"""Two hundred applications full of traps: P3 (nothing unneeded leaves). No title is ever shown to the wrong case."""

from collections import Counter
from typing import Any

import pytest

from hub.bootstrap import Hub
from hub.topics.places import read_value
from tests.e2e.harness import World, world

TITLE, LICENCE = "licence.property-title", "licence.business"


def delivered(hub: Hub, application_id: bytes) -> dict[str, tuple[str, str]]:
    """Kind → (the source's key of the record that was delivered, the holder's relation)."""
    from sqlalchemy import select

    from hub.cases.tables import piece

    query = select(piece).where(piece.c.case_id == application_id, piece.c.state == "acknowledged")
    with hub.store.read() as connection:
        rows = connection.execute(query.where(piece.c.record_id.is_not(None))).all()
    found = {}
    for row in rows:
        value = read_value(hub.log, row.topic, row.partition, row.offset)
        found[row.kind] = (hub.opener.open([value])[0].original().key, row.holder_relation)
    return found


def wrong(expected: dict[str, Any], got: dict[str, tuple[str, str]]) -> str:
    """ "false" where something else was delivered than expected, "missing" where nothing was; "" where all is right."""
    title = got.get(TITLE)
    if title is None:
        return "missing" if expected["title_key"] else ""
    if title != (expected["title_key"], expected["holder_relation"]):
        return "false"
    licence, wanted = got.get(LICENCE), licence_key(expected)
    if licence is not None and licence[0] != wanted:
        return "false"
    return "missing" if licence is None and wanted else ""


def licence_key(expected: dict[str, Any]) -> str | None:
    """The licence that may be shown: one that was cancelled or revoked meanwhile may not."""
    return expected.get("licence_key") if expected.get("licence_status") == "CURRENT" else None


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with world(tmp_path_factory.mktemp("matching"), 1_000, applications=200) as one:
        entries = one.applications()[3:]
        ids = one.submit(entries)
        one.start()
        expected = [entry["expected"] for entry in entries]
        wanted = sum(1 + bool(one["title_key"]) + bool(licence_key(one)) for one in expected)
        one.settle(deliveries=wanted)
        yield one, entries, ids


def test_p3_there_is_no_false_match_and_none_is_missing(settled: tuple[World, list[Any], list[bytes]]) -> None:
    one, entries, ids = settled
    with one.hub() as hub:
        outcomes = [(e["id"], wrong(e["expected"], delivered(hub, i))) for e, i in zip(entries, ids, strict=True)]
    assert Counter(outcome for _, outcome in outcomes) == {"": len(entries)}, [o for o in outcomes if o[1]]


def test_the_traps_are_there(settled: tuple[World, list[Any], list[bytes]]) -> None:
    traps = Counter(entry["story"] for entry in settled[1])
    assert {"same-name", "co-owner", "neighbour", "superseded", "cancelled", "tenant"} <= traps.keys()
    assert min(traps.values()) >= 5
