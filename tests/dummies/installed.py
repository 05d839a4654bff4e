"""Runs the ``hub`` command in a process of its own, with dummies that count as installed there.

A dummy is a folder beside this file: a package and its ``*.dist-info``, as an installer leaves them. On the path of a
process it is found like any installed distribution.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATIENCE_S = 60
GRANT = """
[dummy_meter]
item = "120000-TEST-0001"
provider = "供电公司"
approval = "test-1"
fields = ["meter", "kwh", "before"]
purposes = ["connection-application"]
ways = ["feed"]
since = 2021-01-01
until = 2099-12-31
erase_after_days = 180
"""


def environ(*folders: str | Path) -> Mapping[str, str]:
    """Variables of a process that has the product and these dummies: names of folders here, or paths."""
    path = [ROOT, *(HERE / folder for folder in folders)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "HUB_LOG_JSON": "true"}


def command(*arguments: str, config: Path | None = None) -> list[str]:
    """A call of ``hub`` as arguments of a process."""
    return [sys.executable, "-m", "hub", *(["--config", str(config)] if config else []), *arguments]


def hub(*arguments: str, dummies: tuple[str | Path, ...], config: Path | None = None) -> tuple[int, str, str]:
    """Run ``hub`` to its end: exit code, output, error output."""
    done = subprocess.run(
        command(*arguments, config=config),
        env=environ(*dummies),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def python(code: str, dummies: tuple[str | Path, ...]) -> str:
    """What a program prints in a fresh interpreter with the dummies. It must end well."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environ(*dummies),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
