"""Evidence that was delivered and whose record ends: the sinks that have it are told, and it is looked for again."""

from pathlib import Path
from typing import Any

import pytest

from hub.cases import reasons
from hub.cases.evidence.tables import need
from hub.cases.procedure import SinkInfo
from hub.cases.tables import piece
from tests import samples
from tests.casework import ConnectionSystem, House, body

LICENCE = "licence.business"


@pytest.fixture
def house(tmp_path: Path) -> Any:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def sink() -> ConnectionSystem:
    return ConnectionSystem()


def later(version: int = 2, **changes: Any) -> dict[str, Any]:
    record = samples.business(version=version)
    return record | changes | {"source": record["source"] | changes.get("source", {})}


def sent(sink: ConnectionSystem, kind: str) -> list[dict[str, Any]]:
    return [one for (one,) in sink.effects.values() if one["kind"] == kind]


def withdrawals(sink: ConnectionSystem) -> list[dict[str, Any]]:
    return [one for (one,) in sink.effects.values() if "withdrawnAt" in one]


def state(house: House) -> tuple[str, str]:
    return next((row.state, row.reason) for row in house.rows(need) if row.kind == LICENCE)


def delivered(house: House, sink: ConnectionSystem) -> dict[str, Any]:
    """An application whose licence is delivered; the evidence as it was sent."""
    house.live(samples.business())
    house.submit(body())
    house.due()
    house.deliver(sink)
    (evidence,) = sent(sink, LICENCE)
    assert state(house) == ("met", reasons.MET)
    return evidence


def test_a_licence_that_ends_is_taken_back_from_the_sink_that_has_it(house: House, sink: ConnectionSystem) -> None:
    evidence = delivered(house, sink)
    house.live(later(status="REVOKED"))
    house.deliver(sink)
    (taken,) = withdrawals(sink)
    assert {name: taken[name] for name in ("kind", "recordId", "reading", "reason", "withdrawnAt")} == {
        "kind": LICENCE,
        "recordId": evidence["recordId"],
        "reading": evidence["reading"],
        "reason": "NOT_CURRENT",
        "withdrawnAt": "2026-03-02T09:00+08:00",
    }
    assert state(house)[0] == "open"
    assert {row.state for row in house.rows(piece)} == {"acknowledged"}
    house.live(later(3, status="REVOKED"))
    assert house.deliver(sink) == 0, "it is taken back once"


def test_a_later_version_that_fits_follows_as_evidence_of_its_own(house: House, sink: ConnectionSystem) -> None:
    evidence = delivered(house, sink)
    house.live(later(2))
    house.deliver(sink)
    (taken,) = withdrawals(sink)
    assert (taken["recordId"], taken["reason"]) == (evidence["recordId"], "SUPERSEDED")
    ids = [one["recordId"] for one in sent(sink, LICENCE)]
    assert len({*ids}) == 2 and state(house) == ("met", reasons.MET)


def test_a_licence_that_the_source_deletes_is_taken_back(house: House, sink: ConnectionSystem) -> None:
    delivered(house, sink)
    house.live(later(2, source={"operation": "DELETE"}))
    house.deliver(sink)
    assert [one["reason"] for one in withdrawals(sink)] == ["NOT_CURRENT"]


def test_p2_what_the_sink_never_got_is_not_taken_back(house: House, sink: ConnectionSystem) -> None:
    """The evidence and its withdrawal wait in one queue: the first is withdrawn before it is sent, and so the second
    has nothing to take back."""
    house.live(samples.business())
    house.submit(body())
    house.due()
    house.live(later(status="REVOKED"))
    house.deliver(sink)
    assert (sent(sink, LICENCE), withdrawals(sink)) == ([], [])
    states = sorted(row.state for row in house.rows(piece))
    assert states == ["acknowledged", "withdrawn", "withdrawn"]


def test_p1_what_the_sink_got_while_the_record_ended_is_taken_back(house: House, sink: ConnectionSystem) -> None:
    """The push ends after the record: the withdrawal waits for its outcome."""
    house.live(samples.business())
    house.submit(body())
    house.due()
    push = sink.push

    def while_it_ends(address: Any, sent_body: Any) -> Any:
        if address.kind == LICENCE:
            house.live(later(status="REVOKED"))
        return push(address, sent_body)

    sink.push = while_it_ends  # type: ignore[method-assign]
    house.deliver(sink)
    house.deliver(sink)
    assert [one["reason"] for one in withdrawals(sink)] == ["NOT_CURRENT"]


def test_a_sink_that_takes_no_withdrawals_is_not_told_and_the_evidence_is_looked_for_all_the_same(
    tmp_path: Path, sink: ConnectionSystem
) -> None:
    (tmp_path / "h").mkdir()
    house = House(tmp_path / "h", sinks=(SinkInfo("utility_crm", ("connection:registration", "connection:licence.*")),))
    delivered(house, sink)
    house.live(later(status="REVOKED"))
    house.deliver(sink)
    assert (withdrawals(sink), state(house)[0]) == ([], "open")
    house.close()


def test_p4_the_tables_are_the_same_when_they_are_made_again(house: House, sink: ConnectionSystem) -> None:
    delivered(house, sink)
    house.live(later(2))
    house.deliver(sink)
    house.relay()
    assert {name: one for name, one in house.remade().items() if not one.equal} == {}
