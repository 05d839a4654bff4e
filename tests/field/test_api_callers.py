"""Callers of the API as they are: port checks that say nothing, slow heads and bodies, load balancers that ask by HEAD,
proxies that add a slash, odd queries. All of them on a hub that serves as `hub run` does."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import open_hub
from hub.web.server import serve
from tests.callers import token
from tests.casework import body
from tests.feeding import settings

Place = tuple[str, int]
PATIENCE_S = 60.0
SLOW = {
    "nothing": b"",
    "head": b"GET /health HTTP/1.1\r\nHost: h\r\nX: ",
    "body": b"POST /subjects/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{",
}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> dict[str, str]:
    """The store: SQLite, or PostgreSQL where a test asks for both."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return {}
    return {"store_url": request.getfixturevalue("postgres_url")}


BOTH = pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres])], indirect=True
)


@pytest.fixture
def place(tmp_path: Path, engine: dict[str, str]) -> Iterator[Place]:
    hub = open_hub(settings(tmp_path, {}, web={"port": 0}, **engine))
    try:
        with serve(hub) as url:
            host, _, port = url.removeprefix("http://").partition(":")
            yield host, int(port)
    finally:
        hub.close()


def call(place: Place, method: str, path: str, sent: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPConnection(*place, timeout=20)
    try:
        connection.request(method, path, sent, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@contextmanager
def held(place: Place, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    found = [socket.create_connection(place) for _ in range(count)]
    for one in found:
        with suppress(OSError):
            one.sendall(sent)
    try:
        yield found
    finally:
        for one in found:
            one.close()


def closed(one: socket.socket) -> bool:
    """Whether the server has closed this connection."""
    one.setblocking(False)
    try:
        while one.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


@pytest.mark.slow
@pytest.mark.parametrize("what", SLOW)
def test_205_connections_that_say_little_do_not_silence_the_api(place: Place, what: str) -> None:
    with held(place, 205, SLOW[what]) as found:
        assert call(place, "GET", "/health")[0] == 200
        assert call(place, "GET", "/config")[0] == 200
        deadline_s = time.monotonic() + PATIENCE_S
        while not all(map(closed, found)):
            assert time.monotonic() < deadline_s, "some are still open"
            time.sleep(0.2)
        assert call(place, "GET", "/health")[0] == 200


@pytest.mark.parametrize("path", ["/health", "/ready", "/subjects", "/openapi.json"])
def test_head_is_answered_like_get(place: Place, path: str) -> None:
    status, headers, content = call(place, "HEAD", path)
    assert (status, content) == (call(place, "GET", path)[0], b"")
    assert int(headers["content-length"]) > 0


@pytest.mark.parametrize("path", ["/applications/", "/health/", "//evil.example/health"])
def test_a_slash_behind_a_proxy_leads_nowhere(place: Place, path: str) -> None:
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "Host": "evil.example"}
    status, headers, content = call(place, "GET", path, **said)
    assert (status, headers["location"], b"evil" in content) == (404, None, False)


ODD = [
    ("GET", "/applications?channel=%00"), ("GET", "/applications?after=00"), ("GET", "/applications?limit=%D9%A1"),
    ("GET", f"/applications?limit={'9' * 5_000}"), ("GET", "/applications?limit=1&limit=2"),
    ("GET", "/applications?nothing=1"), ("GET", "/applications?voltage=LOW'--"), ("GET", "/cases?procedure=%00"),
    ("GET", "/cases?after=zz"), ("GET", "/applications/%00"), ("GET", "/cases/%F0%9F%92%A9"),
    ("POST", "/applications/%00/hold?x=1"),
]  # fmt: skip
BODIES = [
    json.dumps({"external_no": "\ud800"}), '{"a":"' + "x" * 70_000 + '"}', '{"capacity_kw": 1e999}',
    '{"capacity_kw": ' + "9" * 5_000 + "}", '{"\\u0000": 1}', "[" * 60_000, "\x00",
    '{"applicant": {"name": "\\u0000"}}',
    json.dumps(body(legal_basis="§6\x00")), json.dumps(body(legal_basis="法" * 500)),
    json.dumps(body(external_no="N\x00")),
]  # fmt: skip
"""What no caller should send."""


@pytest.fixture
def bearer(tmp_path: Path, place: Place, engine: dict[str, str]) -> dict[str, str]:
    hub = open_hub(settings(tmp_path, {}, web={"port": 0}, **engine))
    try:
        return {"Authorization": f"Bearer {token(hub.store, hub.clock)}"}
    finally:
        hub.close()


@BOTH
def test_odd_queries_and_paths_are_refused_not_500(place: Place, bearer: dict[str, str]) -> None:
    for method, path in ODD:
        status, headers, content = call(place, method, path, **bearer)
        assert status in (404, 422), (path, content)
        assert headers["content-type"] == "application/problem+json" and json.loads(content)["status"] == status


@BOTH
def test_odd_bodies_are_refused_not_500(place: Place, bearer: dict[str, str]) -> None:
    for sent in BODIES:
        status, _, content = call(place, "POST", "/applications", sent.encode("utf-8", "surrogatepass"), **bearer)
        assert status in (400, 413, 422), (sent[:80], content)


def test_heads_that_are_too_large_are_refused(place: Place) -> None:
    assert call(place, "GET", "/health", **{"X-Big": "x" * 70_000})[0] in (400, 431)
