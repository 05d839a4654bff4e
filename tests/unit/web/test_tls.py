"""TLS of the API: a certificate, callers with certificates, renewed files, and what cannot be used says so."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub import transport
from hub.bootstrap import open_hub
from hub.errors import Misconfigured
from hub.settings import Settings, WebSettings
from hub.web import connections, tls
from hub.web.server import serve
from tests.certificates import Authority
from tests.feeding import settings

PATIENCE_S = 20.0


@contextmanager
def served(home: Path, **web: Any) -> Iterator[str]:
    hub = open_hub(settings(home, {}, web={"port": 0, **web}))
    try:
        with serve(hub) as url:
            yield url
    finally:
        hub.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def trusting(authority: Authority, *own: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(authority.file))
    if own:
        made.load_cert_chain(*own)
    return made


def place(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("https://").partition(":")
    return host, int(port)


def test_the_api_is_https_with_a_certificate(tmp_path: Path, authority: Authority) -> None:
    cert, key, _ = authority.issue("hub", password="secret")
    with served(tmp_path, cert_file=cert, key_file=key, key_password="secret") as url:
        answer = httpx.get(f"{url}/health", verify=trusting(authority), timeout=PATIENCE_S)
        assert url.startswith("https://") and answer.status_code == 200
        assert "max-age" in answer.headers["strict-transport-security"]
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{url.replace('https', 'http')}/health", timeout=PATIENCE_S)
        old = trusting(authority)
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/health", verify=old, timeout=PATIENCE_S)


def test_callers_need_a_certificate_of_the_authority(tmp_path: Path, authority: Authority) -> None:
    (folder := tmp_path / "strange").mkdir()
    cert, key, _ = authority.issue("hub")
    with served(tmp_path, cert_file=cert, key_file=key, client_ca_file=authority.file) as url:
        caller = trusting(authority, *authority.issue("caller")[:2])
        assert httpx.get(f"{url}/health", verify=caller, timeout=PATIENCE_S).status_code == 200
        for stranger in (trusting(authority), trusting(authority, *Authority(folder).issue("caller")[:2])):
            with pytest.raises(httpx.HTTPError):
                httpx.get(f"{url}/health", verify=stranger, timeout=PATIENCE_S)


def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path, authority: Authority) -> None:
    cert, key, _ = authority.issue("hub")

    def shown(url: str) -> bytes:
        plain = socket.create_connection(place(url), timeout=PATIENCE_S)
        with trusting(authority).wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            return secured.getpeercert(binary_form=True) or b""

    with served(tmp_path, cert_file=cert, key_file=key) as url:
        before = shown(url)
        cert.write_text("half a file")
        assert shown(url) == before
        authority.issue("hub")
        deadline_s = time.monotonic() + PATIENCE_S
        while shown(url) == before:
            assert time.monotonic() < deadline_s


def test_silent_handshakes_end(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HANDSHAKE_WITHIN_S", 1.0)
    cert, key, _ = authority.issue("hub")
    with served(tmp_path, cert_file=cert, key_file=key) as url:
        with socket.create_connection(place(url)) as silent:
            silent.settimeout(PATIENCE_S)
            assert silent.recv(1) == b""
        assert httpx.get(f"{url}/health", verify=trusting(authority), timeout=PATIENCE_S).status_code == 200


def test_files_that_cannot_be_used_are_the_operators(tmp_path: Path, authority: Authority) -> None:
    cert, key, _ = authority.issue("hub")
    other = authority.issue("other")[1]
    locked = authority.issue("locked", password="secret")
    for wrong in (
        {"key_file": key},
        {"cert_file": tmp_path / "none.pem"},
        {"cert_file": cert, "key_file": other},
        {"cert_file": locked[0], "key_file": locked[1]},
        {"cert_file": cert, "key_file": key, "client_ca_file": key},
    ):
        with pytest.raises(Misconfigured):
            tls.context(WebSettings(**wrong))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "hub.example", "192.0.2.1"])
def test_tokens_do_not_leave_this_machine_in_the_open(host: str) -> None:
    with pytest.raises(Misconfigured, match=r"web\.insecure"):
        transport.check(Settings.model_validate({"web": {"host": host}}))
    transport.check(Settings.model_validate({"web": {"host": host, "insecure": True}}))
    transport.check(Settings.model_validate({"web": {"host": host, "cert_file": "cert.pem"}}))
