"""The steps of a utility, fetched and from its table, with the nulls and codes of real systems."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from hub.cases.steps.tables import step as steps
from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.folder import of_package
from hub.connect.host import registry
from hub.connect.host.guard import GuardedSource
from hub.ports import SourceRow
from hub.records.kinds import KINDS
from hub.records.verdict import Context as Judging
from hub.records.verdict import judge
from sandbox import launch
from sandbox.launch import Running
from sandbox.steps.plans import PLANS
from tests import samples
from tests.casework import ConnectionSystem, House, body
from tests.grants import granted

NAMES = ("utility_steps", "utility_steps_table")
KIND = "utility.step"
CASE = {"externalAppNo": "7K3M9-QPDX-2V4TW", "appNo": "A1", "since": "2026-03-02T09:00:00+08:00", "every_s": 600}


@pytest.fixture(scope="module")
def utility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with launch.start(5, 20, tmp_path_factory.mktemp("steps"), systems=("utility_steps",)) as running:
        for way in ("pull", "table"):
            running.control("utility_steps", "play", CASE | {"way": way, "plan": "starred"})
        yield running


def opened(utility: Running, name: str) -> GuardedSource:
    quick = {"page_rows": 4} if name == "utility_steps" else {"lag_s": 0.5, "sweep_s": 0.2, "page_rows": 50}
    return registry.open_source(name, utility.connectors()[name] | quick, SystemClock(), grant=granted(name))


def mapped(name: str, sample: Mapping[str, Any]) -> SourceRow:
    folder = of_package(f"connectors.{name}")
    key = str(sample.get("eventId") or sample.get("step_id"))
    context = Context(folder.info, folder.info.limits, SystemClock(), folder)
    return row_of(context, DeclaredRow(key, 1, "UPSERT", dict(sample)))


def sample(name: str, what: str) -> dict[str, Any]:
    folder = Path(str(import_module(f"connectors.{name}").__file__)).parent / "samples"
    found: dict[str, Any] = json.loads((folder / f"{what}.json").read_text("utf-8"))
    return found


def step(row: SourceRow) -> dict[str, Any]:
    assert row.record is not None, row.faults
    found: dict[str, Any] = row.record["step"]
    return found


def reasons(row: SourceRow) -> list[str]:
    assert row.record is not None
    record = KINDS[KIND].complete(row.record)
    return [one.code for one in judge(KIND, record, Judging.at(datetime.now(UTC))).rejections]


@pytest.mark.parametrize("name", NAMES)
def test_the_package_describes_itself_and_its_samples_map_as_expected(name: str) -> None:
    kit.check_package(f"connectors.{name}")
    folder = Path(str(import_module(f"connectors.{name}").__file__)).parent / "samples"
    assert kit.check_samples(folder, KIND, lambda one: mapped(name, one)) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_every_step_of_a_case_is_read_and_is_good(utility: Running, name: str) -> None:
    source = opened(utility, name)
    rows = kit.check_feed(source, source.context.info)
    assert [reasons(row) for row in rows] == [[]] * len(rows)
    told = {(step(row)["segment"], step(row)["action"]) for row in rows}
    told |= {(step(row)["segment"], "START") for row in rows if step(row)["started_at_ms"]}
    segments = ("acceptance", "supply-plan", "design-review", "mid-inspection", "completion")
    assert told >= {(segment, action) for segment in segments for action in ("START", "END")}
    assert kit.check_remap(source.inner, rows) == len(rows)
    steps = len({code for code, _ in PLANS["starred"]})
    assert len(rows) == (len(PLANS["starred"]) if name == "utility_steps" else steps)
    source.close()


@pytest.mark.parametrize(
    ("changes", "action", "segment"),
    [
        ({"sendElectType": "3"}, "END", "acceptance"),
        ({"sendElectType": 3}, "END", "acceptance"),
        ({"sendElectType": "04"}, "NOT_ACCEPTED", ""),
        ({"sendElectType": "6"}, "CORRECTION_START", ""),
        ({"sendElectType": "7"}, "CORRECTION_END", ""),
        ({"sendElectType": "8"}, "WITHIN", ""),
        ({"sendElectType": "9"}, "SPECIAL_START", ""),
        ({"sendElectType": "10"}, "SPECIAL_END", ""),
        ({"sendElectType": "11"}, "END", "completion"),
        ({"eventType": "start", "stepCode": 100}, "START", "design-review"),
        ({"eventType": "END", "stepCode": "60"}, "END", "supply-plan"),
        ({"eventType": "RETURN", "stepCode": "120"}, "RETURN", "completion"),
        ({"eventType": "TERMINATE"}, "TERMINATE", ""),
    ],
)
def test_codes_say_what_an_event_is(changes: dict[str, Any], action: str, segment: str) -> None:
    event = {"eventId": "E-1", "externalAppNo": "7K3M9-QPDX-2V4TW", "auditTime": "2026-03-02 10:00:00"}
    event |= {} if "sendElectType" in changes else {"occurredAt": "2026-03-02 10:00:00"}
    found = step(mapped("utility_steps", event | changes))
    assert (found["action"], found["segment"], found["application_no"]) == (action, segment, "7K3M9QPDX2V4TW")
    assert found["occurred_at_ms"] == 1772416800000


@pytest.mark.parametrize(
    ("given", "item", "amount"),
    [
        ({"chargeItem": "材料费", "chargeAmount": "1200.00元"}, "材料费", "1200.00"),
        ({"chargeItem": "材料费", "chargeAmount": "￥1,300"}, "材料费", "1300"),
        ({"chargeItem": "材料费", "chargeAmount": 300.5}, "材料费", "300.5"),
        ({"chargeItem": "材料费", "chargeAmount": "叁佰元"}, "材料费 叁佰元", None),
        ({"chargeAmount": "-5元"}, "-5元", None),
        ({"chargeItem": ["材料费"], "chargeAmount": {"元": 5}}, "['材料费'] {'元': 5}", None),
        ({"chargeItem": "费" * 999, "chargeAmount": "1" * 99}, "费" * 200, None),
        ({"chargeItem": " ", "chargeAmount": ""}, None, None),
    ],
)
def test_p6_no_form_of_an_amount_keeps_a_charge_out(
    given: dict[str, Any], item: str | None, amount: str | None
) -> None:
    row = mapped(
        "utility_steps", sample("utility_steps", "charge") | {"chargeItem": None, "chargeAmount": None} | given
    )
    assert (step(row)["charge_item"], step(row)["charge_amount"]) == (item, amount)
    assert (row.faults, reasons(row)) == ((), [])


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_code_is_told(name: str) -> None:
    assert reasons(mapped(name, sample(name, "unknown-code"))) == ["STEP_UNKNOWN"]


@pytest.mark.parametrize("null", [2147483647, "2147483647", "", None])
def test_a_step_that_runs_has_the_start_that_it_has_when_it_is_done(null: Any) -> None:
    row = sample("utility_steps_table", "done")
    running, done = (
        step(mapped("utility_steps_table", row | {"acmp_time": null})),
        step(mapped("utility_steps_table", row)),
    )
    assert (running["action"], running["started_at_ms"]) == ("START", running["occurred_at_ms"])
    assert (done["action"], done["started_at_ms"]) == ("END", running["occurred_at_ms"])
    assert running["event_id"] == done["event_id"]


@pytest.mark.parametrize("code", ["030", "060", "105", "125", "140", "150"])
def test_p4_a_step_that_was_received_and_is_done_is_two_events_and_no_conflict(tmp_path: Path, code: str) -> None:
    """An honest table tells a step inside a segment, or the one that ends it, twice under one key."""
    house, system = House(tmp_path, kinds=frozenset()), ConnectionSystem()
    house.submit(body("A-1", voltage="HIGH_10KV", sanling=False))
    house.due()
    house.deliver(system)
    at = partial(datetime.fromtimestamp, tz=UTC)
    now_s = house.clock.now_ms() // 1000
    row = sample("utility_steps_table", "done") | {"step_id": "77", "step_no": code, "app_no": "R1"}
    row |= {"rcv_time": at(now_s + 60).isoformat(), "acmp_time": None}
    house.clock.pass_s(7_200)
    for version in (row, row | {"acmp_time": at(now_s + 3_600).isoformat()}):
        read = mapped("utility_steps_table", version)
        house.verified(samples.step("77", "WITHIN") | {"step": step(read)})
        house.project()
    told = house.rows(steps)
    assert len(told) == 2
    assert "STEP_CONFLICT" not in {one.why for one in told}
    house.close()


@pytest.mark.parametrize("nothing", ["NULL", "null", "2147483647", 2147483647, "-"])
def test_a_word_for_no_time_is_no_time(nothing: Any) -> None:
    """P1: a time that may be left out keeps no step from its case."""
    told = {"eventId": "E-1", "externalAppNo": "7K3M9QPDX2V4TW", "eventType": "END", "stepCode": "010"}
    optional = ("customerRequestedAt", "startedAt", "recordedAt", "appointmentAt", "contractSignedAt", "promisedOn")
    times = dict.fromkeys((*optional, "firstReadingAt"), nothing)
    found = step(mapped("utility_steps", told | {"occurredAt": "2026-03-02T10:00:00+08:00"} | times))
    names = ("requested_at_ms", "started_at_ms", "recorded_at_ms", "appointment_at_ms", "contract_signed_at_ms")
    assert {found[name] for name in (*names, "first_reading_at_ms", "promised_on")} == {None}
