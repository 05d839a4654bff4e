"""What races: rows, and what each needs."""

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENVS = ROOT / ".hub" / "bench"
_FASTER = ("crc32c", "lz4", "cramjam")
PACKAGES = {
    "confluent": ("confluent-kafka==2.16.1", "faststream[confluent]==0.7.8"),
    "quix": ("quixstreams==3.28.1",),
    "faust": ("faust-streaming==0.15.3", "setuptools<81", *_FASTER),
}
"""Virtual environment → what it has besides the hub: clients pin each other's versions."""


@dataclass(frozen=True)
class Row:
    """One line of the table: a module of ``bench.peers`` in so many processes, or a row of ``bench.limits``."""

    name: str
    module: str
    processes: int = 1
    environment: str = ""
    exactly_once: bool = True

    @property
    def is_limit(self) -> bool:
        return self.module.startswith("bench.limits")

    def command(self) -> list[str]:
        python = str(VENVS / self.environment / "bin" / "python") if self.environment else sys.executable
        return [python, "-m", *self.module.split()]

    def prepare(self) -> str:
        """Make the environment if it is not there; why it cannot be, or ``""``."""
        if not self.environment:
            return ""
        home = VENVS / self.environment
        packages = PACKAGES[self.environment]
        stamp = home / "installed"
        contents = " ".join(packages) + "\n" + (ROOT / "pyproject.toml").read_text("utf-8")
        if stamp.exists() and stamp.read_text("utf-8") == contents:
            return ""
        print(f"installing {' '.join(packages)} …", file=sys.stderr, flush=True)
        venv.create(home, with_pip=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        done = subprocess.run([*pip, "--editable", str(ROOT), *packages], capture_output=True, text=True, check=False)
        if done.returncode:
            return f"cannot be installed: {done.stderr.strip().splitlines()[-1][:200] if done.stderr else '?'}"
        stamp.write_text(contents, "utf-8")
        return ""


ROWS = (
    Row("raw produce, kafka-python", "bench.limits produce"),
    Row("raw consume, kafka-python", "bench.limits consume"),
    Row("raw consume and decode", "bench.limits decode"),
    Row("replay: log.scan and decode", "bench.limits replay"),
    Row("verify stage, 1 worker", "bench.peers.stage"),
    Row("verify stage, 2 workers", "bench.peers.stage", 2),
    Row("bare kafka-python loop, 1 process", "bench.peers.bare"),
    Row("bare kafka-python loop, 2 processes", "bench.peers.bare", 2),
    Row("bare librdkafka loop, 1 process", "bench.peers.confluent_tx", 1, "confluent"),
    Row("bare librdkafka loop, 2 processes", "bench.peers.confluent_tx", 2, "confluent"),
    Row("Quix Streams, 1 process", "bench.peers.quix", 1, "quix"),
    Row("Quix Streams, 2 processes", "bench.peers.quix", 2, "quix"),
    Row("FastStream batches, 1 process", "bench.peers.faststream_batch", 1, "confluent", False),
    Row("FastStream batches, 2 processes", "bench.peers.faststream_batch", 2, "confluent", False),
    Row("Faust, 1 process", "bench.peers.faust_agent", 1, "faust", False),
    Row("Faust, 2 processes", "bench.peers.faust_agent", 2, "faust", False),
)


def environ(**more: str) -> dict[str, str]:
    """Of a row's process."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **more}
