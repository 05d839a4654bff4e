"""``hub check``: the verdict on files, with nothing of their contents in what it prints (P5)."""

import json
import os
import subprocess
import sys
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest
from click.testing import CliRunner, Result

from hub.cli.check import command
from hub.records.kinds import KINDS
from hub.records.rules import CURRENT

SAMPLES = Path(__file__).parents[1] / "records" / "samples"
NAMES = ("resident-id", "business", "property-title", "approval")
GOOD = (SAMPLES / "business.json").read_text("utf-8")


def check(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], input=stdin)


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def business(**changes: Any) -> str:
    record = json.loads(GOOD)
    for field, value in changes.items():
        record["enterprise"][field] = value
    return json.dumps(record, ensure_ascii=False)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Four lines: good, bad check digit, no JSON at all, good."""
    file = tmp_path / "mixed.jsonl"
    file.write_text("\n".join([business(), business(uscc="91110000600037341M"), "{oops", business()]), "utf-8")
    return file


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_verified(name: str) -> None:
    result = check(name, SAMPLES / f"{name}.json", "--date", "2024-05-01")
    assert result.exit_code == 0, result.output
    assert "verified 1" in result.stdout


def test_full_names_do_too() -> None:
    assert check("licence.business", SAMPLES / "business.json").exit_code == 0


def test_json_gives_a_line_a_record_and_a_summary(mixed: Path) -> None:
    result = check("business", mixed, "--json", "--date", "2024-05-01")
    assert result.exit_code == 1
    *found, last = lines(result)
    assert [(line["row"], line["verdict"]) for line in found] == [
        (1, "verified"), (2, "rejected"), (3, "rejected"), (4, "verified"),
    ]  # fmt: skip
    assert found[1]["findings"] == [
        {
            "code": "USCC_CHECK", "field": "enterprise.uscc", "severity": "reject",
            "message": "The check character is wrong.", "message_zh": "统一社会信用代码校验码错误",
        }
    ]  # fmt: skip
    assert last["summary"] == {
        "records": 4, "verified": 2, "rejected": 2, "codes": {"USCC_CHECK": 1, "UNREADABLE": 1},
        "judged_on": "2024-05-01", "rules": CURRENT,
    }  # fmt: skip


def test_the_table_speaks_both_languages(mixed: Path) -> None:
    result = check("business", mixed)
    assert result.exit_code == 1
    for word in ("USCC_CHECK", "UNREADABLE", "校验码", "character", "rejected 2"):
        assert word in result.stdout


def test_the_table_is_bounded_and_the_counts_are_not(tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text("{}\n" * 200, "utf-8")
    result = check("business", file, "--limit", "3")
    assert result.stdout.count("many.jsonl") <= 3
    assert "rejected 200" in result.stdout


def test_nothing_of_a_record_is_printed(tmp_path: Path) -> None:
    """P5: planted values, in values and in names of fields, never come out again."""
    planted = ("张国立", "11010519491231002X", "13800138000", "planted")
    record = json.loads(business(name="张国立" * 100, uscc="11010519491231002X", issued_on="13800138000"))
    record["张国立"] = record["legal_representative"]["11010519491231002X"] = "planted"
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(record) + '\n{"张国立": 11010519491231002X', "utf-8")
    for arguments in ((), ("--json",)):
        result = check("business", file, *arguments)
        assert result.exit_code == 1
        assert not any(value in result.output for value in planted)


def test_warnings_reject_nothing(tmp_path: Path) -> None:
    record = json.loads(GOOD)
    record["region"] = "120103"
    file = tmp_path / "one.json"
    file.write_text(json.dumps(record), "utf-8")
    result = check("business", file, "--json")
    assert result.exit_code == 0
    assert lines(result)[0]["findings"][0]["severity"] == "warn"


def test_many_files_of_many_formats(tmp_path: Path, mixed: Path) -> None:
    out = BytesIO()
    from hub.records.files.parse import rows

    (row,) = rows(KINDS["licence.business"], BytesIO(GOOD.encode()), "json")
    fastavro.writer(out, KINDS["licence.business"].schema.parsed, [row.record] * 3)
    avro = tmp_path / "three.avro"
    avro.write_bytes(out.getvalue())
    csv = tmp_path / "one.csv"
    csv.write_bytes("enterprise.uscc,enterprise.name\n91110000600037341L,天津\n".encode("gb18030"))
    result = check("business", SAMPLES / "business.json", avro, mixed, csv, "--encoding", "gb18030", "--json")
    summary = lines(result)[-1]["summary"]
    assert summary["records"] == 1 + 3 + 4 + 1
    assert summary["verified"] == 1 + 3 + 2
    assert "TEXT_ENCODING" not in summary["codes"]


def test_standard_input() -> None:
    assert check("business", "-", "--format", "json", stdin=GOOD.encode()).exit_code == 0
    assert check("business", "-", stdin=GOOD.encode()).exit_code == 2


def test_the_day_of_judging(tmp_path: Path) -> None:
    file = tmp_path / "short.jsonl"
    file.write_text(business(valid_until="2024-05-01"), "utf-8")
    assert check("business", file, "--date", "2024-05-01").exit_code == 0
    assert check("business", file, "--date", "2024-05-02").exit_code == 1
    assert date.fromisoformat(lines(check("business", file, "--json"))[-1]["summary"]["judged_on"])


@pytest.mark.parametrize(
    "arguments",
    [("deed", SAMPLES / "business.json"), ("business",), ("business", "no-such-file.json"), ("business", SAMPLES)],
)
def test_wrong_usage(arguments: tuple[str | Path, ...]) -> None:
    assert check(*arguments).exit_code == 2


def hub(*arguments: str | bytes, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, as a person calls it."""
    found = subprocess.run(
        [sys.executable, "-m", "hub", "check", "business", *arguments],
        capture_output=True,
        check=False,
        env=os.environ | {"COLUMNS": "400", "PYTHONIOENCODING": "utf-8"} | environ,
    )
    assert b"Traceback" not in found.stderr
    return found


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        (b"[final].json", "[final].json"),
        (b"[red]a[.json", "[red]a[.json"),
        (b"a\x1b[2J.json", "a\\x1b[2J.json"),
        (b"\xc3\xfb.json", "\\xc3\\xfb.json"),
        ("甲\u202e.json".encode(), "甲\\u202e.json"),
    ],
)
def test_a_file_s_name_is_shown_as_it_is(tmp_path: Path, name: bytes, printed: str) -> None:
    """Brackets are no markup, and no name changes the terminal or ends the command."""
    file = os.fsencode(tmp_path) + b"/" + name
    Path(os.fsdecode(file)).write_text(business(uscc="91110000600037341M"), "utf-8")
    assert printed in hub(file).stdout.decode()
    assert json.loads(hub("--json", file).stdout.splitlines()[0])["file"].endswith(printed)
    strange = file.removesuffix(b".json") + b".dat"
    Path(os.fsdecode(strange)).touch()
    assert hub(strange).returncode == 2


def test_a_terminal_without_chinese_ends_no_command(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text(business(uscc="91110000600037341M"), "utf-8")
    assert hub(str(file), PYTHONIOENCODING="ascii").returncode == 1


def test_a_device_has_no_end() -> None:
    result = check("business", "/dev/zero", "--format", "jsonl")
    assert result.exit_code == 2
    assert "device" in result.output


def test_an_unknown_suffix(tmp_path: Path) -> None:
    file = tmp_path / "records.dat"
    file.write_text(GOOD, "utf-8")
    assert check("business", file).exit_code == 2
    assert check("business", file, "--format", "json").exit_code == 0


def test_an_empty_file_of_lines_has_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.touch()
    assert check("business", file).exit_code == 0


def test_list_codes_is_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "codes.md").read_text("utf-8")
    assert check("--list-codes").stdout == page


@pytest.mark.slow
def test_twenty_times_the_records_take_no_more_memory(tmp_path: Path) -> None:
    small, large = tmp_path / "small.jsonl", tmp_path / "large.jsonl"
    line = business() + "\n"
    small.write_text(line * 2_000, "utf-8")
    large.write_text(line * 40_000, "utf-8")
    script = (
        "import resource, sys; from hub.cli.check import command\n"
        "try: command(['business', sys.argv[1]], standalone_mode=False)\n"
        "except SystemExit: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak_kb(file: Path) -> int:
        done = subprocess.run([sys.executable, "-c", script, file], check=True, capture_output=True, text=True)
        return int(done.stdout.split()[-1])

    assert peak_kb(large) < peak_kb(small) + 8_192
