"""The command as a process: exit codes reach the caller."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--version"], 0),
        (["nosuch"], 2),
        (["token", "revoke", "nosuch"], 1),
        (["--config", "none.toml", "topics"], 78),
        (["check", "business", "none.json"], 2),
    ],
)
def test_the_exit_code_reaches_the_caller(tmp_path: Path, arguments: list[str], code: int) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    command = [sys.executable, "-m", "hub", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["doctor"], ["connectors", "list"], ["schemas", "list", "--json"], ["--help"]])
def test_a_full_disk_for_the_output_is_said_in_words(tmp_path: Path, arguments: list[str]) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    command = [sys.executable, "-m", "hub", *arguments]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )
    assert done.returncode == 75, done.stderr
    assert done.stderr.startswith("error: the output could not be written")
    assert "make room" in done.stderr
