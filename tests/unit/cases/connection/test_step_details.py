"""P5: what the steps say beside their times is shown to a person of the utility, from the sealed records, and nowhere
else."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from hub.cases.connection.steps.looked import StepsLooked
from hub.cases.connection.tables import row_of
from hub.cli.shown import steps as _steps
from hub.errors import RecordRejected
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import canary, samples
from tests.casework import BY, ConnectionSystem, House, body

AT_MS = 1_646_100_000_000
SAID = {"manager": "钱七[/red]", "grid": "南开一网格", "meter_no": "M-9981", "first_reading": "12.5"}
TIMES = {"appointment_at_ms": AT_MS, "contract_signed_at_ms": AT_MS + 1, "first_reading_at_ms": AT_MS + 2}
NOTHING = dict.fromkeys((*SAID, *(name.removesuffix("_ms") for name in TIMES)))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, kinds=frozenset())
    yield made
    made.close()


def reported(house: House) -> bytes:
    """A case with an acceptance that says all, and after it an end of what was never opened that says nothing."""
    case_id = house.submit(body(voltage="HIGH_10KV", sanling=False)).case_id
    house.due()
    house.deliver(ConnectionSystem())
    named = {"application_no": References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id)}
    house.clock.pass_s(86_400)
    at_ms = house.clock.now_ms() - 3_600_000
    house.verified(samples.step("E-1", "END", "acceptance", at_ms, **named, **SAID, **TIMES))
    house.verified(samples.step("E-2", "END", "completion", at_ms + 60_000, **named))
    house.project()
    return case_id


def values(house: House, topic: str) -> list[bytes]:
    scanned = (batch for partition in range(2) for batch in house.log.scan(topic, partition))
    return [one.value or b"" for batch in scanned for one in batch.records]


def printed(house: House, case_id: bytes) -> str:
    out = Console(width=300)
    with out.capture() as told:
        out.print(_steps.table(house.applications.steps(case_id, "李明", BY)))
    return told.get()


def test_a_person_sees_each_step_with_its_verdict_and_what_its_record_says(house: House) -> None:
    case_id = reported(house)
    first, second = house.applications.steps(case_id, "李明", BY)
    assert (first["segment"], first["action"], first["state"], first["why"]) == ("acceptance", "END", "COUNTED", None)
    assert SAID.items() <= first.items()
    assert first["appointment_at"] == "2022-03-01T02:00:00.000Z"
    assert first["first_reading_at"] == "2022-03-01T02:00:00.002Z"
    assert second["why"] == "STEP_NEVER_OPENED"
    assert (NOTHING | {"problem": None}).items() <= second.items()
    told = printed(house, case_id)
    for text in ("钱七[/red]", "M-9981", "2022-03-01 10:00:00", "STEP_NEVER_OPENED"):
        assert text in told


def test_p5_what_was_erased_says_so_and_nothing_else(house: House) -> None:
    case_id = reported(house)
    for found in house.opener.open(values(house, "utility.step.verified")):
        for part in found.envelope["parts"]:
            house.vault.erase(part["subject_id"])
    first, _ = house.applications.steps(case_id, "李明", BY)
    assert (NOTHING | {"problem": "ERASED"}).items() <= first.items()
    assert first["state"] == "COUNTED"
    assert "ERASED" in printed(house, case_id)
    assert "钱七" not in printed(house, case_id)


def test_p5_no_channel_and_no_topic_of_cases_has_it(house: House) -> None:
    case_id = reported(house)
    house.relay()
    shown = json.dumps([house.applications.show(case_id), house.applications.clock(case_id)], ensure_ascii=False)
    events = b"".join(values(house, "connection.events"))
    assert b"acceptance" in events
    assert not [text for text in SAID.values() if text in shown or text.encode() in events]


def test_an_application_that_there_is_not_has_no_steps(house: House) -> None:
    with pytest.raises(RecordRejected, match="NO_SUCH_APPLICATION"):
        house.applications.steps(bytes(16), "李明", BY)


def test_p4_a_look_is_an_event_with_purpose_and_the_sealed_name(house: House, tmp_path: Path) -> None:
    case_id = reported(house)
    house.applications.steps(case_id, "欧阳听雨", BY)
    house.relay()
    entries = [house.journal.procedures.types.read(one) for one in values(house, "connection.events")]
    (looked,) = [one for one in entries if isinstance(one.event, StepsLooked)]
    assert (looked.case_id, looked.by.principal, looked.by.channel) == (case_id, BY.principal, "gov-platform")
    assert isinstance(looked.event, StepsLooked)
    assert looked.event.purpose == "connection-application"
    with house.store.read() as connection:
        subject = bytes(row_of(connection, case_id).subject_id)
    (opened,) = house.opener.open_values([(subject, bytes(looked.event.sealed))])
    assert opened == '{"person": "欧阳听雨"}'.encode()
    assert canary.search(["欧阳听雨"], [path for path in tmp_path.rglob("*") if path.is_file()]) == []
    assert {name: one.differences for name, one in house.remade().items() if not one.equal} == {}
