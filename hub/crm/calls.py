"""The calls of the contract, as the hub makes them: paths, keys, tokens, and the ways in which a call goes wrong."""

import json
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from hub.crm.reading import Answer, Outcome, of_push, of_question
from hub.errors import Misconfigured

ANSWER_BYTES_MAX = 1_048_576
"""Bytes of one answer."""
REGISTRATION, EVIDENCE, DATES = "registration", "evidence", "dates"
WITHDRAWAL, RECALL, CANCELLATION, RATING, WARNING = "withdrawal", "recall", "cancellation", "rating", "warning"
_PATHS = {
    **{EVIDENCE: "evidence", DATES: "dates"},
    **{WITHDRAWAL: "withdrawals", RECALL: "recalls", CANCELLATION: "cancellations"},
    **{RATING: "ratings", WARNING: "warnings"},
}
_WAIT_S = 30.0
_NO_WAIT_S = 0.02


class To(NamedTuple):
    """Where a piece goes: what it is, the hub's number of the application, and the piece's key."""

    what: str
    number: str
    key: str

    @property
    def path(self) -> str:
        """The path to post to and to ask."""
        if self.what == REGISTRATION:
            return "/applications"
        return f"/applications/{self.number}/{_PATHS[self.what]}"

    @property
    def query(self) -> dict[str, str]:
        """The query that asks for it."""
        return {"externalAppNo": self.number} if self.what == REGISTRATION else {"key": self.key}

    @property
    def field(self) -> str:
        """The field of the system's own number."""
        return "appNo" if self.what == REGISTRATION else "receiptNo"


class Line:
    """Calls to one connection system. ``settle_s``: how long it may take to carry out a call whose answer was not
    waited for, seconds. Safe for use by several threads. Raises ``Misconfigured`` for a URL that is none."""

    def __init__(self, url: str, token: str, settle_s: float, verify: str | bool = True) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or "@" in parts.netloc:
            raise Misconfigured("the URL is no base URL", "use http(s)://HOST[:PORT][/PATH]")
        self.settle_s = settle_s
        self._url = url.rstrip("/")
        self._token = token
        self._client = httpx.Client(timeout=_WAIT_S, follow_redirects=False, trust_env=False, verify=verify)

    def push(self, to: To, body: Mapping[str, Any], token: str | None = None) -> Outcome:
        """Post a piece. ``token``: another one than the right one."""
        content = _encoded(body)
        return of_push(self._answer("POST", to, {}, content, self._headers(to.key, token), _WAIT_S), to.field)

    def ask(self, to: To, token: str | None = None) -> Outcome:
        """Ask for a piece."""
        return of_question(self._answer("GET", to, to.query, b"", self._headers("", token), _WAIT_S), to.field, to.key)

    def hang_up(self, to: To, body: Mapping[str, Any]) -> None:
        """Post a piece, and do not wait for the answer."""
        self._answer("POST", to, {}, _encoded(body), self._headers(to.key, None), _NO_WAIT_S)

    def break_off(self, to: To, body: Mapping[str, Any]) -> None:
        """Post half of a piece, and close the connection."""
        parts, content = urlsplit(self._url + to.path), _encoded(body)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_WAIT_S)
        with suppress(OSError, HTTPException):
            connection.putrequest("POST", parts.path)
            for name, value in (self._headers(to.key, None) | {"content-length": str(len(content))}).items():
                connection.putheader(name, value)
            connection.endheaders(content[: len(content) // 2])
        connection.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _headers(self, key: str, token: str | None) -> dict[str, str]:
        given = {"authorization": f"Bearer {self._token if token is None else token}", "accept": "application/json"}
        if not key:
            return given
        return given | {"idempotency-key": key, "content-type": "application/json; charset=utf-8"}

    def _answer(
        self, method: str, to: To, query: Mapping[str, str], body: bytes, headers: Mapping[str, str], wait_s: float
    ) -> Answer:
        timeout = httpx.Timeout(_WAIT_S, read=wait_s)
        url = self._url + to.path
        try:
            with self._client.stream(
                method, url, params=query, content=body, headers=headers, timeout=timeout
            ) as response:
                return _read(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answer(0, type(error).__name__.encode())


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _read(response: httpx.Response) -> Answer:
    content = b""
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > ANSWER_BYTES_MAX:
            return Answer(0, f"larger than {ANSWER_BYTES_MAX} bytes".encode())
    return Answer(response.status_code, content)
