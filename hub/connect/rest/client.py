"""Base for REST connectors: bounded calls, and the meaning of their failures.

``Unavailable``: no connection, time-outs, an incomplete body, 408, 425, 429 and all 5xx, with the peer's
``Retry-After``. ``Misconfigured``: 401, 403 and redirections. The connector judges all other answers. Messages name the
system and the type of the failure, never a URL: queries may contain identifiers (P5).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpcore

from hub.connect.causes import explained
from hub.connect.context import Context
from hub.connect.rest.deadline import DeadlineBackend, deadline
from hub.connect.rest.tls import Tls
from hub.errors import Misconfigured, Unavailable, Unconfirmed

Sign = Callable[[str, str, bytes], Mapping[str, str]]
"""(Method, target exactly as sent, body) → headers."""
Refused = Callable[[Mapping[str, str]], bool]
"""The headers of a call that was answered with 401 → whether ``Sign`` has others now, so that a second try makes sense.
"""

_LATER = (408, 425, 429)
_CONNECTIONS_MAX = 40


class AnswerTooLarge(Unconfirmed):
    """The answer is larger than ``answer_bytes_max``; it was not read to its end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer within the size limit. ``retry_after_s``: the wait that it asks for, seconds. ``headers``:
    name in small letters → value."""

    status: int
    body: bytes
    retry_after_s: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON. Raises ``Unavailable`` when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Unavailable("the answer is no JSON") from None

    def object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ``Unavailable`` when it is not one."""
        value = self.json()
        if not isinstance(value, dict):
            raise Unavailable("the answer is no JSON object")
        return value


class RestClient:
    """Calls to one system. Thread-safe. Connects at the first call.

    ``sign`` adds headers to each call, ``refused`` says whether a call with 401 is made once more. ``ca_file`` names
    trusted certificates (PEM), "" the system's; ``certificate`` names our own and its key, for mutual TLS. Raises
    ``Misconfigured`` for a wrong base URL or file.
    """

    def __init__(
        self,
        context: Context,
        base_url: str,
        sign: Sign,
        ca_file: str = "",
        certificate: tuple[str, str] = ("", ""),
        refused: Refused = lambda sent: False,  # noqa: ARG005
    ) -> None:
        self._name = context.info.name
        self._origin, self._prefix = _split(context.info.table_of_settings, base_url)
        self._limits = context.limits
        self._clock = context.clock
        self._sign = sign
        self._page_rows = context.limits.page_rows
        self._refused = refused
        self._tls = Tls(self._name, ca_file, certificate)
        self._pool = httpcore.ConnectionPool(
            ssl_context=self._tls.context,
            max_connections=_CONNECTIONS_MAX,
            keepalive_expiry=30.0,
            network_backend=DeadlineBackend(context.clock.monotonic_s),
        )

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Answer:
        """GET ``path``. ``query`` is encoded here, so that the signed target is the sent one. Raises ``Unavailable``,
        ``Misconfigured``."""
        return self._judged(self._call("GET", path + (f"?{urlencode(query)}" if query else ""), b"", {}))

    def page(self, call: Callable[[int], Answer]) -> Answer:
        """A page of rows. ``call`` is given their number: ``page_rows``, and half as many each time that the answer is
        too large; later pages keep the smaller number. Raises as ``call``, and ``Misconfigured`` when one row is too
        large."""
        while True:
            try:
                return call(self._page_rows)
            except AnswerTooLarge:
                if self._page_rows == 1:
                    raise Misconfigured(
                        f"{self._name}: a page of one row is larger than {self._limits.answer_bytes_max} bytes",
                        f"see whether the system obeys the number of rows, or raise connectors.{self._name}"
                        ".answer_bytes_max",
                    ) from None
                self._page_rows = max(1, self._page_rows // 2)

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        """POST ``body`` as JSON. Raises ``Unavailable``, after which the outcome is unknown, and ``Misconfigured``."""
        return self._judged(self.send(path, body, headers))

    def send(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        """As ``post``, for a caller that judges every status itself. Raises ``NotSent`` when there was no connection,
        ``Unavailable`` when there is no complete answer (the outcome is unknown), ``Misconfigured`` when nothing could
        be sent."""
        encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return self._call("POST", path, encoded, {"content-type": "application/json; charset=utf-8", **(headers or {})})

    def post_form(self, path: str, body: Mapping[str, Any]) -> Answer:
        """As ``post``, with ``body`` as the fields of a form."""
        kind = "application/x-www-form-urlencoded"
        return self._judged(self._call("POST", path, urlencode(body).encode(), {"content-type": kind}))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        target = self._prefix + path
        signed = self._sign(method, target, body)
        answer = self._sent(method, target, body, {**headers, **signed})
        if answer.status == 401 and self._refused(signed):
            return self._sent(method, target, body, {**headers, **self._sign(method, target, body)})
        return answer

    def _sent(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        # No compression: one compressed chunk could exceed any limit when it is expanded.
        sent = {
            "accept": "application/json",
            "accept-encoding": "identity",
            "cache-control": "no-cache",
            "content-length": str(len(body)),
            **headers,
        }
        if not all(value.isascii() and value.isprintable() for value in sent.values()):
            raise Misconfigured(
                f"{self._name}: a header of the call would not be valid HTTP",
                f"the settings of connectors.{self._name} that identify us have characters other than visible ASCII",
            )
        self._tls.look()
        try:
            with deadline(self._clock.monotonic_s() + self._limits.total_timeout_s):
                return self._exchange(method, target, body, sent)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise explained(self._name, error) from None

    def _exchange(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        limits = self._limits
        waits = {
            "connect": limits.connect_timeout_s,
            "read": limits.read_timeout_s,
            "write": limits.write_timeout_s,
            "pool": limits.pool_timeout_s,
        }
        url = self._origin + target
        sent = [("host", urlsplit(self._origin).netloc), *headers.items()]
        with self._pool.stream(method, url, headers=sent, content=body, extensions={"timeout": waits}) as response:
            told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            return Answer(response.status, self._read(response), self._seconds(told.get("retry-after", "")), told)

    def _read(self, response: httpcore.Response) -> bytes:
        chunks, size = [], 0
        for chunk in response.iter_stream():
            size += len(chunk)
            if size > self._limits.answer_bytes_max:
                raise AnswerTooLarge(
                    f"{self._name}: the answer is larger than {self._limits.answer_bytes_max} bytes (answer_bytes_max)"
                )
            chunks.append(chunk)
        return b"".join(chunks)

    def _judged(self, answer: Answer) -> Answer:
        if answer.status in _LATER or answer.status >= 500:
            raise Unavailable(f"{self._name}: HTTP {answer.status}", answer.retry_after_s)
        if answer.status in (401, 403):
            raise Misconfigured(
                f"{self._name} refuses our credentials (HTTP {answer.status})",
                "check the connector's secrets, and this machine's clock against the system's (300 s are allowed)",
            )
        if 300 <= answer.status < 400:
            raise Misconfigured(f"{self._name} answers with a redirection", "set the connector's url to where it leads")
        return answer

    def _seconds(self, retry_after: str) -> float | None:
        """``Retry-After`` in seconds, given as seconds or as a date (RFC 9110 §10.2.3)."""
        if retry_after.isascii() and retry_after.isdigit():
            return float(retry_after)
        try:
            when = parsedate_to_datetime(retry_after)
        except (ValueError, OverflowError):
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return max(0.0, when.timestamp() - self._clock.process_ms() / 1000)


def _split(table: str, base_url: str) -> tuple[str, str]:
    """(Origin, path prefix) of a base URL. Raises ``Misconfigured``."""
    try:
        parts = urlsplit(base_url)
        host = (parts.hostname or "").encode("idna")
        whole = bool(host) and parts.port != 0 and base_url.isascii() and base_url.isprintable() and " " not in base_url
    except ValueError:  # also for a host's name that DNS cannot have, and for a port that is no port
        whole = False
    if not whole or parts.scheme not in ("http", "https") or parts.query or "@" in parts.netloc:
        raise Misconfigured(f"{table}.url is no base URL", "use http(s)://HOST[:PORT][/PATH] in ASCII")
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")


def bearer(token: str) -> Sign:
    """A ``Sign`` for systems that need a bearer token (RFC 6750)."""
    headers = {"authorization": f"Bearer {token}"}
    return lambda method, target, body: headers  # noqa: ARG005
