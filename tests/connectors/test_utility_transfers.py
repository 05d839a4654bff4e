"""The connectors of the utility's reports about joint transfers, sent or fetched and from a table: their samples, and a
code that no table has."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import connectors.utility_transfers
from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.folder import of_package
from hub.ports import SourceRow
from hub.records.rules.transfers import report_known

NAMES = ("connectors.utility_transfers", "connectors.utility_transfers_table")
SAMPLES = Path(connectors.utility_transfers.__file__).parent / "samples"


def mapped(sample: Mapping[str, Any], name: str = NAMES[0]) -> SourceRow:
    folder = of_package(name)
    context = Context(folder.info, folder.info.limits, SystemClock(), folder)
    return row_of(context, DeclaredRow(str(sample.get("eventId") or sample["report_id"]), 1, "UPSERT", dict(sample)))


@pytest.mark.parametrize("name", NAMES)
def test_the_package_describes_itself_and_its_samples_hold(name: str) -> None:
    info = kit.check_package(name)
    assert (info.direction, info.kind) == ("source", "utility.transfer")
    samples = SAMPLES.parent.with_name(name.rpartition(".")[2]) / "samples"
    assert kit.check_samples(samples, "utility.transfer", lambda sample: mapped(sample, name)) == 1


def test_one_report_over_both_ways_is_one_event_with_one_content() -> None:
    """What a person writes of the table's row and of the sent one says the same: the same id, result and time."""
    sent = json.loads((SAMPLES / "arrears.json").read_text("utf-8"))
    columns = {
        "event_id": "eventId",
        "transfer_no": "transferNo",
        "question_no": "questionNo",
        "cons_holder": "consHolder",
    }
    columns |= {name: name for name in ("status", "opinion", "operator")}
    row = {"report_id": 17, "occurred_at": 1_772_417_100_000, **{name: sent[of] for name, of in columns.items()}}
    first, second = mapped(sent).record, mapped(row, NAMES[1]).record
    assert first and second
    assert (first["report"], first["authority"]) == (second["report"], second["authority"])


def test_a_code_that_no_table_has_is_unknown_and_is_refused() -> None:
    given = json.loads((SAMPLES / "arrears.json").read_text("utf-8"))
    record = mapped(given | {"status": "99"}).record
    assert record is not None and record["report"]["result"] == "UNKNOWN"
    assert report_known(record, None)  # type: ignore[arg-type]
