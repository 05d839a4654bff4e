"""A demonstration's business time runs fast; its process time does not, and the whole job still balances."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli import cli
from sandbox.demo.clock import FastClock, at_speed
from sandbox.demo.command import command
from tests.clocks import HandClock


def test_business_time_runs_fast_and_process_time_as_ever() -> None:
    hand = HandClock()
    clock = FastClock(hand, 60, hand.process_ms())
    began_ms, began_s = hand.process_ms(), hand.monotonic_s()
    assert clock.now_ms() == began_ms
    hand.pass_s(10)
    assert clock.now_ms() - began_ms == 600_000
    assert clock.now().timestamp() * 1000 == clock.now_ms()
    assert clock.process_ms() - began_ms == 10_000
    assert clock.monotonic_s() - began_s == 10


def test_a_demonstration_that_is_resumed_goes_on_in_its_own_time(tmp_path: Path) -> None:
    hand, file = HandClock(), tmp_path / "clock.json"
    first = at_speed(file, 60)
    assert first is not None
    clock = first(hand)
    hand.pass_s(10)
    shown_ms = clock.now_ms()
    again = at_speed(file, 1)
    assert again is not None
    assert again(hand).now_ms() == shown_ms


def test_real_time_needs_no_clock_of_its_own(tmp_path: Path) -> None:
    assert at_speed(tmp_path / "clock.json", 1) is None


@pytest.mark.slow
def test_a_demonstration_at_a_thousandfold_speed_balances(tmp_path: Path) -> None:
    answer = CliRunner().invoke(command, ["--home", str(tmp_path / "demo"), "--records", "200", "--speed", "1000"])
    assert answer.exit_code == 0, answer.output
    assert "balanced" in answer.output and "联合过户 done 1 of 1, after arrears" in answer.output
    assert "送电前撤回 1" in answer.output and "送电后告知 1" in answer.output
    again = CliRunner().invoke(cli, ["--config", str(tmp_path / "demo/hub.toml"), "rebuild", "--check", "--json"])
    assert again.exit_code == 0, again.output
    rows = {table["table"]: table["rows"] for table in json.loads(again.stdout)["tables"]}
    assert rows["transfer"] == 1 and rows["application"] == 7, "both procedures are rebuilt (P4)"


def test_worker_processes_run_in_real_time() -> None:
    answer = CliRunner().invoke(command, ["--log", "kafka", "--speed", "60"])
    assert answer.exit_code == 2
