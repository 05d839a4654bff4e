"""The connection system as a ``Sink``. It does not deduplicate, so only its own words are a yes, a no, or "not there";
everything else leaves the outcome unknown (P2)."""

from collections.abc import Mapping
from typing import Any

from connectors.utility_crm.bodies import Bodies
from connectors.utility_crm.mapping import to_call
from hub.connect.context import Context
from hub.connect.rest.client import RestClient, bearer
from hub.crm.reading import Answer as Said
from hub.crm.reading import Outcome, Word, of_push, of_question
from hub.errors import Misconfigured, NotSent, Unavailable, Unconfirmed
from hub.ports import OPEN_CODE, Address, Receipt, Refused

_ACCESS = (401, 403)
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
        said = of_push(Said(answer.status, answer.body), call.number)
        if said.word is Word.YES:
            return Receipt(said.number, said.received_at)
        raise _no_yes(said, answer.retry_after_s)

    def find(self, address: Address) -> Receipt | None:
        call = to_call(address)
        answer = self._rest.get(call.path, call.query)
        said = of_question(Said(answer.status, answer.body), call.number, address.key)
        if said.word is Word.NOT_THERE:
            return None
        if said.word is Word.THERE:
            return Receipt(said.number, said.received_at)
        if said.word is Word.NEITHER:
            raise Unconfirmed(f"{_said(said)}: no answer to the question: {said.why}")
        raise _does_not_know(said)

    def close(self) -> None:
        self._rest.close()


def _no_yes(said: Outcome, retry_after_s: float | None) -> Exception:
    """What an answer to a push means that acknowledges nothing."""
    if said.word is Word.NO:
        return Refused(said.answer.code, said.answer.words)
    if said.word is Word.NOT_NOW:
        return NotSent(_said(said), retry_after_s)
    if said.word is Word.SILENT:
        return Unavailable(_said(said), retry_after_s)
    return _settings(said) if said.word is Word.SETTINGS else Unconfirmed(f"{_said(said)}: {_neither(said)}")


def _settings(said: Outcome) -> Misconfigured:
    status = said.answer.status
    if status in _ACCESS:
        return Misconfigured(f"{_said(said)}: our credentials are refused", _CREDENTIALS)
    if 300 <= status < 400:
        return Misconfigured(f"{_said(said)}: a redirection", "set the connector's url to where it leads")
    return _does_not_know(said)


def _neither(said: Outcome) -> str:
    """Why an answer to a push is neither yes nor no."""
    if said.answer.ok:
        return "it is no acknowledgement"
    if said.answer.status == 409:
        return "it has the piece, or another one under its key; it is asked"
    return f"neither yes nor no; {_CREDENTIALS if said.answer.status in _ACCESS else _INTERFACE}"


def _does_not_know(said: Outcome) -> Misconfigured:
    return Misconfigured(f"{_said(said)}: it does not know the call", _INTERFACE)


def _said(said: Outcome) -> str:
    """What the system said, without its words: these may name a person (P5)."""
    code = said.answer.code if OPEN_CODE.fullmatch(said.answer.code) else ""
    return f"utility_crm: HTTP {said.answer.status} {code}".rstrip()


def open_sink(options: Mapping[str, Any], context: Context) -> ConnectionSystem:
    """Open the connector with its settings (``connector.toml``). It makes no call. Raises ``Misconfigured``."""
    return ConnectionSystem(options, context)
