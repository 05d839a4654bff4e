"""`hub run --list`: what the stages are, without opening anything. A port that is in use ends ``hub run``."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from hub.cli import cli
from hub.stages import STAGES


def listed(tmp_path: Path, *options: str) -> str:
    config = tmp_path / "hub.toml"
    config.write_text("[connectors.utility_crm]\nurl = 'http://127.0.0.1:9'\n", "utf-8")
    answer = CliRunner().invoke(cli, ["--config", str(config), "run", "--list", *options])
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_the_list_names_every_stage_with_what_it_reads_and_writes(tmp_path: Path) -> None:
    shown = listed(tmp_path)
    for stage in STAGES:
        assert stage.name in shown
    assert "deliver.utility_crm" in shown
    assert "*.received" in shown


def test_the_list_for_machines_is_complete(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in listed(tmp_path, "--json").splitlines()]
    assert [line["name"] for line in lines] == [*(stage.name for stage in STAGES), "deliver.utility_crm"]
    assert [tuple(line["reads"]) for line in lines[: len(STAGES)]] == [stage.reads for stage in STAGES]


def test_listing_opens_and_creates_nothing(tmp_path: Path) -> None:
    listed(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["hub.toml"]


def test_help_tells_what_each_stage_does() -> None:
    shown = CliRunner().invoke(cli, ["run", "--help"]).output
    assert all(stage.about in shown for stage in STAGES)


def test_a_port_in_use_ends_the_stages_and_is_the_only_trouble_that_is_told(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environ["HUB_WEB__PORT"] = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "hub", "run"],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 78, done.stderr
    assert "set web.host and web.port" in done.stderr.splitlines()[-1]
    assert "backs off" not in done.stderr
    assert "Traceback" not in done.stderr
