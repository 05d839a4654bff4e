"""The identity service as a ``Source``: it is asked whether a ticket is about the person with a number. The answer is
the result only; no picture and no name are in it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.rest.client import Answer, RestClient, bearer
from hub.connect.rest.pageproof import signed_records
from hub.connect.trust import trusted_keys_of
from hub.errors import Misconfigured, RecordRejected, Unavailable
from hub.ports import OPEN_CODE, Cursor, DayCount, LookupQuery, Page, SourceRow
from hub.records.files.json import load
from hub.records.identifiers import tidy

PATH = "/identity/checks"


class IdentityService:
    """``Source``. Safe for use by several threads."""

    def __init__(self, options: Mapping[str, Any], context: Context) -> None:
        self._rest = RestClient(context, options["url"], bearer(options["token"]), options["ca_file"] or "")
        self._trusted = trusted_keys_of(options)
        self._context = context

    def fetch(self, cursor: Cursor | None) -> Page:
        """Nothing: no one's identity is read without a ticket."""
        return Page((), cursor or {}, False)

    def look_up(self, query: LookupQuery) -> Page:
        if not query.ticket:
            raise RecordRejected("TICKET_NEEDED", "ticket")
        body = {
            "ticket": query.ticket,
            "idNumber": query.value,
            "useCause": query.purpose,
            "serviceItem": query.service_item,
            "bizNum": query.business_number,
        }
        page = _object(self._rest.post(PATH, body))
        records = signed_records(page, self._trusted, self._context.clock.process_ms())
        return Page([self._row(raw, proof) for raw, proof in records], {}, False)

    def day(self, day: date) -> DayCount:
        """The service keeps no list of what it was asked."""
        return DayCount(day, frozenset())

    def close(self) -> None:
        self._rest.close()

    def _row(self, raw: bytes, proof: bytes) -> SourceRow:
        row = _row_of(raw)
        key, version = row.get("serial"), row.get("checkedAt")
        if not isinstance(key, str) or type(version) is not int or not 0 <= version < 2**63:
            raise Unavailable("the answer's record has no key")
        return row_of(self._context, DeclaredRow(tidy(key), version, "UPSERT", row), raw, proof)


def _row_of(raw: bytes) -> Mapping[str, Any]:
    try:
        row = load(raw)
    except RecordRejected:
        row = None
    if not isinstance(row, dict):
        raise Unavailable("the answer's record is no JSON object")
    return row


def _object(answer: Answer) -> dict[str, Any]:
    """The answer's object. Raises ``RecordRejected`` with the service's own code for a question that it refuses: it
    would refuse it again."""
    if answer.ok:
        return answer.object()
    code = answer.object().get("errorCode")
    if isinstance(code, str) and OPEN_CODE.fullmatch(code):
        raise RecordRejected(code, "ticket")
    raise Misconfigured(
        f"the service refuses the call (HTTP {answer.status})",
        "compare its interface with connectors/identity_check/README.md",
    )


def open_source(options: Mapping[str, Any], context: Context) -> IdentityService:
    """Open the connector with its settings (``connector.toml``). It makes no call. Raises ``Misconfigured``."""
    return IdentityService(options, context)
