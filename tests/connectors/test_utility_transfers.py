"""The connector of the utility's reports about joint transfers: its samples, and a code that no table has."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import connectors.utility_transfers
from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.folder import of_package
from hub.ports import SourceRow
from hub.records.rules.transfers import report_known

NAME = "connectors.utility_transfers"
SAMPLES = Path(connectors.utility_transfers.__file__).parent / "samples"


def mapped(sample: Mapping[str, Any]) -> SourceRow:
    folder = of_package(NAME)
    context = Context(folder.info, folder.info.limits, SystemClock(), folder)
    return row_of(context, DeclaredRow(str(sample["eventId"]), 1, "UPSERT", dict(sample)))


def test_the_package_describes_itself_and_its_samples_hold() -> None:
    info = kit.check_package(NAME)
    assert (info.direction, info.kind) == ("source", "utility.transfer")
    assert kit.check_samples(SAMPLES, "utility.transfer", mapped) == 1


def test_a_code_that_no_table_has_is_unknown_and_is_refused() -> None:
    given = json.loads((SAMPLES / "arrears.json").read_text("utf-8"))
    record = mapped(given | {"status": "99"}).record
    assert record is not None and record["report"]["result"] == "UNKNOWN"
    assert report_known(record, None)  # type: ignore[arg-type]
