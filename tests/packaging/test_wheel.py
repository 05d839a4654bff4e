"""What a district installs is the wheel: everything that the hub reads at run time is in it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_wheel_holds_every_file_that_is_not_python(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, timeout=180)
    (wheel,) = tmp_path.glob("onecert_hub-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(
        ["git", "ls-files", "hub", "connectors", "schemas", "sandbox"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(listed.stdout.split()) <= names
    assert not [name for name in names if name.startswith(("tests/", "bench/", "deploy/"))]
