"""Starts a real PostgreSQL on loopback, in one directory. Needs the server's binaries (Debian: postgresql)."""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from sandbox.servers.missing import Missing
from sandbox.servers.ports import free_port


@dataclass
class Server:
    """A running server."""

    port: int
    home: Path
    binaries: Path
    durable: bool = True

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of its database ``postgres``."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def create(self, name: str) -> str:
        """Create an empty database. Returns its SQLAlchemy URL."""
        with psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"{self.url.rpartition('/')[0]}/{name}"

    def run(self) -> None:
        """Start the server, the first time or again with the same data."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.home} -c max_prepared_transactions=0 -c max_connections=200"
        options += "" if self.durable else " -c fsync=off -c full_page_writes=off"
        self.control("-l", str(self.home / "server.log"), "-o", options, "start")

    def control(self, *arguments: str) -> None:
        """Run ``pg_ctl`` on this server, for example ``stop -m immediate``."""
        _run(self.binaries, "pg_ctl", "-D", str(self.home / "data"), "-w", "-s", *arguments)

    def alive(self) -> bool:
        """Whether its process is running."""
        return (self.home / "data" / "postmaster.pid").exists()

    def stop(self) -> None:
        """Stop the server and delete its data."""
        if self.alive():
            self.control("stop", "-m", "immediate")
        shutil.rmtree(self.home, ignore_errors=True)


def start(port: int = 0, durable: bool = True) -> Server:
    """Create a database cluster in a temporary folder and start it. ``port`` 0: a free one. Without ``durable``
    it is quicker, and its data outlive its processes, not the machine. Raises ``Missing``."""
    folder = binaries()
    # Not in pytest's or a user's private folders: PostgreSQL's own user needs access, and socket paths must be short.
    home = Path(tempfile.mkdtemp(prefix="onecert-pg-"))
    _give_away(home)
    _run(folder, "initdb", "-D", str(home / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    server = Server(port or free_port(), home, folder, durable)
    server.run()
    return server


def binaries() -> Path:
    """The folder of the server's programs. Raises ``Missing``."""
    if found := shutil.which("initdb"):
        # If this is a link, the other programs are beside its target.
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not versions:
        raise Missing("PostgreSQL's server", "postgresql")
    return versions[-1].parent


def _owner() -> str | None:
    """The user to run as: PostgreSQL refuses to run as root, and its package creates a user."""
    return "postgres" if os.geteuid() == 0 else None


def _give_away(home: Path) -> None:
    if owner := _owner():
        entry = pwd.getpwnam(owner)
        os.chown(home, entry.pw_uid, entry.pw_gid)


def _run(binaries: Path, tool: str, *arguments: str) -> None:
    owner = _owner()
    command = [str(binaries / tool), *arguments]
    subprocess.run(command, check=True, user=owner, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
