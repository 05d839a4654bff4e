"""An operator sees why a source does not work where people look: ``hub connectors status``, ``hub doctor``, ``/ready``.

Seen in other products: an expired certificate, a wrong host, a name that does not resolve and a refused connection all
had the words "connection error".
"""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli import cli
from hub.web.api.watch.health import Readiness
from sandbox import launch
from sandbox.launch import Running
from tests.certificates import Authority
from tests.feeding import connectors, feeding, until

NAME = "business_licence"
_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with launch.start(12, 20, tmp_path_factory.mktemp("world")) as running:
        yield running


@contextmanager
def listening(context: ssl.SSLContext | None) -> Iterator[int]:
    """A server that greets nobody: with TLS where there is a context, else it answers what is no HTTP."""
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(server, context), daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()


def _serve(server: socket.socket, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        try:
            with context.wrap_socket(connection, server_side=True) if context else connection as talk:
                talk.recv(65_536)
                talk.sendall(b"220 mail.example ESMTP\r\n\r\n")
        except OSError:
            connection.close()


def with_certificate(folder: Path, host: str = "127.0.0.1", days: tuple[int, int] = (-1, 1)) -> ssl.SSLContext:
    """The TLS of a server whose authority is ``ca.pem`` in ``folder``."""
    begin, end = days
    certificate, key, _ = Authority(folder).issue("server", host, days=(begin * _DAY, end * _DAY))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@contextmanager
def source(cause: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Settings of a source that does not work for this cause."""
    trusted: dict[str, Any] = {"ca_file": str(folder / "ca.pem")}
    if cause in ("expired", "wrong host", "untrusted"):
        made = with_certificate(
            folder, "127.0.0.2" if cause == "wrong host" else "127.0.0.1", (-3, -1) if cause == "expired" else (-1, 1)
        )
        with listening(made) as port:
            yield {"url": f"https://127.0.0.1:{port}"} | ({} if cause == "untrusted" else trusted)
    elif cause in ("no TLS", "no HTTP"):
        with listening(None) as port:
            yield {"url": f"{'https' if cause == 'no TLS' else 'http'}://127.0.0.1:{port}"}
    else:
        yield {"url": "https://no-such-host.invalid" if cause == "DNS" else "http://127.0.0.1:1"}


WORDS = {
    "expired": "expired",
    "wrong host": "host",
    "untrusted": "trust",
    "DNS": "name",
    "refused": "refused",
    "no TLS": "TLS",
    "no HTTP": "HTTP",
}


@pytest.mark.parametrize("cause", WORDS)
def test_each_cause_has_its_own_words_in_every_place_and_none_is_away(
    sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    for what in ("log", "store", "vault"):
        monkeypatch.setenv(f"HUB_{what.upper()}_URL", f"sqlite:///{tmp_path}/{what}.db")
    monkeypatch.setenv("HUB_MASTER_KEY_FILE", str(tmp_path / "master.key"))
    with source(cause, tmp_path) as given:
        table = connectors(sandbox, NAME)[NAME] | given
        for key, value in table.items():
            monkeypatch.setenv(f"HUB_CONNECTORS__BUSINESS_LICENCE__{key.upper()}", str(value))
        with feeding(tmp_path, {NAME: table}) as (hub, task):
            until(task, lambda: bool(status()["progress"]["trouble"]))
            said = {
                "status": status()["progress"]["trouble"],
                "doctor": " ".join(f"{one['detail']} {one['remedy']}" for one in running()),
                "ready": " ".join(Readiness(hub.log, hub.store, hub.clock, "hub-1").look()[1]),
            }
            assert status()["progress"]["last_trouble"] == said["status"]
    for place, words in said.items():
        assert WORDS[cause].lower() in words.lower(), (place, words)
        assert "away" not in words and "ConnectError" not in words, (place, words)


def status() -> Any:
    (found,) = lines("connectors", "status", NAME, "--json")
    return found[0]


def running() -> list[dict[str, str]]:
    return [one for one in lines("doctor", "--json") if one["what"] == "running" and not one["sound"]]


def lines(*command: str) -> list[Any]:
    """What a command printed, without the log lines of the feed in this process."""
    done = CliRunner().invoke(cli, list(command))
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(("{", "[{"))]
