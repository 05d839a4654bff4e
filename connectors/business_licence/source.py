"""The gateway as a ``Source``: ``/licences/changes`` by cursor, ``/licences/query`` by USCC, ``/licences/count`` by
day."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from connectors.business_licence.mapping import to_record
from hub.connect.context import Context
from hub.connect.mapping import to_row
from hub.connect.rest.client import Answer, RestClient
from hub.connect.rest.pageproof import check_page, head_of, pack_proof
from hub.connect.rest.signing import NationalSigner
from hub.connect.trust import trusted_keys_of
from hub.errors import Misconfigured, RecordRejected, Unavailable
from hub.ports import NAMELESS, Cursor, DayCount, Fault, LookupQuery, Page, SourceRow, Stored
from hub.records.files.json import load
from hub.records.identifiers import tidy


class LicenceGateway:
    """``Source`` on the e-licence gateway. Safe for use by several threads."""

    def __init__(self, options: Mapping[str, Any], context: Context) -> None:
        signer = NationalSigner(options["rid"], options["sid"], options["secret"], context.clock)
        self._rest = RestClient(context, options["url"], signer.headers, options["ca_file"] or "")
        self._trusted = trusted_keys_of(options)
        self._context = context

    def fetch(self, cursor: Cursor | None) -> Page:
        after = str(cursor["after"]) if cursor else ""
        page = self._object(self._rest.page(lambda rows: self._changes(after, rows)))
        rows, following, more = self._rows(page), page.get("next"), page.get("more") is True
        if not isinstance(following, str):
            raise Unavailable("the page has no cursor")
        if not following and (rows or more):
            raise Misconfigured(
                "the gateway gives an empty cursor after its rows, which leads to the beginning again",
                "its operator must give the cursor after the last row on every page",
            )
        return Page(rows, {"after": following or after}, more)

    def _changes(self, after: str, rows: int) -> Answer:
        return self._rest.get("/licences/changes", {"after": after, "limit": rows})

    def look_up(self, query: LookupQuery) -> Page:
        body = {"certIdentifier": query.value, "useCause": query.purpose}
        page = self._object(self._rest.post("/licences/query", body))
        return Page(self._rows(page), {}, page.get("more") is True)

    def day(self, day: date) -> DayCount:
        counted = self._object(self._rest.get("/licences/count", {"date": day.isoformat()}))
        keys, count = counted.get("keys"), counted.get("count")
        if not isinstance(keys, list) or count not in (None, len(keys)):
            raise Unavailable("the gateway's count of the day is not complete")
        return DayCount(day, frozenset(tidy(str(key)) for key in keys))

    def remap(self, stored: Stored) -> SourceRow:
        """The signed record, mapped again."""
        return self._mapped(stored.raw, stored.proof)

    def close(self) -> None:
        self._rest.close()

    def _object(self, answer: Answer) -> dict[str, Any]:
        if not answer.ok:
            raise Misconfigured(
                f"the gateway refuses the call (HTTP {answer.status})", "compare its interface with docs/connectors.md"
            )
        return answer.object()

    def _rows(self, page: dict[str, Any]) -> list[SourceRow]:
        items = page.get("items")
        if not isinstance(items, list) or not all(
            isinstance(item, dict) and isinstance(item.get("record"), str) for item in items
        ):
            raise Unavailable("the page holds something else than records")
        head = head_of(page)
        check_page(head, len(items), self._trusted, self._context.clock.process_ms())
        if [item.get("index") for item in items] != list(range(len(items))):
            raise Unavailable("the page's records are not those that were signed")
        packed = head.pack()
        return [self._row(item, packed) for item in items]

    def _row(self, item: dict[str, Any], head: bytes) -> SourceRow:
        raw = item["record"].encode("utf-8", "surrogatepass")
        return self._mapped(raw, pack_proof(head, item["index"], item.get("path")))

    def _mapped(self, raw: bytes, proof: bytes) -> SourceRow:
        try:
            row = load(raw)
        except RecordRejected as rejected:
            return _nameless(raw, Fault(rejected.code, rejected.field), proof)
        key, version = (row.get("zzbs"), row.get("version")) if isinstance(row, dict) else (None, None)
        if not isinstance(key, str) or type(version) is not int or not 0 <= version < 2**63:
            return _nameless(raw, Fault("SHAPE_MISSING", "source"), proof)
        return to_row(tidy(key), version, raw, lambda: to_record(row, self._context.codes), proof)


def _nameless(raw: bytes, fault: Fault, proof: bytes) -> SourceRow:
    return SourceRow(f"{NAMELESS}{sha256(raw).hexdigest()}", 0, raw, None, (fault,), proof)


def open_source(options: Mapping[str, Any], context: Context) -> LicenceGateway:
    """Open the connector with its settings (``connector.toml``). It makes no call. Raises ``Misconfigured``."""
    return LicenceGateway(options, context)
