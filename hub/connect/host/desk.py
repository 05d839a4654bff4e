"""A desk: a recipient of warnings that has an address. The hub posts each warning there under the key of its piece.

A desk cannot be asked what it has. It takes a key once: the hub posts again, under the same key, what was not answered.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from hub.connect.context import Context
from hub.connect.folder import Folder
from hub.connect.host.guard import SINK_HOLD_S, Gate, GuardedSink
from hub.connect.host.quota import QuotaBook
from hub.connect.rest.client import Answer, RestClient, bearer
from hub.connect.spec import ConnectorInfo, Limits, Setting, Title
from hub.errors import Misconfigured, NotSent, Unavailable, Unconfirmed
from hub.ports import DESK, Address, Clock, Receipt, Refused
from hub.settings import table_of

ANSWER_BYTES_MAX = 65_536
"""Bytes of one answer of a desk."""
ATTEMPTS_MAX = 2_880
"""How often one warning is posted: with waits of 30 s for about a day. Then it has lost its use, and it is stopped."""
_LATER = (408, 425, 429)
_FINAL = (400, 410, 413, 422)
_ERRORS = ("errorCode", "errcode", "error")
_SETTINGS = (
    Setting(name="url", doc="Where each warning is posted to."),
    Setting(name="token", secret=True, required=False, doc="Bearer token that the desk gave the hub."),
    Setting(name="ca_file", required=False, doc="Certificate authorities for its TLS certificate, a PEM file."),
)


class DeskInfo(ConnectorInfo):
    """The description of a desk. ``name`` is that of its sink."""

    name: str

    @property
    def table_of_settings(self) -> str:
        """As ``ConnectorInfo``: the table of the desk."""
        return table_of(self.name)

    @property
    def attempts_max(self) -> int:
        """As ``ConnectorInfo``: a warning loses its use."""
        return ATTEMPTS_MAX


def info(sink: str) -> DeskInfo:
    """The description of the desk with this sink."""
    desk = sink.removeprefix(DESK)
    return DeskInfo(
        name=sink,
        title=Title(zh=f"预警接收人 {desk}", en=f"Recipient of warnings {desk}"),
        direction="sink",
        transport="rest",
        authority=sink,
        accepts=("connection:warning",),
        settings=_SETTINGS,
        limits=Limits(settle_s=0, total_timeout_s=10, answer_bytes_max=ANSWER_BYTES_MAX),
    )


class Desk:
    """``Sink`` on a desk's address. Safe for use by several threads."""

    def __init__(self, options: Mapping[str, Any], context: Context) -> None:
        self._name = context.info.name
        sign = bearer(options["token"]) if options["token"] else _unsigned
        self._rest = RestClient(context, options["url"], sign, options["ca_file"] or "")

    def push(self, address: Address, body: Mapping[str, Any]) -> Receipt:
        headers = {"idempotency-key": address.key}
        return _receipt(self._name, self._rest.send("", {"number": address.number, **body}, headers))

    def find(self, address: Address) -> None:
        """A desk is not asked: what is posted again has the same key."""

    def close(self) -> None:
        self._rest.close()


def _unsigned(_method: str, _target: str, _body: bytes) -> Mapping[str, str]:
    return {}


def _receipt(name: str, answer: Answer) -> Receipt:
    """What an answer means. 409 says that the desk has the key already."""
    said = f"{name}: HTTP {answer.status}"
    if answer.ok or answer.status == 409:
        if answer.ok and not _plain(answer.body):
            raise Unconfirmed(f"{said}: its body is no plain yes: a page, or an error with a success code")
        return Receipt(f"HTTP-{answer.status}", "")
    if answer.status == 429:
        raise NotSent(said, answer.retry_after_s)
    if answer.status in _LATER or answer.status >= 500:
        raise Unavailable(said, answer.retry_after_s)
    if answer.status in _FINAL:
        raise Refused(f"HTTP-{answer.status}", "")
    raise Misconfigured(f"{said}: it does not take the call", f"check {table_of(name)}: url, token")


def _plain(body: bytes) -> bool:
    """Whether the body of an answer with a success code is neither an error nor the page of something in between.

    >>> [_plain(body) for body in (b"", b"ok", b'{"errcode": 0}', b'{"errcode": 310000}', b" <html>log in</html>")]
    [True, True, True, False, False]
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return not body.lstrip().startswith(b"<")
    return not (isinstance(value, dict) and any(value.get(name) for name in _ERRORS))


def open_desk(sink: str, settings: Mapping[str, Any], clock: Clock, book: QuotaBook | None = None) -> GuardedSink:
    """Open a desk with ``settings``, its table in ``hub.toml``. Makes no call. Raises ``Misconfigured``."""
    known = info(sink)
    context = Context(known, known.limits_with(settings), clock, Folder(sink, files(__package__)))
    desk = Desk(known.options(settings), context)
    return GuardedSink(desk, context, Gate(context, book, hold_max_s=SINK_HOLD_S))
