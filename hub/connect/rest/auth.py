"""How the calls of a declared REST service show who we are (``AuthSpec``)."""

import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from hub.connect.context import Context
from hub.connect.places import at
from hub.connect.rest.client import Answer, Refused, RestClient, Sign, bearer
from hub.connect.rest.signing import NationalSigner
from hub.connect.rest.spec import AuthSpec
from hub.errors import Misconfigured, Unavailable
from hub.ports import Clock

TOKEN_CHARACTERS_MAX = 8_192
TOKEN_LIFE_MAX_S = 86_400.0
"""Time after which a token is fetched again in any case, seconds."""
_EARLY_SHARE = 0.1
_EARLY_S = 60.0

Fetched = tuple[str, float]
"""A token and its life, seconds."""


class Calls(NamedTuple):
    """What a client signs its calls with, and what it asks after a 401. ``forget`` drops a token that has run out, and
    says whether there is one."""

    sign: Sign
    certificate: tuple[str, str]
    refused: Refused = lambda sent: False  # noqa: ARG005
    forget: Callable[[], bool] = lambda: False


def calls_of(spec: AuthSpec, options: Mapping[str, Any], context: Context) -> Calls:
    """The way of signing that ``spec`` declares, with the connector's settings. Makes no call. Raises
    ``Misconfigured``."""
    certificate = (options["client_certificate"], options["client_key"]) if spec.certificate else ("", "")
    if spec.by == "oauth2":
        token = Token(lambda: _fetch(spec, options, context, certificate), context.clock)
        return Calls(token.headers, certificate, token.refused, token.forget)
    return Calls(_fixed(spec, options, context), certificate)


def _fixed(spec: AuthSpec, options: Mapping[str, Any], context: Context) -> Sign:
    if spec.by == "national":
        return NationalSigner(options["rid"], options["sid"], options["secret"], context.clock).headers
    if spec.by == "bearer":
        return bearer(options["token"])
    headers = {spec.header.lower(): options["api_key"]} if spec.by == "api-key" else {}
    return lambda method, target, body: headers  # noqa: ARG005


class Token:
    """A token for client credentials (RFC 6749 §4.4): fetched at the first call, again some time before it runs out,
    and when the service refuses it. Thread-safe: one thread fetches it, the others wait."""

    def __init__(self, fetch: Callable[[], Fetched], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until_s = 0.0

    def headers(self, method: str, target: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002 - a ``Sign``
        """The header with the token. Raises ``Unavailable`` and ``Misconfigured`` as the call for a token does."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if not self._token or now_s >= self._until_s:
                self._token, life_s = self._fetch()
                life_s = min(life_s, TOKEN_LIFE_MAX_S)
                self._until_s = now_s + life_s - min(_EARLY_S, life_s * _EARLY_SHARE)
            return {"authorization": f"Bearer {self._token}"}

    def refused(self, sent: Mapping[str, str]) -> bool:
        """Forget the token that was sent, unless another thread has fetched a new one since. Always true: the next
        call has another one."""
        with self._lock:
            if sent.get("authorization") == f"Bearer {self._token}":
                self._token = ""
        return True

    def forget(self) -> bool:
        """Fetch a new token for the next call. Always true."""
        with self._lock:
            self._token = ""
        return True


def _fetch(spec: AuthSpec, options: Mapping[str, Any], context: Context, certificate: tuple[str, str]) -> Fetched:
    name, ids = options["client_id"], {"client_id": options["client_id"], "client_secret": options["client_secret"]}
    basic = f"{quote_plus(name)}:{quote_plus(options['client_secret'])}"
    headers = {"authorization": f"Basic {b64encode(basic.encode()).decode()}"} if spec.credentials == "basic" else {}
    form = {"grant_type": "client_credentials"} | (ids if spec.credentials == "form" else {})
    form |= {"scope": spec.scope} if spec.scope else {}
    client = RestClient(
        context,
        options["url"],
        lambda method, target, body: headers,  # noqa: ARG005
        options.get("ca_file") or "",
        certificate,
    )
    try:
        return _token_in(client.post_form(spec.token_path, form), spec, context.info.name)
    finally:
        client.close()


def _token_in(answer: Answer, spec: AuthSpec, name: str) -> Fetched:
    if not answer.ok:
        raise Misconfigured(
            f"{name} gives no token (HTTP {answer.status})",
            "check client_id, client_secret and the scope with the operators of the service",
        )
    given = answer.object()
    token, life = at(given, spec.token), at(given, spec.expires)
    if not isinstance(token, str) or not token or len(token) > TOKEN_CHARACTERS_MAX:
        raise Unavailable(f"{name}: the answer holds no token")
    if isinstance(life, str) and life.isascii() and life.isdigit():
        life = int(life[:9])
    told = isinstance(life, (int, float)) and not isinstance(life, bool) and life > 0
    return token, float(life) if told else TOKEN_LIFE_MAX_S
