"""Starts a real MariaDB on loopback, in one directory. Needs the server's binaries (Debian: mariadb-server)."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from sandbox.servers.missing import Missing
from sandbox.servers.ports import free_port

_START_S = 60
_STOP_S = 30


@dataclass
class Server:
    """A running server. Its user is root, without a password."""

    port: int
    home: Path
    process: subprocess.Popen[bytes]

    def create(self, name: str) -> str:
        """Create an empty database. Returns its SQLAlchemy URL."""
        with _connected(self.port) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return f"mariadb+pymysql://root@127.0.0.1:{self.port}/{name}?charset=utf8mb4"

    def stop(self) -> None:
        """Stop the server and delete its data."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def start(port: int = 0) -> Server:
    """Create a data folder and start a server on it. ``port`` 0: a free one. Raises ``Missing``, ``TimeoutError``."""
    program, install = binaries()
    # Not in pytest's or a user's private folders: the server's own user needs access, and socket paths must be short.
    home = Path(tempfile.mkdtemp(prefix="onecert-maria-"))
    if owner := _owner():
        entry = pwd.getpwnam(owner)
        os.chown(home, entry.pw_uid, entry.pw_gid)
    common = ["--no-defaults", f"--datadir={home / 'data'}", *([f"--user={owner}"] if owner else [])]
    installing = [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(installing, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    port = port or free_port()
    places = [f"--port={port}", f"--socket={home / 's'}", f"--pid-file={home / 'pid'}"]
    options = ["--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen([program, *common, *places, *options], stdout=log, stderr=log)
    server = Server(port, home, process)
    try:
        _wait(server)
    except BaseException:
        server.stop()
        raise
    return server


def binaries() -> tuple[str, str]:
    """The server's program, and the one that makes its data folder. Raises ``Missing``."""
    found = shutil.which("mariadbd", path=_PATH), shutil.which("mariadb-install-db", path=_PATH)
    if not found[0] or not found[1]:
        raise Missing("MariaDB's server", "mariadb-server")
    return found[0], found[1]


_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])


def _wait(server: Server) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.process.poll() is None:
        with suppress(pymysql.Error), _connected(server.port):
            return
        time.sleep(0.05)
    raise TimeoutError(f"MariaDB does not start:\n{(server.home / 'server.log').read_text('utf-8', 'replace')[-2000:]}")


def _connected(port: int) -> Any:
    return pymysql.connect(host="127.0.0.1", port=port, user="root", connect_timeout=2)


def _owner() -> str | None:
    """The user to run as: the server refuses to run as root, and its package creates a user."""
    return "mysql" if os.geteuid() == 0 else None
