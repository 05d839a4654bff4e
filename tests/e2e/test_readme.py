"""The commands of the README, pasted into a shell beside a running demonstration. The Chinese README has the same
ones: tests/architecture/test_docs.py."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import PATIENCE_S

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"(?ms)^```\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as a checkout has it, in which `make demo DEMO="--keep"` runs."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("connectors", "docs", "hub", "sandbox", "schemas"):
        (folder / name).symlink_to(ROOT / name)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    with (folder / "demo.out").open("wb") as out:
        command = [sys.executable, "-m", "hub", "demo", "--keep"]
        demo = subprocess.Popen(command, cwd=folder, env=environ, stdout=out, stderr=out)
    try:
        until_it_runs(demo, folder)
        yield folder
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE_S) == 0, (folder / "demo.out").read_text("utf-8")[-2_000:]
        assert not (folder / ".hub/demo/env").exists(), "the token of a hub that has ended"


def until_it_runs(demo: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while "running until Ctrl-C" not in (said := (folder / "demo.out").read_text("utf-8")):
        assert demo.poll() is None and time.monotonic() < deadline_s, said[-2_000:]
        time.sleep(0.2)
    assert "balanced" in said


def pasted(folder: Path, text: str) -> "subprocess.CompletedProcess[str]":
    """What a shell does with pasted lines: it ends at the first that fails."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    command = ["bash", "-e", "-c", text]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_every_block_works_as_pasted(folder: Path) -> None:
    blocks = [block for block in BLOCKS if not block.startswith("make ")]
    assert any("application submit" in block for block in blocks)
    for block in blocks:
        done = pasted(folder, block)
        assert done.returncode == 0, done.stdout[-1_000:] + done.stderr


def test_the_application_of_the_readme_gets_its_evidence(folder: Path) -> None:
    show = ". .hub/demo/env; hub application show --external-no 2026-1 --json"
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        pieces = json.loads(pasted(folder, show).stdout)["deliveries"]
        if len(pieces) == 3 and all(one["state"] == "acknowledged" for one in pieces):
            return
        assert time.monotonic() < deadline_s, pieces
        time.sleep(0.5)


def test_p5_the_token_of_the_demonstration_is_for_its_user_only(folder: Path) -> None:
    assert (folder / ".hub/demo/env").stat().st_mode & 0o077 == 0
