"""``hub calendar``: a notice is imported once, and ``hub doctor`` looks ahead by the longest limit (P4)."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cases.calendar import Calendar, china_day
from hub.cases.policy import ahead
from hub.cli import cli, doctor
from tests.clocks import HandClock

NOTICE = """year = 2027
source = "国务院办公厅关于2027年部分节假日安排的通知"
days_off = ["2027-01-01/2027-01-03", "2027-05-01", "2027-10-01"]
make_up_days = []
"""


def run(home: Path, *arguments: str) -> Result:
    environ = {f"HUB_{name.upper()}_URL": f"sqlite:///{home}/{name}.db" for name in ("log", "store", "vault")}
    return CliRunner().invoke(cli, list(arguments), env=environ | {"HUB_MASTER_KEY_FILE": str(home / "key")})


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "2027.toml"
    path.write_text(NOTICE, "utf-8")
    return str(path)


def test_a_notice_is_imported_once_and_shown(tmp_path: Path, file: str) -> None:
    assert run(tmp_path, "calendar", "import", file).stdout.startswith("imported: 2027-")
    assert run(tmp_path, "calendar", "import", file).stdout.startswith("imported before: 2027-")
    shown = run(tmp_path, "calendar", "show").stdout
    assert "known until 2027-12-31" in shown
    told = json.loads(run(tmp_path, "calendar", "show", "--json").stdout)
    assert told["known_until"] == "2027-12-31"
    (one,) = told["imports"]
    assert (one["year"], one["days_off"][0], one["imported_at"][-1]) == (2027, "2027-01-01", "Z")


def test_a_file_that_is_no_notice_is_refused_with_the_remedy(tmp_path: Path, file: str) -> None:
    Path(file).write_text("year = 2027", "utf-8")
    refused = run(tmp_path, "calendar", "import", file)
    assert "no notice about working days" in str(refused.exception)
    assert "docs/operating.md" in str(refused.exception)


def test_doctor_and_figures_look_ahead_by_the_longest_limit(
    tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock()
    clock.pass_s(269 * 24 * 3600)
    assert china_day(clock.now()).isoformat() == "2026-11-26"
    monkeypatch.setattr(doctor, "SystemClock", lambda: clock)

    def finding() -> dict[str, str]:
        found = [json.loads(line) for line in run(tmp_path, "doctor", "--json").stdout.splitlines()]
        (one,) = [one for one in found if one["what"] == "calendar"]
        return one

    assert ahead(Calendar(), china_day(clock.now())).short
    soon = finding()
    assert soon["sound"] and "provisional" in soon["detail"] and "hub calendar import" in soon["remedy"]
    assert "SOON" in run(tmp_path, "doctor").stdout
    run(tmp_path, "calendar", "import", file)
    known = finding()
    assert (known["sound"], known["remedy"]) == (True, "")
    assert "2027-12-31" in known["detail"]
