"""Calls are bounded in every direction, and what a failure means is told without a value in it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.connect.context import Context
from hub.connect.folder import of_package
from hub.connect.rest.client import Answer, RestClient, bearer
from hub.connect.spec import ConnectorInfo, Limits
from hub.errors import Misconfigured, Unavailable

Talk = Callable[[socket.socket], None]
QUICK = Limits(connect_timeout_s=1, read_timeout_s=1, total_timeout_s=1.2, answer_bytes_max=2_000)


@contextmanager
def peer(talk: Talk) -> Iterator[str]:
    """A server that says to every connection what ``talk`` says."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                with suppress(OSError):
                    talk(connection)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/base"
    listener.close()


def client(info: ConnectorInfo, url: str, limits: Limits = QUICK) -> RestClient:
    return RestClient(Context(info, limits, SystemClock(), of_package("connectors.business_licence")), url, bearer("t"))


def says(status: str, body: bytes = b"{}", *headers: str) -> Talk:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers, "", ""]
    return lambda connection: connection.sendall("\r\n".join(lines).encode() + body)


def slowly(data: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.2)

    return talk


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: " + b"y" * 100, id="headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n" + b"y" * 100, id="body"),
    ],
)
def test_a_peer_that_sends_one_byte_at_a_time_is_cut_at_the_total_time(info: ConnectorInfo, data: bytes) -> None:
    """A read time-out alone would wait for ever: every byte is in time."""
    with peer(slowly(data)) as url:
        begin = time.monotonic()
        with pytest.raises(Unavailable, match="ReadTimeout"):
            client(info, url).get("/x")
        assert time.monotonic() - begin < 2


def test_the_path_the_query_and_the_body_are_sent_as_they_are_signed(info: ConnectorInfo) -> None:
    signed: list[tuple[str, str, bytes]] = []
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        says("200 OK")(connection)

    def sign(method: str, target: str, body: bytes) -> dict[str, str]:
        signed.append((method, target, body))
        return {"x-signed": "1"}

    with peer(talk) as url:
        context = Context(info, QUICK, SystemClock(), of_package("connectors.business_licence"))
        rest = RestClient(context, url, sign)
        assert rest.get("/a", {"q": "天 津&x"}).object() == {}
        assert rest.post("/b", {"名": 1}).ok
    assert signed[0] == ("GET", "/base/a?q=%E5%A4%A9+%E6%B4%A5%26x", b"")
    assert signed[1] == ("POST", "/base/b", '{"名":1}'.encode())
    assert not heard


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("99999999", 99_999_999), ("soon", None), ("-5", None)],
)
def test_retry_after_is_understood(info: ConnectorInfo, retry_after: str, seconds: float | None) -> None:
    with (
        peer(says("429 Too Many", b"{}", f"retry-after: {retry_after}")) as url,
        pytest.raises(Unavailable) as told,
    ):
        client(info, url).get("/x")
    assert told.value.retry_after_s == seconds


@pytest.mark.parametrize("status", ["408 x", "425 x", "429 x", "500 x", "502 x", "503 x"])
def test_what_time_may_mend_is_unavailable(info: ConnectorInfo, status: str) -> None:
    with peer(says(status)) as url, pytest.raises(Unavailable, match=f"HTTP {status[:3]}"):
        client(info, url).get("/x")


@pytest.mark.parametrize("status", ["401 x", "403 x", "302 x"])
def test_what_only_the_operator_can_mend_is_misconfigured(info: ConnectorInfo, status: str) -> None:
    with peer(says(status)) as url, pytest.raises(Misconfigured):
        client(info, url).get("/x")


def test_other_answers_are_the_connectors_to_judge(info: ConnectorInfo) -> None:
    with peer(says("422 x", b'{"errorCode":"X"}')) as url:
        assert client(info, url).get("/x").status == 422


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(lambda connection: None, id="closed without a word"),
        pytest.param(lambda connection: connection.sendall(b"no http\r\n\r\n"), id="no http"),
        pytest.param(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"), id="cut"),
        pytest.param(says("200 OK", b"x" * 3_000), id="too large"),
    ],
)
def test_a_broken_answer_is_unavailable(info: ConnectorInfo, talk: Talk) -> None:
    with peer(talk) as url, pytest.raises(Unavailable):
        client(info, url).get("/x")


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"[" * 100_000])
def test_what_is_no_json_object_is_unavailable(body: bytes) -> None:
    with pytest.raises(Unavailable):
        Answer(200, body).object()


def test_no_error_holds_the_url_or_the_query(info: ConnectorInfo) -> None:
    """P5: queries hold identifiers."""
    with pytest.raises(Unavailable) as told:
        client(info, "http://127.0.0.1:9").get("/x", {"id": "360426199101010071"})
    assert "360426" not in str(told.value) and "127.0.0.1" not in str(told.value)


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_of_authorities_that_cannot_be_used_is_named(
    info: ConnectorInfo, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    context = Context(info, QUICK, SystemClock(), of_package("connectors.business_licence"))
    with pytest.raises(Misconfigured, match="ca_file"):
        RestClient(context, "https://localhost:1", bearer("t"), str(file))


_NO_BASE = ("ftp://x", "http://", "http://user:pw@x", "http://x?y=1", "http://x:port", "http://x:70000", "http://x:0")
_NO_HOST = ("http://天津", "http://a..b", f"http://{'x' * 64}.cn", "http://x y", "http://x\n", "http://[::1")


@pytest.mark.parametrize("url", [*_NO_BASE, *_NO_HOST])
def test_a_url_that_is_no_base_is_refused(info: ConnectorInfo, url: str) -> None:
    with pytest.raises(Misconfigured, match="no base URL"):
        client(info, url)
