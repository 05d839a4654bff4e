"""A token is fetched once, again in time, and once after a refusal; our certificate is shown where it is asked for."""

import json
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from hub.connect.context import Context
from hub.connect.rest.auth import TOKEN_LIFE_MAX_S, Token, calls_of
from hub.connect.rest.client import RestClient
from hub.connect.rest.spec import AuthSpec
from hub.errors import Misconfigured, Unavailable
from tests.certificates import Authority
from tests.clocks import HandClock

OPTIONS = {"client_id": "hub&co", "client_secret": "s:cret", "ca_file": ""}


class Service:
    """Gives tokens, and answers calls that have the newest one."""

    def __init__(self) -> None:
        self.answer: Any = {"access_token": "T1", "expires_in": 600}
        self.status = 200
        self.valid = "T1"
        self.asked: list[tuple[Mapping[str, str], Mapping[str, str]]] = []
        self.called: list[str] = []

    def handle(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        if path == "/oauth/token":
            self.asked.append((headers, dict(parse_qsl(body.decode()))))
            return self.status, self.answer
        self.called.append(headers.get("authorization", ""))
        return (200, {}) if headers.get("authorization") == f"Bearer {self.valid}" else (401, {})


@contextmanager
def served(service: Service, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, value = service.handle(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            text = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def client(context: Context, url: str, spec: AuthSpec, **more: Any) -> RestClient:
    options = {**OPTIONS, "url": url, **more}
    calls = calls_of(spec, options, context)
    return RestClient(context, url, calls.sign, options["ca_file"], calls.certificate, calls.refused)


OAUTH = AuthSpec(by="oauth2")


def test_a_token_is_fetched_once_and_again_before_it_runs_out(context: Context, clock: HandClock) -> None:
    service = Service()
    with served(service) as url:
        rest = client(context, url, OAUTH)
        for _ in range(3):
            assert rest.get("/rows").ok
        clock.pass_s(500)
        assert rest.get("/rows").ok
        assert len(service.asked) == 1
        clock.pass_s(50)
        assert rest.get("/rows").ok
    assert len(service.asked) == 2
    headers, form = service.asked[0]
    assert b64decode(headers["authorization"].removeprefix("Basic ")) == b"hub%26co:s%3Acret", "RFC 6749 §2.3.1"
    assert form == {"grant_type": "client_credentials"}


def test_a_refused_token_is_fetched_anew_once(context: Context) -> None:
    service = Service()
    with served(service) as url:
        rest = client(context, url, OAUTH)
        assert rest.get("/rows").ok
        service.answer, service.valid = {"access_token": "T2", "expires_in": "600"}, "T2"
        assert rest.get("/rows").ok
        assert service.called == ["Bearer T1", "Bearer T1", "Bearer T2"]
        service.valid = "none"
        with pytest.raises(Misconfigured, match="credentials"):
            rest.get("/rows")
    assert len(service.called) == 5, "one second try, and no more"


def test_ids_in_the_form_and_a_token_inside_the_answer(context: Context) -> None:
    service = Service()
    service.answer = {"data": {"token": "T1"}}
    spec = AuthSpec(by="oauth2", credentials="form", scope="licence.read", token="data.token", expires="data.ttl")
    with served(service) as url:
        assert client(context, url, spec).get("/rows").ok
    headers, form = service.asked[0]
    assert "authorization" not in headers
    assert form == {
        "grant_type": "client_credentials", "client_id": "hub&co", "client_secret": "s:cret", "scope": "licence.read",
    }  # fmt: skip


@pytest.mark.parametrize("answer", [{}, {"access_token": 7}, {"access_token": ""}, {"access_token": "x" * 9_000}])
def test_an_answer_without_a_token_is_asked_for_again(context: Context, answer: Any) -> None:
    service = Service()
    service.answer = answer
    with served(service) as url, pytest.raises(Unavailable, match="no token"):
        client(context, url, OAUTH).get("/rows")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_refused_credentials_are_for_the_operator_and_are_not_told(context: Context, status: int) -> None:
    service = Service()
    service.status = status
    with served(service) as url, pytest.raises(Misconfigured) as told:
        client(context, url, OAUTH).get("/rows")
    assert "s:cret" not in str(told.value)


def test_threads_share_one_token_and_an_old_refusal_keeps_a_new_one(clock: HandClock) -> None:
    counted = iter(range(1, 100))
    token = Token(lambda: (f"T{next(counted)}", 60.0), clock)
    found: list[Mapping[str, str]] = []
    threads = [threading.Thread(target=lambda: found.append(token.headers("GET", "/", b""))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one["authorization"] for one in found} == {"Bearer T1"}
    assert token.refused(found[0]) and token.headers("GET", "/", b"")["authorization"] == "Bearer T2"
    assert token.refused(found[1]) and token.headers("GET", "/", b"")["authorization"] == "Bearer T2"


def test_a_token_without_an_end_is_fetched_every_day(clock: HandClock) -> None:
    counted = iter(range(1, 100))
    token = Token(lambda: (f"T{next(counted)}", 1e12), clock)
    assert token.headers("GET", "/", b"")["authorization"] == "Bearer T1"
    clock.pass_s(TOKEN_LIFE_MAX_S)
    assert token.headers("GET", "/", b"")["authorization"] == "Bearer T2"


@pytest.mark.parametrize(
    ("spec", "options", "headers"),
    [
        (AuthSpec(), {}, {}),
        (AuthSpec(by="bearer"), {"token": "t"}, {"authorization": "Bearer t"}),
        (AuthSpec(by="api-key", header="Ocp-Key"), {"api_key": "k"}, {"ocp-key": "k"}),
    ],
)
def test_fixed_headers(context: Context, spec: AuthSpec, options: Any, headers: Any) -> None:
    assert calls_of(spec, options, context).sign("GET", "/", b"") == headers


def test_a_national_signature_signs_the_target(context: Context) -> None:
    sign = calls_of(AuthSpec(by="national"), {"rid": "r", "sid": "s", "secret": "x"}, context).sign
    assert sign("GET", "/a", b"")["x-onecert-sign"] != sign("GET", "/b", b"")["x-onecert-sign"]


def test_our_own_certificate_is_shown_and_its_files_are_named_when_they_do_not_fit(
    context: Context, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    server, own = authority.issue("server"), authority.issue("hub")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server[0], server[1])
    tls.load_verify_locations(authority.file)
    tls.verify_mode = ssl.CERT_REQUIRED
    spec = AuthSpec(by="oauth2", certificate=True)
    files = {"ca_file": str(authority.file), "client_certificate": str(own[0]), "client_key": str(own[1])}
    context = replace(context, limits=context.limits.model_copy(update={"total_timeout_s": 5.0}))
    with served(Service(), tls) as url:
        assert client(context, url, spec, **files).get("/rows").ok
        without = RestClient(context, url, lambda method, target, body: {}, files["ca_file"])
        with pytest.raises(Misconfigured, match="certificate"):
            without.get("/rows")
        with pytest.raises(Misconfigured, match="client_certificate"):
            client(context, url, spec, **{**files, "client_key": str(server[1])})
        with pytest.raises(Misconfigured, match="client_certificate"):
            client(context, url, spec, **{**files, "client_key": str(tmp_path / "absent.pem")})
