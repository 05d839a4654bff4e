"""The connection system as a ``Sink``. It does not deduplicate, so the hub asks first when an outcome is
unknown (P2)."""

from collections.abc import Mapping
from typing import Any

from connectors.utility_crm.mapping import find_receipt, to_body, to_call, to_receipt
from hub.connect.context import Context
from hub.connect.rest import Answer, RestClient, bearer
from hub.errors import Misconfigured, Unavailable
from hub.ports import Address, Receipt, Refused

_FINAL = 422


class ConnectionSystem:
    """``Sink`` on the connection system's REST interface. Safe for use by several threads."""

    def __init__(self, options: Mapping[str, Any], context: Context) -> None:
        self._rest = RestClient(context, options["url"], bearer(options["token"]), options["ca_file"] or "")

    def push(self, address: Address, body: Mapping[str, Any]) -> Receipt:
        call = to_call(address)
        answer = self._rest.post(call.path, to_body(address, body), {"idempotency-key": address.key})
        if answer.status == _FINAL:
            raise _refused(answer)
        _check(answer)
        receipt = to_receipt(call, answer.object())
        if receipt is None:
            raise Unavailable("utility_crm: acknowledged without a number")
        return receipt

    def find(self, address: Address) -> Receipt | None:
        call = to_call(address)
        answer = self._rest.get(call.path, call.query)
        _check(answer)
        return find_receipt(call, address.key, answer.object().get("items"))

    def close(self) -> None:
        self._rest.close()


def _check(answer: Answer) -> None:
    """Only 422 is a no. Anything else that is no yes may be a wrong address or version: no application is refused for
    it."""
    if not answer.ok:
        raise Misconfigured(
            f"utility_crm: does not know the call (HTTP {answer.status})",
            "compare the url and the interface with connectors/utility_crm/README.md",
        )


def _refused(answer: Answer) -> Refused:
    """The system's own words for its no. An answer that is no JSON still says no."""
    try:
        said = answer.object()
    except Unavailable:
        said = {}
    return Refused(str(said.get("errorCode") or f"HTTP_{answer.status}"), str(said.get("message") or ""))


def open_sink(options: Mapping[str, Any], context: Context) -> ConnectionSystem:
    """Open the connector with its settings (``connector.toml``). It makes no call. Raises ``Misconfigured``."""
    return ConnectionSystem(options, context)
