"""A kind of record from an installed package: nothing outside its folder knows it, and the hub runs it like its own.

The kind is a report: no person, no status, no dates of validity.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.codec.catalogue import catalogue
from hub.records.kinds import KIND_NAMES
from tests.dummies import installed

DUMMIES = ("kind",)
HUB_TOML = """
log_url = "sqlite:///log.db"
store_url = "sqlite:///store.db"
vault_url = "sqlite:///vault.db"
master_key_file = "master.key"
grants = "grants.toml"
[connectors.dummy_meter]
"""
ROWS = 4
OVERLAPPING = """
ids = [10009, 10020]
"""


def lines(config: Path, *arguments: str) -> list[dict[str, Any]]:
    """JSON lines that a command prints. It may exit 1: something was found."""
    code, out, error = installed.hub(*arguments, "--json", dummies=DUMMIES, config=config)
    assert code in (0, 1), error
    return [json.loads(line) for line in out.splitlines()]


def offsets(config: Path) -> dict[str, int]:
    return {line["topic"]: line["offsets"] for line in lines(config, "topics", "list")}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A hub on embedded engines that has read, judged and projected the dummy source's four rows."""
    home = tmp_path_factory.mktemp("kind")
    config = home / "hub.toml"
    config.write_text(HUB_TOML)
    (home / "grants.toml").write_text(installed.GRANT)
    run = installed.command("run", "--no-web", "--stages", "ingest,verify,project", config=config)
    with (home / "stderr").open("wb") as stream:
        process = subprocess.Popen(run, env=dict(installed.environ(*DUMMIES)), stdout=stream, stderr=stream)
    try:
        _wait_counted(config, process)
    finally:
        process.terminate()
        process.wait(20)
    yield config


def _wait_counted(config: Path, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + installed.PATIENCE_S
    while time.monotonic() < deadline_s:
        assert process.poll() is None, (config.parent / "stderr").read_text("utf-8")
        if (config.parent / "log.db").exists() and _projected(config) == ROWS:
            return
        time.sleep(0.3)
    raise AssertionError((config.parent / "stderr").read_text("utf-8")[-3_000:])


def _projected(config: Path) -> int:
    code, out, _ = installed.hub("rebuild", "--json", dummies=DUMMIES, config=config)
    tables = {line["table"]: line for line in json.loads(out)["tables"]} if code == 0 else {}
    return int(tables["record"]["rows"]) if "record" in tables else 0


def test_the_hub_of_these_tests_does_not_know_the_kind() -> None:
    assert "dummy.reading" not in KIND_NAMES
    assert "dummy.reading" not in catalogue().names()


def test_p1_every_row_is_received_and_has_a_verdict(config: Path) -> None:
    found = offsets(config)
    assert {name: found[f"dummy.reading.{name}"] for name in ("received", "verified", "rejected")} == {
        "received": 4, "verified": 2, "rejected": 2,
    }  # fmt: skip
    states = {line["topic"]: line["state"] for line in lines(config, "topics", "list")}
    assert set(states.values()) == {"as declared"}


def test_its_own_rule_rejects_with_its_own_code_and_a_warning_rejects_nothing(config: Path) -> None:
    rejected = lines(config, "rejected", "list")
    assert [reason["code"] for line in rejected for reason in line["reasons"]] == ["READING_BACKWARDS", "SHAPE_TYPE"]
    code, out, _ = installed.hub("check", "--list-codes", dummies=DUMMIES)
    assert code == 0
    (row,) = [line for line in out.splitlines() if "`READING_BACKWARDS`" in line]
    assert "电表读数小于上次读数" in row
    assert "| dummy.reading | runs-forwards |" in row


def test_p5_the_open_part_has_no_status_of_its_own_no_dates_and_nothing_from_inside(config: Path) -> None:
    for line in lines(config, "replay", "dummy.reading.verified"):
        value = line["value"]
        assert (value["kind"], value["issued_month"], value["valid_until_year"]) == ("dummy.reading", None, None)
        assert value["status"] == "CURRENT"
        assert [part["role"] for part in value["parts"]] == ["READING"]
    for file in ("log.db", "store.db", "vault.db"):
        assert b"METER-0000" not in (config.parent / file).read_bytes().upper(), file


def test_all_projections_can_be_made_again(config: Path) -> None:
    code, out, error = installed.hub("rebuild", dummies=DUMMIES, config=config)
    assert code == 0, out + error


def test_the_source_can_be_looked_at_before_it_is_trusted(config: Path) -> None:
    (found,) = lines(config, "connectors", "probe", "dummy_meter")
    assert [row["record"] and row["record"]["reading"]["meter_no"] for row in found["rows"]] == [
        None,
        "AAAAA-99999",
        "AAAAA-99999",
        "AAAAA-99999",
    ]  # the worst row first


def test_a_doctor_finds_nothing_wrong(config: Path) -> None:
    code, out, error = installed.hub("doctor", dummies=DUMMIES, config=config)
    assert code == 0, out + error
    assert "served by the hub, with dummy_reading" in out


def test_hub_check_judges_files_of_the_kind(tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_text(
        "authority,region,reading.meter_no,reading.kwh,reading.previous_kwh\n"
        "M,120104,A,7,5\nM,120104,A,5,7\nM,120104,A,900000,0\nM,120104,A\u202e,7,5\n"
    )
    code, out, _ = installed.hub("check", "reading", str(file), "--json", dummies=DUMMIES)
    *judged, summary = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [[one["code"] for one in line["findings"]] for line in judged] == [
        [], ["READING_BACKWARDS"], ["READING_LARGE"], ["TEXT_CONTROL"],
    ]  # fmt: skip
    assert (summary["summary"]["verified"], summary["summary"]["rejected"]) == (2, 2)


def test_its_topics_are_in_the_asyncapi_document_and_its_schemas_are_compatible() -> None:
    code, out, _ = installed.hub("schemas", "asyncapi", dummies=DUMMIES)
    assert code == 0
    for suffix in ("received", "verified", "rejected"):
        assert f"\n  dummy.reading.{suffix}:\n" in out
    assert "\n    dummy.reading.reading.v1:\n" in out


def test_p3_what_may_leave_for_a_purpose_is_what_the_package_says() -> None:
    code = (
        "from hub.privacy.purposes import shipped\n"
        "rule = shipped().get('connection-application').evidence['dummy.reading']\n"
        "print(*rule.fields, *rule.assurance)"
    )
    assert installed.python(code, DUMMIES).split() == ["reading.meter_no", "reading.kwh", "CHANNEL_ONLY"]


def test_its_connector_is_certified_like_any_other() -> None:
    code = (
        "from hub.clock import SystemClock\n"
        "from hub.connect import kit\n"
        "from hub.connect.host.registry import open_source\n"
        "info = kit.of_package('dummy_reading.meter').info\n"
        "source = open_source('dummy_meter', {}, SystemClock()).inner\n"
        "rows = kit.check_feed(source, info)\n"
        "kit.check_resumes(source)\n"
        "print(len(rows))"
    )
    assert installed.python(code, DUMMIES).strip() == str(ROWS)


def test_p2_a_package_whose_ids_overlap_is_refused_with_the_remedy(tmp_path: Path) -> None:
    package = tmp_path / "other_reading"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "catalogue.toml").write_text(OVERLAPPING)
    info = tmp_path / "other_reading-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-reading\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hub.kinds]\nother_reading = other_reading\n")
    code, out, error = installed.hub("check", "--list-codes", dummies=(*DUMMIES, tmp_path))
    assert (code, out) == (78, "")
    assert "dummy_reading and other_reading both give schema ids 10009 to 10009" in error
    assert "uninstall one of them" in error


def test_a_rule_about_another_s_kind_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "other_rules"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "catalogue.toml").write_text("ids = [20000, 20000]\n")
    (package / "kinds.toml").write_text('rules = ["other_rules.rules"]\n')
    (package / "rules.py").write_text(
        "from hub.records.rules.base import NOTHING, rule\n"
        "@rule('EXPIRED', kinds=('licence.business',))\n"
        "def lenient(record, context):\n"
        "    return NOTHING\n"
    )
    info = tmp_path / "other_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-rules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hub.kinds]\nother_rules = other_rules\n")
    code, _, error = installed.hub("check", "--list-codes", dummies=(tmp_path,))
    assert code == 78
    assert "other_rules.rules.lenient is about licence.business" in error
