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
