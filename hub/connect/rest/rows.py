"""The rows of a declared service's answers, with the proofs of signed ones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, columns_of, row_of
from hub.connect.places import at
from hub.connect.rest.answers import bad_in
from hub.connect.rest.pageproof import check_page, head_of, pack_proof
from hub.connect.rest.spec import RestSpec, RowSpec, SignedSpec
from hub.connect.rest.times import moment_ms, number
from hub.connect.rowkeys import joined
from hub.connect.trust import TrustedKeys
from hub.errors import RecordRejected, Unavailable
from hub.ports import UNVERSIONED, Fault, SourceRow, Stored
from hub.records.files.json import load
from hub.records.identifiers import tidy

_VERSION_END = 2**63
_ONLY_VERSION = 1


class Rows:
    """Reads the rows of one service."""

    def __init__(self, spec: RestSpec, context: Context, trusted: TrustedKeys) -> None:
        self._spec = spec.row
        self._signed = spec.signed
        self._context = context
        self._trusted = trusted

    def of(self, value: Any, place: str) -> list[SourceRow]:
        """The rows at ``place`` of an answer: a list, or one row. None for ``None``, and where there is nothing.

        Raises ``Unavailable`` for something else than rows, and for a signature that is not valid; ``Misconfigured``
        for a key that is not trusted.
        """
        found = at(value, place)
        if found is None and self._signed is None:
            return []
        alone = isinstance(found, dict)
        items = [found] if alone else found
        if not isinstance(items, list):
            raise Unavailable("the page holds something else than records")
        if self._signed is not None:
            return list(self._proven(value, items, self._signed, alone))
        return [self._plain(item) for item in items]

    def sent(self, items: Iterable[Any], proof: bytes) -> list[SourceRow]:
        """The rows in what the service sent by itself."""
        return [self._plain(item, proof) for item in items]

    def again(self, stored: Stored) -> SourceRow:
        """The row, mapped again from its bytes."""
        try:
            columns = load(stored.raw)
        except RecordRejected as rejected:
            row = _unreadable(Fault(rejected.code, rejected.field))
        else:
            named = self._named(columns_of(columns))
            row = replace(named, key=stored.key, version=stored.version)
        mapped = row_of(self._context, row, stored.raw, stored.proof)
        return replace(mapped, key=stored.key, version=stored.version, raw=stored.raw)

    # ---- signed ------------------------------------------------------------------------------------------------------

    def _proven(self, value: Any, items: list[Any], spec: SignedSpec, alone: bool) -> Iterator[SourceRow]:
        texts = [at(item, self._spec.text) for item in items]
        if not all(isinstance(text, str) for text in texts):
            raise Unavailable("the page holds something else than records")
        given = at(value, spec.head)
        head = head_of(given if isinstance(given, dict) else {})
        check_page(head, len(items), self._trusted, self._context.clock.process_ms())
        places = [0 if alone else at(item, spec.index) for item in items]
        if places != list(range(len(items))):
            raise Unavailable("the page's records are not those that were signed")
        packed = head.pack()
        for item, text, index in zip(items, texts, places, strict=True):
            path = [] if alone else at(item, spec.path)
            yield self._text(text, pack_proof(packed, index, path))

    def _text(self, text: str, proof: bytes) -> SourceRow:
        raw = text.encode("utf-8", "surrogatepass")
        try:
            columns = load(raw)
        except RecordRejected as rejected:
            return row_of(self._context, _unreadable(Fault(rejected.code, rejected.field)), raw, proof)
        return row_of(self._context, self._named(columns), raw, proof)

    # ---- not signed --------------------------------------------------------------------------------------------------

    def _plain(self, item: Any, proof: bytes = b"") -> SourceRow:
        """The row of an item, or of the text in it."""
        if self._spec.text:
            text = at(item, self._spec.text)
            raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b"null"
            try:
                item = load(raw)
            except RecordRejected as rejected:
                return row_of(self._context, _unreadable(Fault(rejected.code, rejected.field)), raw, proof)
        code = bad_in(item)
        columns = item if code == "TOO_DEEP" else _in_order(item)
        return row_of(self._context, self._named(columns, Fault(code) if code else None), proof=proof)

    def _named(self, columns: Any, fault: Fault | None = None) -> DeclaredRow:
        """The row with its key, version and operation; nameless, with a fault, without one of them."""
        spec = self._spec
        if not isinstance(columns, dict):
            return _unreadable(Fault("SHAPE_MISSING", "source"))
        key, version = _key(columns, spec), _version(columns, spec)
        operation, wrong = _operation(columns, spec)
        columns = {name: value for name, value in columns.items() if name not in spec.outside}
        if not key or version is None:
            return DeclaredRow("", UNVERSIONED, operation, columns, fault or Fault("SHAPE_MISSING", "source"))
        return DeclaredRow(key, version, operation, columns, fault or wrong)


def _in_order(value: Any) -> Any:
    """The same value with the names of objects in alphabetical order: a service may write them in any."""
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return [_in_order(one) for one in value] if isinstance(value, list) else value


def _unreadable(fault: Fault) -> DeclaredRow:
    return DeclaredRow("", UNVERSIONED, "UPSERT", {}, fault)


def _key(columns: Mapping[str, Any], spec: RowSpec) -> str:
    """The key, "" when a part of it is missing."""
    given = [at(columns, place) for place in spec.key]
    return joined([tidy(str(one)) if isinstance(one, str) or type(one) is int else "" for one in given])


def _version(columns: Mapping[str, Any], spec: RowSpec) -> int | None:
    if not spec.version:
        return _ONLY_VERSION
    given = at(columns, spec.version)
    try:
        version = number(given) if spec.version_as == "number" else moment_ms(given, spec.version_as)
    except (TypeError, ValueError):
        return None
    return version if 0 <= version < _VERSION_END else None


def _operation(columns: Mapping[str, Any], spec: RowSpec) -> tuple[str, Fault | None]:
    """The hub's word for an operation, with a fault for a code that is in no table."""
    if not spec.operation:
        return "UPSERT", None
    given = at(columns, spec.operation)
    word = spec.operations.get(tidy(str(given)))
    return (word, None) if word else ("UPSERT", Fault("SHAPE_TYPE", "source.operation"))
