"""Each cause of a failed call has its own words and names what to change (seen on real sockets and certificates)."""

import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import httpcore
import pytest

from hub.clock import SystemClock
from hub.connect.causes import explained
from hub.connect.context import Context
from hub.connect.folder import of_package
from hub.connect.rest.client import RestClient, bearer
from hub.connect.spec import ConnectorInfo, Limits
from hub.errors import HubError, Misconfigured, Unavailable
from tests.certificates import Authority

NAME = "heat_supply"
PACKAGE = "connectors.business_licence"
Talk = Callable[[socket.socket], None]


def hangs_up(connection: socket.socket) -> None:
    """Accepts and closes."""


def says(data: bytes) -> Talk:
    return lambda connection: connection.sendall(data)


@contextmanager
def peer(talk: Talk, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on 127.0.0.1, with TLS when it has a context. Its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain = listener.accept()[0]
            except OSError:
                return
            with suppress(OSError), plain, _tls(plain, context) as connection:
                connection.recv(65_536)
                talk(connection)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def _tls(plain: socket.socket, context: ssl.SSLContext | None) -> socket.socket:
    return context.wrap_socket(plain, server_side=True) if context else plain


def served(both: Path, **options: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    for name, value in options.items():
        setattr(context, name, value)
    return context


def told(url: str, trusted: Path | None = None) -> HubError:
    """What an operator is told of a call to ``url``."""
    context = ssl.create_default_context(cafile=trusted)
    with httpcore.ConnectionPool(ssl_context=context) as pool:
        try:
            pool.request("GET", url, extensions={"timeout": {"connect": 1, "read": 1}})
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            return explained(NAME, error)
    raise AssertionError("the call worked")


@pytest.mark.parametrize(
    ("days", "words", "remedy"),
    [((-3, -1), "has expired", "renew"), ((1, 3), "not valid yet", "clock")],
)
def test_a_certificate_outside_its_time(tmp_path: Path, days: tuple[int, int], words: str, remedy: str) -> None:
    authority = Authority(tmp_path)
    both = authority.issue("server", days=(timedelta(days[0]), timedelta(days[1])))[2]
    with peer(hangs_up, served(both)) as port:
        error = told(f"https://127.0.0.1:{port}", authority.file)
    assert isinstance(error, Misconfigured)
    assert words in str(error) and remedy in error.remedy


def test_a_certificate_of_another_host(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with peer(hangs_up, served(authority.issue("server", "127.0.0.9")[2])) as port:
        for host in ("127.0.0.1", "localhost"):
            error = told(f"https://{host}:{port}", authority.file)
            assert isinstance(error, Misconfigured) and "for another host" in str(error)
            assert f"connectors.{NAME}.url" in error.remedy


def test_a_certificate_of_an_unknown_issuer(tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    with peer(hangs_up, served(Authority(tmp_path).issue("server")[2])) as port:
        for trusted in (None, other.file):
            error = told(f"https://127.0.0.1:{port}", trusted)
            assert isinstance(error, Misconfigured) and "does not trust the issuer" in str(error)
            assert f"connectors.{NAME}.ca_file" in error.remedy


def test_p1_a_renewed_file_of_authorities_is_read_without_a_restart(info: ConnectorInfo, tmp_path: Path) -> None:
    authority, trusted = Authority(tmp_path), tmp_path / "trusted.pem"
    trusted.write_bytes(Authority(tmp_path, "former").file.read_bytes())
    ok = says(b"HTTP/1.1 204 x\r\nconnection: close\r\n\r\n")
    with peer(ok, served(authority.issue("server")[2])) as port:
        context = Context(info, Limits(connect_timeout_s=5, read_timeout_s=5), SystemClock(), of_package(PACKAGE))
        client = RestClient(context, f"https://127.0.0.1:{port}", bearer("t"), str(trusted))
        with pytest.raises(Misconfigured, match="does not trust the issuer"):
            client.get("/x")
        trusted.write_bytes(b"half a file")
        os.utime(trusted, ns=(1, 1))
        with pytest.raises(Misconfigured, match="does not trust the issuer"):
            client.get("/x")
        trusted.write_bytes(authority.file.read_bytes())
        os.utime(trusted, ns=(2, 2))
        assert client.get("/x").status == 204


def test_a_system_that_wants_a_client_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = served(authority.issue("server")[2])
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    with peer(hangs_up, context) as port:
        error = told(f"https://127.0.0.1:{port}", authority.file)
    assert isinstance(error, Misconfigured) and "does not accept our TLS certificate" in str(error)


def test_tls_to_a_port_without_tls() -> None:
    with peer(says(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")) as port:
        error = told(f"https://127.0.0.1:{port}")
    assert isinstance(error, Misconfigured) and "speaks no TLS" in str(error)


@pytest.mark.parametrize(
    ("talk", "words"),
    [
        (says(b"\x15\x03\x03\x00\x02\x02\x46"), "https://"),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "no HTTP"),
        (hangs_up, "closed the connection"),
        (says(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"), "closed the connection"),
    ],
)
def test_an_answer_that_is_none_leaves_the_outcome_unknown(talk: Talk, words: str) -> None:
    """P2: the request was sent."""
    with peer(talk) as port:
        error = told(f"http://127.0.0.1:{port}")
    assert isinstance(error, Unavailable) and words in str(error)


def test_a_tls_connection_that_ends_in_the_handshake_may_work_later() -> None:
    """A system that restarts does this."""
    with peer(hangs_up) as port:
        assert isinstance(told(f"https://127.0.0.1:{port}"), Unavailable)


def test_a_name_a_port_and_a_time_out_have_different_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    silent = socket.create_server(("127.0.0.1", 0))
    words = [
        str(told("http://no-such-host.invalid")),
        str(told(f"http://127.0.0.1:{free}")),
        str(told(f"http://127.0.0.1:{silent.getsockname()[1]}")),
    ]
    silent.close()
    assert "DNS" in words[0] and "refused" in words[1] and "ReadTimeout" in words[2]
    assert all(one.startswith(f"{NAME}: ") for one in words)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EHOSTUNREACH, "no route"),
        (errno.EMFILE, "no more files"),
        (errno.EACCES, "firewall"),
        (errno.ECONNRESET, "closed"),
    ],
)
def test_numbers_of_the_operating_system_become_words(number: int, words: str) -> None:
    error = httpcore.ConnectError("x")
    error.__cause__ = OSError(number, "x")
    assert words in str(explained(NAME, error))


def test_a_header_that_cannot_be_sent_is_for_the_operator() -> None:
    error = explained(NAME, httpcore.LocalProtocolError("Illegal header value b'secret\\n'"))
    assert isinstance(error, Misconfigured) and "secret" not in str(error).replace("secrets", "")
