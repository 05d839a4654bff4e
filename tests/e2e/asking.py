"""Asking a hub of the harness by command and over HTTP, with all that it said kept in files of its home."""

import re
import time
from pathlib import Path

from click.testing import CliRunner

from hub.cli import cli
from tests.e2e.harness import World

_LISTENING = re.compile(r'"url": "(http://[^"]+)"')


def say(one: World, *arguments: str, given: str = "") -> str:
    """Run a command (in this process: thirty of its own would take their time) and keep what it said."""
    done = CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["--config", str(one.config), *arguments], input=given)
    assert done.exit_code in (0, 1), f"{arguments}: exit {done.exit_code}\n{done.output[-2_000:]}"
    assert done.exception is None or isinstance(done.exception, SystemExit), f"{arguments}: {done.exception!r}"
    with (one.home / "said.txt").open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(arguments)}\n{done.output}\n{done.stderr}\n")
    return done.stdout


def url(one: World) -> str:
    """Where the hub that was started last with its API listens."""
    deadline_s = time.monotonic() + 30
    while not (found := _LISTENING.findall(one.stderr.read_text("utf-8", "replace"))):
        assert time.monotonic() < deadline_s, one.tail()
        time.sleep(0.1)
    return str(found[-1])


def left(one: World) -> list[Path]:
    """The files that the hub left behind, and what it said; not its settings."""
    return [path for path in one.home.iterdir() if path.is_file() and path != one.config]
