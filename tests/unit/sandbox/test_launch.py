"""Starting, taking up again, and ending: nothing is left running, however the parent ended."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from sandbox.command import _played, command
from sandbox.errors import Misconfigured
from sandbox.launch import Running, prepare, start
from sandbox.serve import ROLES
from sandbox.systems import FIRST, SYSTEMS
from sandbox.world.world import WorldSpec


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def _all_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 5
    while not all(map(_gone, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return all(map(_gone, pids))


def _wait_for(file: Path) -> dict[str, dict[str, str]]:
    deadline = time.monotonic() + 20
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    loaded: dict[str, dict[str, str]] = json.loads(file.read_text())
    return loaded


def _pids(urls: dict[str, str]) -> list[int]:
    import httpx

    bases = [urls["business_licence"], urls["property_title_control"], urls["utility_crm"]]
    return [httpx.get(base + "/_control/health").json()["pid"] for base in bases]


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_the_servers_end_with_their_parent(tmp_path: Path, ending: signal.Signals) -> None:
    out, toml = tmp_path / "out.json", tmp_path / "hub.toml"
    arguments = ["--size", "40", "--home", str(tmp_path / "home"), "--out", str(out), "--toml", str(toml)]
    parent = subprocess.Popen([sys.executable, "-m", "sandbox", *arguments], stderr=subprocess.DEVNULL)
    described = _wait_for(out)
    pids = _pids(described["urls"])
    assert tomllib.loads(toml.read_text())["connectors"] == described["connectors"]
    assert out.stat().st_mode & 0o077 == 0
    os.kill(parent.pid, ending)
    parent.wait(10)
    assert _all_gone(pids)


def test_stop_ends_the_servers(fresh: Callable[..., Running]) -> None:
    running = fresh()
    pids = _pids(running.urls)
    assert running.alive()
    running.stop()
    assert _all_gone(pids)


def test_the_same_home_is_taken_up_and_another_world_refused(tmp_path: Path) -> None:
    with start(3, 40, tmp_path) as first:
        first.control("business_licence", "advance", {"steps": 5})
        truth = first.truth.read_bytes()
    with start(3, 40, tmp_path) as second:
        assert second.truth.read_bytes() == truth
        assert second.secrets == first.secrets
    with pytest.raises(Misconfigured, match="another sandbox"):
        start(4, 40, tmp_path)


def test_two_homes_of_one_seed_hold_the_same_bytes(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        prepare(WorldSpec(seed=3, size=60), home, applications_count=20)
    for name in ("truth.jsonl", "truth-summary.json", "applications.json", "exchange.db"):
        assert (homes[0] / name).read_bytes() == (homes[1] / name).read_bytes()


def test_an_exchange_database_that_is_in_use_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    prepare(WorldSpec(seed=3, size=40), tmp_path / "one", exchange_url=url)
    with pytest.raises(Misconfigured, match="not empty"):
        prepare(WorldSpec(seed=3, size=40), tmp_path / "two", exchange_url=url)


def test_secrets_are_not_in_the_repr(running: Running) -> None:
    """P5: whoever prints it prints no secret."""
    assert running.secrets["utility_crm"]["token"] not in repr(running)


def test_the_help_teaches_and_lists_the_faults() -> None:
    shown = CliRunner().invoke(command, ["--help"])
    assert shown.exit_code == 0
    assert "_control/faults" in shown.output
    assert "truth.jsonl" in shown.output
    faults = CliRunner().invoke(command, ["--list-faults"])
    assert "drop_after_commit" in faults.output


@pytest.mark.parametrize("fault", ["crm:error", "utility_crm", "utility_crm:error:share=many"])
def test_a_fault_option_that_makes_no_sense_is_wrong_usage(fault: str) -> None:
    assert CliRunner().invoke(command, ["--fault", fault]).exit_code == 2


def test_a_fault_that_the_server_does_not_know_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="sloth"):
        start(3, 40, tmp_path / "home", faults={"utility_crm": [{"name": "sloth"}]})
    assert not (tmp_path / "home").exists()


def test_only_the_named_systems_are_played(tmp_path: Path) -> None:
    """A test starts what it needs: no other server, database or line of the truth."""
    with start(3, 40, tmp_path, systems=("property_title",)) as running:
        assert running.control("property_title", "health")["ready"]
        assert running.connectors().keys() == {"property_title"}
        assert json.loads(running.truth_summary.read_text()).keys() == {"property_title"}
        assert len(list((tmp_path / "run").glob("*.json"))) == 1


def test_a_system_that_is_not_played_here_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="weather"):
        start(3, 40, tmp_path / "home", systems=("weather",))
    assert not (tmp_path / "home").exists()


def test_every_system_has_a_server() -> None:
    assert tuple(SYSTEMS) == ROLES
    assert set(FIRST) <= set(SYSTEMS)


def test_of_the_connection_systems_those_of_the_chosen_ways_are_played() -> None:
    ways = {"utility_crm", "utility_pull", "utility_table"}
    assert ways & {*_played(("push",))} == {"utility_crm"}
    assert ways & {*_played(("pull", "table"))} == {"utility_pull", "utility_table"}
    assert {*ROLES} - ways <= {*_played(("push",))}
