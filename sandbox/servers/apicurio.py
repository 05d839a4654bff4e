"""Starts a real Apicurio Registry on loopback, with its content in memory: tests compare its answers with the hub's.

Needs Java 17 or newer and, the first time, Maven, which fetches the server (109 MB) into the user's cache.
"""

import contextlib
import os
import subprocess
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from sandbox.servers import kafka
from sandbox.servers.missing import Missing
from sandbox.servers.ports import free_port

VERSION = "3.0.9"
READY_S = 60.0
STOP_S = 10.0
_ARTIFACT = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"


def server() -> Path:
    """The server's runnable jar, downloaded once. Raises ``Missing`` without Java, Maven or a download."""
    kafka.tools()
    folder = kafka.cache() / f"apicurio-{VERSION}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fetched:
            _fetch(Path(fetched))
            # Another process may have downloaded it meanwhile: then that one is used.
            with contextlib.suppress(OSError):
                (Path(fetched) / "server").rename(folder)
    return next(folder.glob("*-runner.jar"))


def _fetch(folder: Path) -> None:
    command = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={_ARTIFACT}", "-DoutputDirectory=."]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        raise Missing(f"Apicurio Registry ({_ARTIFACT}), which Maven could not fetch,", "maven")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "server", filter="data")


@dataclass
class Registry:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The base URL of its API in the form of Confluent's registry."""
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def stop(self) -> None:
        """End the server; its content is lost."""
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(home: Path) -> Registry:
    """Start an empty registry, ready on return. Its log is in ``home``. Raises ``Missing``, ``TimeoutError``."""
    jar, port = server(), free_port()
    environ = {**os.environ, "QUARKUS_HTTP_HOST": "127.0.0.1", "QUARKUS_HTTP_PORT": str(port)}
    with (home / "apicurio.log").open("ab") as log:
        command = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-jar", str(jar)]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=jar.parent, env=environ
        )
    registry = Registry(port, process)
    try:
        _wait_ready(registry)
    except BaseException:
        registry.stop()
        raise
    return registry


def _wait_ready(registry: Registry) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and registry.process.poll() is None:
        try:
            httpx.get(f"{registry.url}/subjects", timeout=1).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"Apicurio Registry is not ready after {READY_S:.0f} s")
