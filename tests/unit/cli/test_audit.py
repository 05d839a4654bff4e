"""``hub audit`` on the tables of a hub: what an auditor reads, each time the same bytes, no personal value (P4, P5)."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook
from sqlalchemy import insert, select, update

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub
from hub.cases.by import By
from hub.cases.calendar import china_day
from hub.cases.connection.materials.decide import GIVEN
from hub.cases.connection.materials.tables import request
from hub.cases.connection.tables import application
from hub.cases.evidence.tables import need
from hub.cases.ratings.tables import rating, rating_refusal
from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, SUPPLY_PLAN, Action, Fact
from hub.cases.steps.tables import case_number, number_dispute, step
from hub.cases.tables import case, notice
from hub.cli import cli
from hub.errors import Misconfigured
from hub.privacy.names import utility_number
from hub.privacy.references import grouped
from hub.records.tables import current, record_link
from tests import samples
from tests.casework import body
from tests.unit.audit.cases import END, HONEST, fact, ms
from tests.unit.audit.test_cheats import APPROVED, CHEATS

PRIVATE = (samples.USCC, samples.UNIT_NO, "津门电气")
OVER = fact(ACCEPTANCE, END, "2022-03-02"), fact(SUPPLY_PLAN, END, "2022-03-08")
DAYS = ("--from", "2022-03-01", "--to", "2022-03-31")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hub.toml").write_text(SETTINGS, "utf-8")
    opened = open_hub(hub_settings.load(None))
    yield opened
    opened.close()


SETTINGS = """
channels = ["gov-platform"]

[connectors.utility_crm]
url = "http://127.0.0.1:1"
token = "t"
"""


BY = By("cli:test")


def submit(hub: Hub, number: str, *facts: Fact, **changes: Any) -> bytes:
    """An application of the first of March 2022, and what was reported of it."""
    case_id = hub.applications().submit(body(number, sanling=False, **changes), BY).case_id
    with hub.store.write() as connection:
        opened = update(case).where(case.c.case_id == case_id)
        connection.execute(opened.values(opened_ms=ms("2022-03-01T09:00:00")))
        begun = update(application).where(application.c.case_id == case_id)
        connection.execute(begun.values(policy="tianjin-2022"))
        if facts:
            connection.execute(insert(step), [_row(case_id, one) for one in facts])
    return case_id


def _row(case_id: bytes, one: Fact) -> dict[str, Any]:
    """A row of ``step``; its verdict is a wrong one, which no one believes."""
    copied = ("segment", "occurred_ms", "received_ms", "requested_ms", "recorded_ms", "explained", "approved")
    return {name: getattr(one, name) for name in copied} | {
        "record_id": _id(case_id, one.record_id),
        "action": one.action.value,
        "case_id": case_id,
        "reading": 0,
        "source": "utility_steps",
        "event": _id(case_id, one.event),
        "amends": _id(case_id, one.amends) if one.amends else None,
        "becomes_type": one.becomes.case_type if one.becomes else None,
        "becomes_starred": one.becomes.starred if one.becomes else None,
        "topic": "utility.step.verified",
        "partition": 0,
        "offset": 0,
        "state": "CLAIM",
        "why": "STEP_FUTURE",
        "at_ms": 0,
        "late": True,
    }


def _id(case_id: bytes, name: bytes) -> bytes:
    return sha256(case_id + name).digest()[:16]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["audit", *arguments])


def table(text: str) -> list[dict[str, str]]:
    """CSV by its columns' English names."""
    titles, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    return [dict(zip((title.split()[-1] for title in titles), row, strict=True)) for row in rows]


def test_every_segment_of_the_time_is_counted_again_whatever_the_tables_conclude(hub: Hub) -> None:
    case_id = submit(hub, "A-1", *OVER)
    done = run("steps", *DAYS)
    assert done.exit_code == 0, done.output
    rows = table(done.stdout)
    assert [(one["segment"], one["working_days"], one["limit"], one["over"]) for one in rows] == [
        (ACCEPTANCE, "1", "1", "0"),
        (SUPPLY_PLAN, "4", "2", "2"),
        ("whole", "5", "5", "0"),
    ]
    assert {one["application_id"].strip("'") for one in rows} == {case_id.hex()}
    assert {one["district"] for one in rows} == {"'120101"}
    assert rows[0]["numbers"].strip("'") == hub.parts.references("utility_crm").hub_number(case_id)


def test_only_what_is_over_only_a_district_only_a_kind_only_a_time(hub: Hub) -> None:
    submit(hub, "A-1", *OVER)
    submit(hub, "A-2", *HONEST, site={"address": "天津市南开区南京路1号"})

    def segments_of(*arguments: str) -> list[str]:
        return [json.loads(line)["segment"] for line in run("steps", "--json", *arguments).stdout.splitlines()]

    assert segments_of(*DAYS, "--over") == [SUPPLY_PLAN]
    assert segments_of(*DAYS, "--district", "120104") == [ACCEPTANCE, SUPPLY_PLAN, COMPLETION, "whole"]
    assert len(segments_of(*DAYS, "--district", "120000")) == 7
    assert segments_of(*DAYS, "--kind", "high-dual") == []
    assert segments_of("--from", "2022-03-15", "--to", "2022-03-31", "--over") == []
    assert segments_of("--from", "2022-02-01", "--to", "2022-02-28") == []


def test_a_day_that_is_not_over_cannot_be_counted(hub: Hub) -> None:
    tomorrow = china_day(hub.clock.now()) + timedelta(days=1)
    done = run("steps", "--from", "2022-03-01", "--to", tomorrow.isoformat())
    assert done.exit_code == 2
    assert "is after today" in done.output


@pytest.mark.parametrize(
    ("command", "said", "code"),
    [
        (("steps", "--from", "2022-04-01", "--to", "2022-03-01"), "--from is after --to", 2),
        (("steps", *DAYS, "--district", "12010"), "six digits", 2),
        (("offsystem", "--contacts", "none.csv"), "does not exist", 2),
        (("evidence", *DAYS, "--csv", "none/e.csv"), "none/e.csv cannot be written (No such file or directory)", 2),
        (("evidence", *DAYS, "--json", "--csv", "none/e.json"), "name a file in a folder that is there", 2),
        (("steps", *DAYS, "--csv", "."), "cannot be written (Is a directory)", 2),
        (("sample", "--seed", "x" * 201, "-n", "1"), "more than 200 characters", 2),
    ],
)
def test_wrong_usage_is_told_with_its_remedy(command: tuple[str, ...], said: str, code: int) -> None:
    done = run(*command)
    assert done.exit_code == code, done.output
    assert said in done.output


def test_a_file_of_another_sort_is_refused_with_the_columns_that_it_needs(hub: Hub, tmp_path: Path) -> None:
    done = run("offsystem", "--contacts", write(tmp_path, "c.csv", "name,telephone", "王伟,13000000000"))
    assert isinstance(done.exception, Misconfigured)
    assert "application_no,app_no,contacted_at" in str(done.exception)
    assert "王伟" not in str(done.exception)


def write(folder: Path, name: str, *lines: str) -> str:
    (folder / name).write_text("\n".join(lines), "utf-8")
    return name


def test_files_of_other_systems_are_compared_by_either_number(hub: Hub, tmp_path: Path) -> None:
    case_id = submit(hub, "A-1", *HONEST)
    other = submit(hub, "A-2", *HONEST)
    number = grouped(hub.parts.references("utility_crm").hub_number(case_id))
    (number_id,) = hub.vault.identify([utility_number("供电公司", "120104000000000123")])
    with hub.store.write() as connection:
        connection.execute(insert(case_number).values(number_id=number_id, case_id=other, sort="UTILITY"))
    archive = write(
        tmp_path,
        *("archive.csv", "application_no,app_no,completed_at,accepted_at,rating"),
        *(f"{number},,2022-03-16,2022-03-02,", f"{number.lower()},,2022-03-16,2022-03-02,5"),
        *(",120104000000000123,2022-03-15,2022-03-02,", "=1+1,,2022-03-15,,"),
    )
    done = run("offsystem", "--crm-archive", archive, "--to", "2022-04-30", "--json")
    assert done.exit_code == 1, done.output
    found = [(one["code"], one["application_id"]) for one in map(json.loads, done.stdout.splitlines())]
    assert found == [
        ("NOT_IN_HUB", ""),
        ("ARCHIVED_TWICE", case_id.hex()),
        ("DATES_DIFFER", other.hex()),
        ("RATING_NOT_MADE", case_id.hex()),
    ]
    assert done.stderr == ""
    before = run("offsystem", "--crm-archive", archive, "--to", "2022-03-14", "--json")
    assert "DATES_DIFFER" not in before.stdout
    assert "--crm-archive: 晚于 --to 的 4 行未作比对；4 lines are later than --to and were left out" in before.stderr
    in_sheet = table(run("offsystem", "--crm-archive", archive, "--to", "2022-04-30").stdout)
    assert [one["class"] for one in in_sheet] == ["OFF_SYSTEM", "RESTARTED", "STATISTICS", "STATISTICS"]


def test_p4_a_line_with_the_numbers_of_two_cases_is_about_neither(hub: Hub, tmp_path: Path) -> None:
    first, second = submit(hub, "A-1", *HONEST), submit(hub, "A-2", *HONEST)
    number = hub.parts.references("utility_crm").hub_number(first)
    (number_id,) = hub.vault.identify([utility_number("供电公司", "A0000017")])
    with hub.store.write() as connection:
        connection.execute(insert(case_number).values(number_id=number_id, case_id=second, sort="UTILITY"))
    lines = f"{number},a0000017,2022-02-01", "ZZZ99ZZZ99ZZZ9,Ａ0000017,2022-02-01", "ZZZ99ZZZ99ZZZ9,,2022-03-09"
    contacts = write(tmp_path, "contacts.csv", "application_no,app_no,contacted_at", *lines)
    done = run("offsystem", "--contacts", contacts, "--to", "2022-04-30", "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["code"], one["shown_by"][0]["ref"], one["application_id"]) for one in found] == [
        ("CONTACT_BEFORE_APPLICATION", "line 3", second.hex()),
        ("NOT_IN_HUB", "line 3", ""),
        ("NOT_IN_HUB", "line 4", ""),
        ("LINE_OF_TWO", "line 2", ""),
    ]
    assert {one["ref"] for one in found[-1]["shown_by"][1:]} == {first.hex(), second.hex()}


def test_p4_a_line_with_a_number_of_two_cases_alone_is_about_neither(hub: Hub, tmp_path: Path) -> None:
    both = sorted(submit(hub, name, *HONEST) for name in ("A-1", "A-2"))
    number = hub.parts.references("utility_crm").hub_number(both[0])
    (number_id,) = hub.vault.identify([utility_number("供电公司", "A0000017")])
    with hub.store.write() as connection:
        connection.execute(insert(case_number).values(number_id=number_id, case_id=both[1], sort="UTILITY"))
        disputes = [{"number_id": number_id, "case_id": one} for one in both]
        connection.execute(insert(number_dispute), disputes)
    lines = ",A0000017,2022-02-01", f"{number},A0000017,2022-02-01"
    contacts = write(tmp_path, "contacts.csv", "application_no,app_no,contacted_at", *lines)
    done = run("offsystem", "--contacts", contacts, "--to", "2022-04-30", "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    told = [(one["code"], one["shown_by"][0]["ref"], one["application_id"]) for one in found]
    assert [one for one in told if one[0] != "NUMBER_OF_TWO_CASES"] == [
        ("CONTACT_BEFORE_APPLICATION", "line 3", both[0].hex()),
        ("LINE_OF_TWO", "line 2", ""),
    ]
    (line,) = (one for one in found if one["code"] == "LINE_OF_TWO")
    assert [one["ref"] for one in line["shown_by"][1:]] == [one.hex() for one in both]


def given_up(hub: Hub, number: str, received: str = "2022-02-02", **changes: Any) -> bytes:
    """An application of the first of February that the utility terminated on the next day."""
    gone = fact("", Action.TERMINATE, "2022-02-02", received=received, **APPROVED)
    case_id = submit(hub, number, gone, **changes)
    with hub.store.write() as connection:
        opened = update(case).where(case.c.case_id == case_id)
        connection.execute(opened.values(opened_ms=ms("2022-02-01T09:00:00")))
    return case_id


@pytest.mark.parametrize("alike", [True, False])
def test_p4_that_it_was_made_before_is_computed_and_no_stored_link_is_believed(hub: Hub, alike: bool) -> None:
    """A link that was taken out of the table by hand hides nothing, and one that was put there shows nothing."""
    first = given_up(hub, "A-1", capacity_kw=50 if alike else 60)
    later = submit(hub, "A-2", capacity_kw=50)
    with hub.store.write() as connection:
        forged = update(application).where(application.c.case_id == later)
        connection.execute(forged.values(first_id=None if alike else first))
    found = [json.loads(line) for line in run("offsystem", *DAYS, "--json").stdout.splitlines()]
    shown = [one["shown_by"] for one in found if one["code"] == "REAPPLIED" and one["application_id"] == later.hex()]
    if not alike:
        assert shown == []
        return
    (events,) = shown
    assert [(one["sort"], one["told"]) for one in events] == [
        ("submission", ""),
        ("step", "TERMINATE"),
        ("submission", ""),
    ]
    assert (events[0]["ref"], events[2]["ref"]) == (first.hex(), later.hex())
    assert all(one["at"] for one in events)


@pytest.mark.parametrize("units", [1, 2])
def test_p4_a_unit_and_its_address_are_one_site_where_a_title_says_so(hub: Hub, units: int) -> None:
    """An address that titles of two units have is neither."""
    first = given_up(hub, "A-1", site={"unit_no": "120101001001GB00001F00010001"})
    later = submit(hub, "A-2", site={"address": "天津市和平区南京路128号1号楼2单元301室"})
    sites = select(need.c.wanted_id).where(need.c.case_id.in_([first, later]), need.c.kind == "licence.property-title")
    with hub.store.write() as connection:
        ids = list(connection.execute(sites).scalars())
        for nth in range(units):
            one = sha256(b"title %d" % nth).digest()[:16]
            row = {
                "row_id": one,
                "record_id": one,
                "entity_id": one,
                "kind": "licence.property-title",
                "authority": "x",
            }
            row |= {"version": 1, "revision": 0, "read_at_ms": 0, "reading": 0, "status": "CURRENT"}
            connection.execute(insert(current).values(**row, operation="UPSERT"))
            links = [{"link_id": it, "record_id": one, "row_id": one} for it in (ids if not nth else ids[1:])]
            connection.execute(insert(record_link), links)
    found = [json.loads(line) for line in run("offsystem", *DAYS, "--json").stdout.splitlines()]
    shown = [one["code"] for one in found if one["application_id"] == later.hex() and one["code"] == "REAPPLIED"]
    assert shown == ["REAPPLIED"] * (units == 1)


def test_p4_an_end_that_is_told_after_the_last_day_changes_no_byte_of_the_time_before(hub: Hub) -> None:
    submit(hub, "A-2")
    first = given_up(hub, "A-1", received=MARCH_ENDS)
    march = run("offsystem", *DAYS).stdout_bytes
    assert b"REAPPLIED" not in march
    with hub.store.write() as connection:
        linked = update(application).where(application.c.case_id != first)
        connection.execute(linked.values(first_id=first))
    assert run("offsystem", *DAYS).stdout_bytes == march
    assert b"REAPPLIED" in run("offsystem", "--from", "2022-03-01", "--to", "2022-04-01").stdout_bytes


def test_p4_every_way_to_cheat_is_in_the_auditors_output_under_its_class(hub: Hub) -> None:
    expected, capacities = dict[bytes, tuple[str, str, str]](), iter(range(100, 1_000))
    for nth, cheat in enumerate(CHEATS):
        told = cheat.told()
        capacity = {"capacity_kw": next(capacities)}
        if told.follows:
            given_up(hub, f"first-{nth}", **capacity)
        case_id = submit(hub, f"cheat-{nth}", *told.facts, **capacity)
        kind = {"case_type": told.kind.case_type, "starred": told.kind.starred, "customer_class": told.customer_class}
        with hub.store.write() as connection:
            begun = update(application).where(application.c.case_id == case_id)
            connection.execute(begun.values(**kind))
            refusals = [("MATERIAL_NOT_LISTED", one) for one in told.requests]
            refusals += [(GIVEN, one) for one in told.second_rounds]
            for number, (code, one) in enumerate(refusals):
                asked = {"code": code, "segment": ACCEPTANCE, "items": "[]", "client": "", "channel": "x"}
                connection.execute(
                    insert(request).values(case_id=case_id, number=number, asked_ms=one.at_ms or 0, **asked)
                )
            for number, one in enumerate(told.ratings):
                tried = {"code": "RATING_NO_EVIDENCE", "principal": "token:1", "refused_ms": one.at_ms}
                connection.execute(insert(rating_refusal).values(case_id=case_id, number=number, **tried))
        expected[case_id] = cheat.code, cheat.of.value, cheat.of.zh
    found = table(run("offsystem", "--to", "2022-06-30").stdout)
    told_of = {(one["application_id"].strip("'"), one["code"], one["class"], one["class_zh"]) for one in found}
    missing = [one for case_id, one in expected.items() if (case_id.hex(), *one) not in told_of]
    assert missing == []
    assert all(one["shown_by"] for one in found)


def test_what_agrees_has_no_finding(hub: Hub) -> None:
    submit(hub, "A-1", *HONEST)
    done = run("offsystem", "--to", "2022-04-30", "--json")
    assert (done.exit_code, done.stdout) == (0, "")


def test_averages_are_of_the_cases_that_got_electricity(hub: Hub) -> None:
    submit(hub, "A-1", *HONEST)
    submit(hub, "A-2", *OVER)
    done = run("averages", *DAYS, "--json")
    assert done.exit_code == 0, done.output
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["kind"], one["cases"], one["mean"], one["average"]) for one in found] == [
        ("all", 1, 5.0, 3),
        ("low-other", 1, 5.0, 3),
    ]
    assert [(one["kind"], one["mean"]) for one in table(run("averages", *DAYS).stdout)] == [
        ("all", "5.0"),
        ("low-other", "5.0"),
    ]


HOSTILE = "=cmd|' /C calc'!A0\r\n@SUM(1)"


def hostile(hub: Hub, tmp_path: Path) -> list[str]:
    """The same formula in every text that comes from outside. Returns the options of the files."""
    case_id = submit(hub, "A-1", *OVER, *HONEST[3:])
    asked = {"code": HOSTILE, "segment": HOSTILE[:16], "items": "[]", "client": HOSTILE, "channel": "x"}
    tried = {"code": HOSTILE, "principal": HOSTILE, "refused_ms": ms("2022-03-03")}
    with hub.store.write() as connection:
        connection.execute(update(application).where(application.c.case_id == case_id).values(channel=HOSTILE))
        connection.execute(insert(request).values(case_id=case_id, number=90, asked_ms=ms("2022-03-03"), **asked))
        connection.execute(insert(rating_refusal).values(case_id=case_id, number=91, **tried))
        connection.execute(update(step).values(source=HOSTILE[:60]))
    titles = "application_no,app_no,complained_at,about"
    bad = f'"{HOSTILE}",=1+1,2022-03-01,', "=1+1,+2,2022-03-01,", f'7,,2022-03-01,"{HOSTILE}"'
    return ["--complaints", write(tmp_path, "complaints.csv", titles, *bad, '"unclosed')]


def test_p4_no_cell_runs_as_a_formula_whatever_comes_from_outside(hub: Hub, tmp_path: Path) -> None:
    files = hostile(hub, tmp_path)
    commands = ("steps", *DAYS), ("offsystem", *DAYS, *files), ("sample", "--seed", "=1", "-n", "1", *DAYS)
    for command in (*commands, ("averages", *DAYS)):
        text = run(*command).stdout
        _, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        assert rows
        sheet = Workbook().create_sheet()
        for row in rows:
            sheet.append(row)
        cells = [one for row in sheet.iter_rows() for one in row if one.value]
        assert [one.value for one in cells if one.data_type == "f"] == []
        assert [one.value for one in cells if set(one.value) & set("\r\n\t")] == []
        assert text.count("\n") == len(rows) + 1
    assert "calc" in run("offsystem", *DAYS, *files).stdout


def test_a_sample_can_be_drawn_again_without_the_hub(hub: Hub) -> None:
    ids = sorted(submit(hub, f"A-{n}") for n in range(12))
    done = run("sample", "--seed", "2026-Q1", "-n", "3", "--json")
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    ranked = sorted(ids, key=lambda one: sha256(f"2026-Q1\n{one.hex()}".encode()).digest())
    assert [one["application_id"] for one in rows] == [one.hex() for one in ranked[:3]]
    assert {(one["of"], one["digest"]) for one in rows} == {(12, sha256(b"".join(ids)).hexdigest())}


def test_p5_the_same_run_gives_the_same_bytes_and_no_personal_value(hub: Hub, tmp_path: Path) -> None:
    for n in range(5):
        submit(hub, f"A-{n}", *(OVER if n % 2 else HONEST))
    commands = [
        ("steps", *DAYS),
        ("sample", "--seed", "1", "-n", "3", "--to", "2022-04-30"),
        ("offsystem", "--to", "2022-04-30"),
        ("averages", *DAYS),
    ]
    for command in commands:
        for form in ((), ("--json",)):
            first, second = (run(*command, *form).stdout_bytes for _ in range(2))
            assert first == second != b""
            assert not [one for one in PRIVATE if one.encode() in first]
            run(*command, *form, "--csv", "again.csv")
            assert (tmp_path / "again.csv").read_bytes() == first


MARCH_ENDS = "2022-04-01T00:00:00"


def later(hub: Hub, case_id: bytes) -> None:
    """What comes to a case after March: a step, a refused request, a refused rating, a grade, and a notice."""
    again = fact(COMPLETION, END, "2022-03-30", received=MARCH_ENDS)
    asked = {"code": "MATERIAL_NOT_LISTED", "segment": ACCEPTANCE, "items": "[]", "client": "", "channel": "x"}
    tried = {"code": "RATING_NO_EVIDENCE", "principal": "token:1", "refused_ms": ms(MARCH_ENDS)}
    days = {"version": "v", "year": 2022, "source": "s", "digest": "0", "days_off": "[]", "principal": "cli:x"}
    days |= {"make_up_days": '["2022-03-05", "2022-03-06"]', "imported_ms": ms(MARCH_ENDS)}
    with hub.store.write() as connection:
        connection.execute(insert(step), [_row(case_id, again)])
        connection.execute(insert(request).values(case_id=case_id, number=90, asked_ms=ms(MARCH_ENDS), **asked))
        connection.execute(insert(rating_refusal).values(case_id=case_id, number=91, **tried))
        grade = {"grade": 5, "rated_ms": ms(MARCH_ENDS), "sealed": b""}
        connection.execute(insert(rating).values(case_id=case_id, **grade))
        connection.execute(insert(notice).values(edition=1, **days))


def test_p4_what_comes_after_the_last_day_changes_no_byte_of_the_time_before(hub: Hub, tmp_path: Path) -> None:
    case_id = submit(hub, "A-1", *OVER, *HONEST[3:])
    number = hub.parts.references("utility_crm").hub_number(case_id)
    titles = "application_no,app_no,completed_at,accepted_at,rating"
    archive = write(tmp_path, "archive.csv", titles, f"{number},,2022-03-16,,5")
    commands = (
        ("steps", *DAYS),
        ("sample", "--seed", "1", "-n", "3", *DAYS),
        ("offsystem", *DAYS, "--crm-archive", archive),
    )
    before = [run(*one).stdout_bytes for one in commands]
    later(hub, case_id)
    assert [run(*one).stdout_bytes for one in commands] == before
    april = run("offsystem", "--from", "2022-04-01", "--to", "2022-04-30", "--json")
    codes = {json.loads(line)["code"] for line in april.stdout.splitlines()}
    assert {"STEP_AFTER_END", "REQUEST_REFUSED", "RATING_REFUSED"} <= codes


def test_when_a_case_ended_is_counted_from_its_steps_and_not_read_from_the_table(hub: Hub) -> None:
    case_id = submit(hub, "A-1", *OVER)
    with hub.store.write() as connection:
        changed = update(application).where(application.c.case_id == case_id)
        connection.execute(changed.values(ended="END", ended_ms=ms("2022-03-09")))
    found = run("offsystem", "--from", "2022-04-01", "--to", "2022-04-30", "--json").stdout
    assert {json.loads(line)["application_id"] for line in found.splitlines()} == {case_id.hex()}
    drawn = run("sample", "--seed", "1", "-n", "1", "--from", "2022-04-01", "--to", "2022-04-30", "--json").stdout
    assert json.loads(drawn)["application_id"] == case_id.hex()


def test_a_case_that_ended_before_the_time_and_of_which_nothing_came_is_not_in_it(hub: Hub) -> None:
    submit(hub, "A-1", *OVER, *HONEST[3:])
    assert run("offsystem", "--from", "2022-04-01", "--to", "2022-04-30").exit_code == 0


def test_a_hub_without_applications_is_audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("steps", *DAYS), ("sample", "--seed", "1", "-n", "1"), ("offsystem",)):
        done = run(*command, "--json")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "nothing was found for this time" in done.stderr
    assert list(tmp_path.iterdir()) == []
