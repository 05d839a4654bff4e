"""The connection system as a ``Sink``. It does not deduplicate, so only its own words are a yes, a no, or "not there";
everything else leaves the outcome unknown (P2)."""

from collections.abc import Mapping
from typing import Any

from connectors.utility_crm.bodies import Bodies
from connectors.utility_crm.mapping import (
    NOT_FOUND,
    Call,
    OwnError,
    find_receipt,
    to_call,
    to_error,
    to_receipt,
)
from hub.connect.context import Context
from hub.connect.rest.client import Answer, RestClient, bearer
from hub.errors import HubError, Misconfigured, NotSent, Unavailable, Unconfirmed
from hub.ports import OPEN_CODE, Address, Receipt, Refused

_DONE = (200, 201)
_ACCESS = (401, 403)
_FINAL = (400, 413, 422)
_SEE_OTHER = 303
"""The system took the call, and says where to look (RFC 9110 §15.4.4)."""
_LATER = (408, 425, 429)
_INTERFACE = "compare the url and the interface with connectors/utility_crm/README.md"
_CREDENTIALS = "check the connector's token, and whether a system in between refuses the hub"


class ConnectionSystem:
    """``Sink`` on the connection system's REST interface. Safe for use by several threads."""

    def __init__(self, options: Mapping[str, Any], context: Context) -> None:
        self._bodies = Bodies(context.info.name, options["streets_file"] or "")
        self._rest = RestClient(context, options["url"], bearer(options["token"]), options["ca_file"] or "")

    def push(self, address: Address, body: Mapping[str, Any]) -> Receipt:
        call = to_call(address)
        answer = self._rest.send(call.path, self._bodies.of(address, body), {"idempotency-key": address.key})
        receipt = _acknowledged(call, answer)
        if receipt is None:
            raise _no_yes(answer, to_error(_value(answer)))
        return receipt

    def find(self, address: Address) -> Receipt | None:
        call = to_call(address)
        answer = self._rest.get(call.path, call.query)
        value = _value(answer)
        if answer.status == 200 and isinstance(value, dict):
            return find_receipt(call, address.key, value)
        error = to_error(value)
        if answer.status == 404 and error and error.code == NOT_FOUND:
            return None
        raise _does_not_know(answer, error)

    def close(self) -> None:
        self._rest.close()


def _acknowledged(call: Call, answer: Answer) -> Receipt | None:
    """The acknowledgement: 200 or 201 with the system's number, and without an error."""
    value = _value(answer)
    if answer.status not in _DONE or not isinstance(value, dict) or to_error(value):
        return None
    return to_receipt(call, value)


def _no_yes(answer: Answer, error: OwnError | None) -> Exception:
    """What an answer to a push means that acknowledges nothing."""
    if error and answer.status in _FINAL:
        return Refused(error.code, error.message)
    if answer.status == 404:
        return _does_not_know(answer, error)
    if error and answer.status == 429:
        return NotSent(_said(answer, error), answer.retry_after_s)
    if error and answer.status in _ACCESS:
        return Misconfigured(f"{_said(answer, error)}: our credentials are refused", _CREDENTIALS)
    if 300 <= answer.status < 400 and answer.status != _SEE_OTHER:
        return Misconfigured(f"{_said(answer, error)}: a redirection", "set the connector's url to where it leads")
    return _unknown(answer, error)


def _unknown(answer: Answer, error: OwnError | None) -> Unavailable:
    """Neither yes nor no."""
    said = _said(answer, error)
    if answer.ok:
        return Unconfirmed(f"{said}: it is no acknowledgement")
    if answer.status == 409:
        return Unconfirmed(f"{said}: it has the piece, or another one under its key; it is asked")
    if answer.status in _LATER or answer.status >= 500:
        return Unavailable(said, answer.retry_after_s)
    return Unconfirmed(f"{said}: neither yes nor no; {_CREDENTIALS if answer.status in _ACCESS else _INTERFACE}")


def _does_not_know(answer: Answer, error: OwnError | None) -> HubError:
    if answer.ok:
        return Unconfirmed(f"{_said(answer, error)}: no answer to the question")
    return Misconfigured(f"{_said(answer, error)}: it does not know the call", _INTERFACE)


def _said(answer: Answer, error: OwnError | None) -> str:
    """What the system said, without its words: these may name a person (P5)."""
    code = error.code if error and OPEN_CODE.fullmatch(error.code) else ""
    return f"utility_crm: HTTP {answer.status} {code}".rstrip()


def _value(answer: Answer) -> Any:
    """The JSON value in an answer; ``None`` for another body, such as a proxy's page."""
    try:
        return answer.json()
    except Unavailable:
        return None


def open_sink(options: Mapping[str, Any], context: Context) -> ConnectionSystem:
    """Open the connector with its settings (``connector.toml``). It makes no call. Raises ``Misconfigured``."""
    return ConnectionSystem(options, context)
