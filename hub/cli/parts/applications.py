"""What ``hub application`` works on: the store of the settings, or the HTTP API of a hub."""

import os
import pwd
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
import httpx

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub, reading
from hub.cases import reasons
from hub.cases.by import By
from hub.errors import Misconfigured, RecordRejected, Unavailable

TIMEOUT_S = 10.0
_REMEDY = "give a token with --token or HUB_TOKEN; for progress the application's own one"
Json = dict[str, Any]
_Desk = TypeVar("_Desk")
Titles = list[Json]


class Answered(Exception):
    """The hub refused. ``code`` is a published code; the text has the field, the message for a person, and what would
    be taken in the field, where there is such a list."""

    def __init__(self, code: str, field: str, message: str, allowed: Sequence[str] = ()) -> None:
        would = f"allowed: {', '.join(allowed)}" if allowed else ""
        super().__init__(" ".join(part for part in (code, field, message, would) if part))
        self.code, self.field, self.message = code, field, message


class Desk(Protocol):
    """What the command does with applications. An application is JSON values, as ``GET /applications/{id}`` shows it.

    All methods raise ``Answered`` when the hub refuses, ``Unavailable`` when store or hub do not answer.
    """

    def submit(self, document: Mapping[str, Any]) -> tuple[Json, bool]:
        """Submit an application. Returns it, and whether it is new."""

    def show(self, application_id: str) -> Json:
        """One application; the id is 32 hexadecimal digits."""

    def clock(self, application_id: str) -> Json:
        """The clocks of one application, as ``GET /applications/{id}/clock`` shows them."""

    def find(self, channel: str, external_no: str) -> Json:
        """The application that the caller of ``channel`` submitted under its own number."""

    def list(self, limit: int, after: str, wanted: Mapping[str, str]) -> list[Json]:
        """At most ``limit`` applications, newest first, after the id ``after`` ("": start with the newest). ``wanted``:
        field → value."""

    def set_held(self, application_id: str, held: bool) -> Json:
        """Hold or release the application's deliveries. Returns the application."""

    def cancel(self, application_id: str) -> Json:
        """Take the application back. Returns it."""

    def present(self, application_id: str, ticket: str) -> Json:
        """Present a ticket of the identity service for the application. Returns the application."""

    def materials(self, application_id: str) -> Json:
        """The materials and the money of one application."""

    def places(self, application_id: str, person: str) -> Json:
        """The findings about the site, with both texts side by side, to a named person."""

    def answer_place(self, application_id: str, nth: int, document: Mapping[str, Any]) -> Json:
        """Answer the question of a finding: ``answer``, ``person``, ``note``. Returns the findings."""

    def progress(self, application_id: str) -> Json:
        """The application as its customer sees it; over the API with the application's own token."""

    def ask(self, application_id: str, segment: str) -> Json:
        """The customer asks for a segment; over the API with the application's own token, or with a client's. Returns
        the progress."""

    def follow_up(self, application_id: str, document: Mapping[str, Any]) -> Json:
        """Say how the follow-up of a bad rating ended: ``outcome``, ``note``. Returns the progress."""

    def titles(self, document: Mapping[str, Any]) -> Titles:
        """The titles that the person of a ticket holds, masked. ``document``: as ``POST /titles/held`` takes it."""


_WHERE = (
    click.option("--url", envvar="HUB_URL", help="A hub's HTTP API; without it, the store of the settings."),
    click.option("--token", envvar="HUB_TOKEN", help="Bearer token for --url."),
    click.option("--json", "as_json", is_flag=True, help="JSON, one object per line."),
)


def anywhere(function: Callable[..., None]) -> Callable[..., None]:
    """A command on the store of the settings or on a hub's API: the options ``--url``, ``--token``, ``--json``."""
    for option in reversed(_WHERE):
        function = option(function)
    return function


def or_leave(act: Callable[[], Any]) -> Any:
    """What ``act`` returns; a refusal is printed, and the command ends with 1."""
    try:
        return act()
    except Answered as refused:
        click.echo(f"error: {refused}", err=True)
        sys.exit(1)


@contextmanager
def either(
    remote: Callable[[httpx.Client], _Desk],
    direct: Callable[[Hub], _Desk],
    config: Path | None,
    url: str | None,
    token: str | None,
    writes: bool,
) -> Iterator[_Desk]:
    """The hub of the settings, or the hub at ``url`` with a bearer token. ``writes``: tables and keys that are missing
    are made."""
    if url:
        with client_of(url, token) as client:
            yield remote(client)
        return
    settings = hub_settings.load(config)
    with closing(open_hub(settings)) if writes else reading(settings) as hub:
        yield direct(hub)


def desk(config: Path | None, url: str | None, token: str | None, writes: bool = False) -> AbstractContextManager[Desk]:
    """Applications: see ``either``."""
    return either(Remote, Direct, config, url, token, writes)


def client_of(url: str, token: str | None) -> httpx.Client:
    """A client of a hub's API. Raises ``Misconfigured`` for an address or a token with which nothing can be asked."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise Misconfigured(f"{url!r} is no address of a hub", "give --url or HUB_URL like http://127.0.0.1:8460")
    if not token:
        raise Misconfigured(f"no token for the hub at {url}", _REMEDY)
    if not re.fullmatch("[!-~]+", token):  # what a header takes; the token itself is not shown
        raise Misconfigured("the token has a blank, a line break or another character that no token has", _REMEDY)
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S)


class Direct:
    """``Desk`` on the store, for any of the installation's channels."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._applications = hub.applications()

    def submit(self, document: Mapping[str, Any]) -> tuple[Json, bool]:
        with _said():
            submitted = self._applications.submit(document, by_user())
            token = {"application_token": self._hub.customers().tokens.text(submitted.case_id)}
            return self._applications.show(submitted.case_id) | token, submitted.created

    def show(self, application_id: str) -> Json:
        with _said():
            return self._applications.show(_id(application_id))

    def clock(self, application_id: str) -> Json:
        with _said():
            return self._applications.clock(_id(application_id))

    def steps(self, application_id: str, person: str) -> Sequence[Json]:
        """What the utility reported; not part of ``Desk``: the API does not show what the sealed records say."""
        with _said():
            return self._applications.steps(_id(application_id), person, by_user())

    def find(self, channel: str, external_no: str) -> Json:
        with _said():
            if channel not in self._applications.channels:
                raise RecordRejected("CHANNEL_UNKNOWN", "channel", allowed=tuple(sorted(self._applications.channels)))
            return self._applications.show(self._applications.find(channel, external_no) or b"")

    def list(self, limit: int, after: str, wanted: Mapping[str, str]) -> list[Json]:
        with _said():
            return self._applications.list(_id(after) if after else b"", limit, **wanted)

    def set_held(self, application_id: str, held: bool) -> Json:
        with _said():
            act = self._applications.hold if held else self._applications.release
            act(_id(application_id), by_user())
            return self._applications.show(_id(application_id))

    def cancel(self, application_id: str) -> Json:
        with _said():
            self._applications.cancel(_id(application_id), by_user())
            return self._applications.show(_id(application_id))

    def present(self, application_id: str, ticket: str) -> Json:
        with _said():
            self._applications.present(_id(application_id), ticket, by_user())
            return self._applications.show(_id(application_id))

    def materials(self, application_id: str) -> Json:
        with _said():
            return self._hub.materials().show(_id(application_id))

    def places(self, application_id: str, person: str) -> Json:
        with _said():
            return self._hub.places().look(_id(application_id), {"person": person}, by_user())

    def answer_place(self, application_id: str, nth: int, document: Mapping[str, Any]) -> Json:
        with _said():
            return self._hub.places().answer(_id(application_id), nth, document, by_user())

    def progress(self, application_id: str) -> Json:
        with _said():
            return self._hub.customers().progress(_id(application_id))

    def ask(self, application_id: str, segment: str) -> Json:
        with _said():
            return self._hub.customers().ask(_id(application_id), {"segment": segment}, by_user())

    def follow_up(self, application_id: str, document: Mapping[str, Any]) -> Json:
        with _said():
            return self._hub.customers().follow_up(_id(application_id), document, by_user())

    def titles(self, document: Mapping[str, Any]) -> Titles:
        with _said():
            return self._hub.holdings().titles(document, by_user())


def by_user() -> By:
    """Who asks on the command line: the user of the operating system, by the process and not by the environment."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user id that the machine has no name for
        name = str(os.getuid())
    return By(f"cli:{name}")


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except RecordRejected as rejected:
        raise answered(rejected) from None


def answered(rejected: RecordRejected) -> Answered:
    """A refusal of the hub in this process, with its words, as one that a hub answers over HTTP. What has no words says
    how the file or the text is wrong."""
    words = reasons.words(rejected.code)
    message = " ".join(words) if words.zh != rejected.code else rejected.detail
    message = " ".join(part for part in (message, rejected.existing) if part)
    return Answered(rejected.code, rejected.field, message, rejected.allowed)


def _id(text: str) -> bytes:
    if re.fullmatch("[0-9A-Fa-f]{32}", text):
        return bytes.fromhex(text)
    raise click.UsageError(f"{text!r} is no application id: 32 hex digits, as `hub application list` shows")


class Remote:
    """``Desk`` on a hub's HTTP API."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def submit(self, document: Mapping[str, Any]) -> tuple[Json, bool]:
        answer = called(self._client, "POST", "/applications", json=dict(document))
        return answer.json(), answer.status_code == httpx.codes.CREATED

    def show(self, application_id: str) -> Json:
        return self._json("GET", f"/applications/{_id(application_id).hex()}")

    def clock(self, application_id: str) -> Json:
        return self._json("GET", f"/applications/{_id(application_id).hex()}/clock")

    def find(self, channel: str, external_no: str) -> Json:
        items = self._json("GET", "/applications", params={"channel": channel, "external_no": external_no})["items"]
        if not items:
            raise Answered("NO_SUCH_APPLICATION", "", " ".join(reasons.words("NO_SUCH_APPLICATION")))
        found: Json = items[0]
        return found

    def list(self, limit: int, after: str, wanted: Mapping[str, str]) -> list[Json]:
        params = {"limit": limit, **wanted} | ({"after": after} if after else {})
        items: list[Json] = self._json("GET", "/applications", params=params)["items"]
        return items

    def set_held(self, application_id: str, held: bool) -> Json:
        return self._json("POST", f"/applications/{_id(application_id).hex()}/{'hold' if held else 'release'}")

    def cancel(self, application_id: str) -> Json:
        return self._json("POST", f"/applications/{_id(application_id).hex()}/cancel")

    def present(self, application_id: str, ticket: str) -> Json:
        return self._json("POST", f"/applications/{_id(application_id).hex()}/ticket", json={"ticket": ticket})

    def materials(self, application_id: str) -> Json:
        return self._json("GET", f"/applications/{_id(application_id).hex()}/materials")

    def places(self, application_id: str, person: str) -> Json:
        return self._json("POST", f"/applications/{_id(application_id).hex()}/places", json={"person": person})

    def answer_place(self, application_id: str, nth: int, document: Mapping[str, Any]) -> Json:
        return self._json("POST", f"/applications/{_id(application_id).hex()}/places/{nth}", json=dict(document))

    def progress(self, application_id: str) -> Json:
        return self._json("GET", f"/applications/{_id(application_id).hex()}/progress")

    def ask(self, application_id: str, segment: str) -> Json:
        return self._json("POST", f"/applications/{_id(application_id).hex()}/requests", json={"segment": segment})

    def follow_up(self, application_id: str, document: Mapping[str, Any]) -> Json:
        return self._json("POST", f"/applications/{_id(application_id).hex()}/follow-up", json=dict(document))

    def titles(self, document: Mapping[str, Any]) -> Titles:
        items: Titles = self._json("POST", "/titles/held", json=dict(document))["items"]
        return items

    def _json(self, method: str, path: str, **rest: Any) -> Json:
        found: Json = called(self._client, method, path, **rest).json()
        return found


def called(client: httpx.Client, method: str, path: str, **rest: Any) -> httpx.Response:
    """The good answer to a call of a hub's API. Raises ``Answered``, ``Misconfigured`` for a token that does not do,
    ``Unavailable``."""
    try:
        answer = client.request(method, path, **rest)
        if answer.is_success:
            return answer
        said = answer.json()
    except (httpx.TransportError, ValueError) as error:
        told = f"the hub at {client.base_url} does not answer ({type(error).__name__})"
        raise Unavailable(f"{told} — start it, or correct --url or HUB_URL") from None
    code = str(said.get("error_code", answer.status_code))
    if code in ("UNAUTHORISED", "FORBIDDEN"):
        raise Misconfigured(f"{code}: {said.get('message', '')}", _REMEDY)
    if answer.status_code >= 500 or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable(f"{code}: {said.get('message', '')}")
    allowed = [str(one) for one in said.get("allowed", ())]
    message = " ".join(str(said[name]) for name in ("message", "existing") if name in said)
    raise Answered(code, str(said.get("field", "")), message, allowed)
