"""The calls of the contract, as the hub makes them: paths, keys, tokens, and the ways in which a call goes wrong."""

import json
import ssl
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import httpcore

from hub.connect.rest.deadline import DeadlineBackend, deadline
from hub.crm.reading import Answer, Outcome, of_push, of_question
from hub.errors import Misconfigured
from hub.ports import Clock

ANSWER_BYTES_MAX = 1_048_576
"""Bytes of one answer."""
REGISTRATION, EVIDENCE, DATES = "registration", "evidence", "dates"
WITHDRAWAL, RECALL, CANCELLATION, RATING, WARNING = "withdrawal", "recall", "cancellation", "rating", "warning"
HANDOVER = "handover"
_PATHS = {
    **{EVIDENCE: "evidence", DATES: "dates"},
    **{WITHDRAWAL: "withdrawals", RECALL: "recalls", CANCELLATION: "cancellations"},
    **{RATING: "ratings", WARNING: "warnings", HANDOVER: "handovers"},
}
TRANSFER, TRANSFER_CHECK, TRANSFER_PUSH = "transfer", "transfer-check", "transfer-push"
TRANSFER_CANCELLATION, TRANSFER_NOTICE = "transfer-cancellation", "transfer-notice"
_OF_TRANSFER = {
    **{TRANSFER_CHECK: "checks", TRANSFER_PUSH: "pushes"},
    **{TRANSFER_CANCELLATION: "cancellations", TRANSFER_NOTICE: "notices"},
}
"""What follows the registration of a joint transfer."""
STEPS, REPORTS = "/steps", "/transfer-reports"
"""What the hub fetches from the system."""
TOTAL_S = 30.0
"""How long a whole call may take: a system that sends one byte a second has not answered then."""
_NO_WAIT_S = 0.02


class To(NamedTuple):
    """Where a piece goes: what it is, the hub's number of the application or transfer, and the piece's key."""

    what: str
    number: str
    key: str

    @property
    def path(self) -> str:
        """The path to post to and to ask."""
        if self.what == REGISTRATION:
            return "/applications"
        if self.what == TRANSFER:
            return "/transfers"
        if self.what in _OF_TRANSFER:
            return f"/transfers/{self.number}/{_OF_TRANSFER[self.what]}"
        return f"/applications/{self.number}/{_PATHS[self.what]}"

    @property
    def query(self) -> dict[str, str]:
        """The query that asks for it."""
        by = {REGISTRATION: "externalAppNo", TRANSFER: "transferNo"}.get(self.what)
        return {by: self.number} if by else {"key": self.key}

    @property
    def field(self) -> str:
        """The field of the system's own number."""
        return "appNo" if self.what == REGISTRATION else "receiptNo"


class Line:
    """Calls to one connection system. ``settle_s``: how long it may take to carry out a call whose answer was not
    waited for, seconds. ``lists``: path → URL of a list that the hub fetches, when that is another one. Safe for use
    by several threads. Raises ``Misconfigured`` for a URL that is none."""

    def __init__(
        self,
        url: str,
        token: str,
        settle_s: float,
        clock: Clock,
        ca_file: str | None = None,
        lists: Mapping[str, str] | None = None,
    ) -> None:
        self.settle_s = settle_s
        self._url = _base(url)
        self._lists = {path: _base(other) for path, other in (lists or {}).items()}
        self._token = token
        self._clock = clock
        self._tls = _tls(ca_file)
        backend = DeadlineBackend(clock.monotonic_s)
        self._pool = httpcore.ConnectionPool(ssl_context=self._tls, max_connections=None, network_backend=backend)

    def push(self, to: To, body: Mapping[str, Any], token: str | None = None) -> Outcome:
        """Post a piece. ``token``: another one than the right one."""
        content = _encoded(body)
        return of_push(self._answer("POST", self._url + to.path, {}, content, self._headers(to.key, token)), to.field)

    def ask(self, to: To, token: str | None = None) -> Outcome:
        """Ask for a piece."""
        return of_question(
            self._answer("GET", self._url + to.path, to.query, b"", self._headers("", token)), to.field, to.key
        )

    def listed(self, path: str, after: str, limit: int, token: str | None = None) -> Answer:
        """Ask for a page of a list: at most ``limit`` after a place, "" for the beginning."""
        query = {"after": after, "limit": str(limit)}
        return self._answer("GET", self._lists.get(path, self._url) + path, query, b"", self._headers("", token))

    def hang_up(self, to: To, body: Mapping[str, Any]) -> None:
        """Post a piece, and do not wait for the answer."""
        self._answer("POST", self._url + to.path, {}, _encoded(body), self._headers(to.key, None), _NO_WAIT_S)

    def break_off(self, to: To, body: Mapping[str, Any]) -> None:
        """Post half of a piece, and close the connection."""
        parts, content = urlsplit(self._url + to.path), _encoded(body)
        host, port = parts.hostname or "", parts.port
        connection = (
            HTTPSConnection(host, port, timeout=TOTAL_S, context=self._tls)
            if parts.scheme == "https"
            else HTTPConnection(host, port, timeout=TOTAL_S)
        )
        with suppress(OSError, HTTPException):
            connection.putrequest("POST", parts.path)
            for name, value in (self._headers(to.key, None) | {"content-length": str(len(content))}).items():
                connection.putheader(name, value)
            connection.endheaders(content[: len(content) // 2])
        connection.close()

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _headers(self, key: str, token: str | None) -> dict[str, str]:
        given = {"authorization": f"Bearer {self._token if token is None else token}", "accept": "application/json"}
        if not key:
            return given
        return given | {"idempotency-key": key, "content-type": "application/json; charset=utf-8"}

    def _answer(
        self,
        method: str,
        address: str,
        query: Mapping[str, str],
        body: bytes,
        headers: Mapping[str, str],
        read_s: float | None = None,
    ) -> Answer:
        """The answer to a call. ``read_s``: how long to wait for each part of it, when that is less than for all."""
        url = f"{address}?{urlencode(query)}" if query else address
        waits = {"timeout": {"connect": TOTAL_S, "write": TOTAL_S, "pool": TOTAL_S, "read": read_s or TOTAL_S}}
        try:
            with (
                deadline(self._clock.monotonic_s() + TOTAL_S),
                self._pool.stream(method, url, headers=[*headers.items()], content=body, extensions=waits) as response,
            ):
                return _read(response)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            return Answer(0, type(error).__name__.encode())


def _base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or "@" in parts.netloc:
        raise Misconfigured("the URL is no base URL", "use http(s)://HOST[:PORT][/PATH]")
    return f"{parts.scheme}{url.strip()[len(parts.scheme) :]}".rstrip("/")


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise Misconfigured("the file of certificate authorities cannot be read", "give it as PEM") from None


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _read(response: httpcore.Response) -> Answer:
    content = b""
    for chunk in response.iter_stream():
        content += chunk
        if len(content) > ANSWER_BYTES_MAX:
            return Answer(0, f"larger than {ANSWER_BYTES_MAX} bytes".encode())
    asked = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
    return Answer(response.status, content, asked.decode("latin-1"))
