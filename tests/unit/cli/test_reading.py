"""Commands that only read make nothing, and ``hub doctor`` finds nothing wrong with a folder that has no hub yet."""

import errno
import fcntl
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.exc import OperationalError

from hub import settings as hub_settings
from hub.bootstrap import open_hub, reading
from hub.cli import cli
from hub.errors import HubError, Misconfigured
from hub.settings import Settings
from hub.stores.migrate import History
from tests.casework import body

NO_ID = "0" * 32
READING = [
    ("doctor",),
    ("application", "list"),
    ("application", "show", NO_ID),
    ("application", "show", "--external-no", "A-1"),
    ("audit", "steps", "--from", "2022-01-01", "--to", "2022-12-31"),
    ("audit", "sample", "--seed", "1", "-n", "5"),
    ("audit", "offsystem"),
    ("calendar", "show"),
    ("cases", "list"),
    ("client", "list"),
    ("connectors", "list"),
    ("connectors", "status"),
    ("rebuild", "--check"),
    ("application", "list", "--state", "stuck"),
    ("application", "story", NO_ID),
    ("connectors", "offsets", "nothing"),
    ("rejected", "list"),
    ("rejected", "redrive", "--dry-run"),
    ("rejected", "show", "licence.business.rejected/0/0"),
    ("replay", "connection.events"),
    ("run", "--list"),
    ("schemas",),
    ("token", "list"),
    ("topics", "list"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=given)


def findings() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in run("doctor", "--json").stdout.splitlines():
        one = json.loads(line)
        found.setdefault(one["what"], []).append(one)
    return found


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_p5_a_command_that_reads_makes_neither_vault_nor_key(command: tuple[str, ...], folder: Path) -> None:
    done = run(*command)
    assert done.exception is None or isinstance(done.exception, SystemExit | Misconfigured), done.exception
    assert list(folder.iterdir()) == []


def test_a_fresh_folder_has_nothing_bad() -> None:
    done = run("doctor")
    assert done.exit_code == 0, done.output
    assert "BAD" not in done.output
    assert done.output.count("not made yet; `hub run` makes sqlite:///") == 3


def test_a_fresh_folder_says_that_no_connector_is_configured() -> None:
    assert "no source and no sink is configured" in run("connectors", "status").stdout
    assert json.loads(run("connectors", "status", "--json").stdout) == []


def test_a_made_hub_is_written_to_and_stays_as_it_is(folder: Path) -> None:
    open_hub(hub_settings.load()).close()
    found = findings()
    assert [one["detail"] for one in found["log"]][1:] == ["may be written"]
    assert all("may be written" in found[name][0]["detail"] for name in ("store", "vault"))
    assert run("doctor").exit_code == 0
    assert run("rebuild", "--check").exit_code == 0


def test_a_log_that_another_process_writes_is_sound() -> None:
    open_hub(hub_settings.load()).close()
    hold = (
        "from hub.bootstrap import open_hub; from hub import settings\n"
        "hub = open_hub(settings.load()); hub.log.writer('w'); print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout and other.stdin
        assert other.stdout.readline() == "held\n"
        told = findings()["log"][1]
        other.stdin.write("\n")
        other.stdin.close()
    assert told["sound"] and told["detail"] == f"process {other.pid} writes to it"


@pytest.mark.parametrize("part", ["log", "store", "vault"])
def test_p1_a_part_that_was_lost_is_not_called_new_and_not_read_as_empty(folder: Path, part: str) -> None:
    open_hub(hub_settings.load()).close()
    for one in (folder / ".hub").glob(f"{part}.db*"):
        one.unlink()
    (found,) = findings()[part]
    assert not found["sound"]
    assert "is missing, and there is a" in found["detail"]
    assert "backup" in found["remedy"]
    done = run("application", "list")
    assert isinstance(done.exception, Misconfigured) and "is missing" in str(done.exception)
    assert not (folder / ".hub" / f"{part}.db").exists()


def test_topics_that_an_administrator_made_before_the_first_start_are_no_sign_of_a_loss() -> None:
    assert run("topics", "apply").exit_code == 0
    assert run("application", "list").exit_code == 0
    found = findings()
    assert all(one["sound"] for ones in found.values() for one in ones), found


def test_a_lost_master_key_is_told_by_every_reader(folder: Path) -> None:
    open_hub(hub_settings.load()).close()
    (folder / ".hub" / "master.key").unlink()
    (found,) = findings()["vault"]
    assert not found["sound"] and "no master key at" in found["detail"]
    with pytest.raises(Misconfigured, match="no master key at"), reading(hub_settings.load()):
        pass
    assert not (folder / ".hub" / "master.key").exists()


def test_tables_of_an_older_hub_are_not_migrated_by_a_reader(folder: Path) -> None:
    (folder / ".hub").mkdir()
    for part in ("log", "store", "vault"):
        (folder / ".hub" / f"{part}.db").touch()
    done = run("application", "list")
    assert isinstance(done.exception, Misconfigured) and "hub run" in done.exception.remedy
    with closing(sqlite3.connect(folder / ".hub" / "store.db")) as store:
        assert store.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_what_was_made_is_read(folder: Path) -> None:
    assert run("application", "submit", "-", given=json.dumps(body())).exit_code == 0
    assert run("application", "show", "--channel", "gov-platform", "--external-no", "A-1").exit_code == 0
    assert len(run("application", "list", "--json").stdout.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's files need root")
@pytest.mark.parametrize("file", ["store.db", "vault.db", "log.db"])
def test_a_database_that_may_not_be_written_is_found(folder: Path, file: str) -> None:
    """An operator ran a command as root: the file belongs to root, and the service runs as another user."""
    open_hub(hub_settings.load()).close()
    for one in (folder, folder / ".hub", *(folder / ".hub").iterdir()):
        os.chown(one, 65534, 65534)
    os.chown(folder / ".hub" / file, 0, 0)
    (folder / ".hub" / file).chmod(0o644)
    findings()  # imports everything while this user may read it
    with _as_another(folder):
        told = run("doctor")
    assert f"BAD  {file.removesuffix('.db')}" in told.output, told.output
    assert "to the user that runs the hub" in told.output, told.output


def test_a_file_system_without_locks_is_not_taken_for_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    open_hub(hub_settings.load()).close()
    monkeypatch.setattr(fcntl, "flock", _no_locks)
    (_, told) = findings()["log"]
    assert not told["sound"] and "the file system has no locks" in told["detail"]
    assert "local disk" in told["remedy"]


def test_a_full_disk_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    open_hub(hub_settings.load()).close()
    monkeypatch.setattr(History, "try_write", _full)
    for name in ("store", "vault"):
        (told,) = findings()[name]
        assert (told["sound"], told["remedy"]) == (False, "make room")
        assert told["detail"].endswith("the disk is full")


def _full(*_: object) -> None:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise OperationalError("UPDATE", {}, error)


def _no_locks(*_: object) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's files need root")
@pytest.mark.parametrize("command", [("doctor",), ("application", "list")], ids=" ".join)
@pytest.mark.parametrize("what", ["folder", "key"])
def test_what_this_user_may_not_read_is_told_with_a_remedy(folder: Path, command: tuple[str, ...], what: str) -> None:
    open_hub(hub_settings.load()).close()
    run(*command)
    for one in (folder, *(() if what == "folder" else (folder / ".hub", *(folder / ".hub").glob("*.db*")))):
        os.chown(one, 65534, 65534)
    with _as_another(folder):
        told = run(*command)
    said = told.output if isinstance(told.exception, SystemExit) else str(told.exception)
    assert "to the user that runs the hub" in said, said


@contextmanager
def _as_another(folder: Path) -> Iterator[None]:
    for parent in folder.parents:
        parent.chmod(parent.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_server_s_parts_count_as_there(folder: Path) -> None:
    """Not even a key is made beside a database on a server that does not answer."""
    away = Settings.model_validate(
        {"vault_url": "postgresql+psycopg://127.0.0.1:1/x", "log_url": "kafka://127.0.0.1:1"}
    )
    with pytest.raises(HubError), reading(away):
        pass
    assert list(folder.iterdir()) == []
