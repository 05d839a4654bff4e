"""Follows a tutorial of docs/connectors.md as a reader does: saves its files, runs its commands, in its order."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_STEP = re.compile(r"(?ms)^(?:`(?P<file>[\w./]+)`[:：]\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$")
_DEADLINE_S = 60
RUN = "hub run"


def section(page: Path, holding: str) -> str:
    """The section of a page (``##``) that holds a text."""
    return next(one for one in re.split(r"(?m)^(?=## )", page.read_text("utf-8")) if holding in one)


class Reader:
    """A person with one folder and two terminals: commands in one, what runs on in the other."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.output = ""
        self._running: subprocess.Popen[bytes] | None = None
        self._beside: list[subprocess.Popen[bytes]] = []
        tools = home.parent / "tools"
        tools.mkdir()
        (tools / "hub").write_text(f'#!/bin/sh\nexec {sys.executable} -m hub "$@"\n')
        (tools / "hub").chmod(0o755)
        path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
        wanted = {"PYTHONPATH": str(ROOT), "PATH": path, "HUB_WEB__PORT": "0", "COLUMNS": "200", "HUB_LOG_JSON": "true"}
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | wanted

    def follow(self, text: str) -> None:
        """Do every step of a tutorial."""
        for step in _STEP.finditer(text):
            if step["file"]:
                self._save(step["file"], step["text"])
            elif step["kind"] == "sh":
                for line in step["text"].splitlines():
                    self._do(line)

    def _save(self, name: str, text: str) -> None:
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def _do(self, line: str) -> None:
        command = line.partition("  #")[0].strip()
        if command.endswith(" &"):
            self._beside.append(self._start(command.removesuffix(" &")))
            return
        if command == RUN:
            self._interrupt()
            self._running = self._start(command)
            return
        if "records remap" in command:
            self._interrupt()
        code = 1 if "exit 1" in line else 0
        done = subprocess.run(
            command, shell=True, cwd=self.home, env=self._environ, capture_output=True, text=True,
            timeout=_DEADLINE_S, check=False,
        )  # fmt: skip
        self.output += done.stdout
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"

    def wait_for(self, arguments: list[str], found: Any) -> None:
        """Call ``hub`` until ``found`` is true of what it prints as JSON."""
        end = time.monotonic() + _DEADLINE_S
        shown: Any = None
        while time.monotonic() < end:
            done = subprocess.run(
                [sys.executable, "-m", "hub", *arguments, "--json"], cwd=self.home, env=self._environ,
                capture_output=True, text=True, timeout=_DEADLINE_S, check=False,
            )  # fmt: skip
            shown = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(("{", "["))]
            if done.returncode in (0, 1) and found(shown):
                return
            time.sleep(0.3)
        raise AssertionError(f"{arguments}: {shown}")

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["sh", "-c", f"exec {command}"], cwd=self.home, env=self._environ,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _interrupt(self) -> None:
        """Ctrl-C in the other terminal."""
        if self._running is not None:
            self._running.terminate()
            self._running.wait(_DEADLINE_S)
            self._running = None

    def stop(self) -> None:
        """End all that runs."""
        self._interrupt()
        for process in self._beside:
            process.kill()
            process.wait(_DEADLINE_S)


def files(text: str) -> Mapping[str, str]:
    """Name → content of the files that a tutorial names."""
    return {step["file"]: step["text"] for step in _STEP.finditer(text) if step["file"]}
