"""A declared source of the transport ``rest`` (``RestSpec``)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, TypeVar

from hub.clock import CHINA
from hub.connect.context import Context
from hub.connect.places import at, nested
from hub.connect.rest import file
from hub.connect.rest.answers import Answers, Expired, Refused
from hub.connect.rest.auth import calls_of
from hub.connect.rest.client import Answer, AnswerTooLarge, RestClient
from hub.connect.rest.paging import Paging, State, extent_state, first_ms
from hub.connect.rest.rows import Rows
from hub.connect.rest.spec import CallSpec, DaySpec, FeedSpec, FileSpec, ListSpec, LookupSpec, RestSpec
from hub.connect.trust import trusted_keys_of
from hub.errors import Misconfigured, RecordRejected, Unavailable
from hub.ports import (
    NAMELESS,
    Cursor,
    DayCount,
    Extent,
    Fetched,
    FileQuery,
    LookupQuery,
    Page,
    Source,
    SourceRow,
    Stored,
)
from hub.records.identifiers import tidy

LISTED_MAX = 50
"""Licences of one list that a look-up in two steps fetches; the first ones."""
DAY_PAGES_MAX = 10_000
_DAY_MS = 86_400_000
_LEAVE_OUT = "where it may be empty, take it out of `send`"
_REMEDIES = {"service_item": f"the setting service_items has it for each purpose, and {_LEAVE_OUT}"}
T = TypeVar("T")


def open_rest(options: Mapping[str, Any], context: Context) -> Source:
    """Open the source that the folder declares. Makes no call. Raises ``Misconfigured``."""
    spec, info = context.info.rest, context.info
    if spec is None:
        raise Misconfigured(f"{info.name} has no section [rest]", "write it in its connector.toml")
    absent = [name for name in spec.settings if name not in options]
    if absent:
        raise Misconfigured(
            f"{info.name} declares no setting {absent[0]!r}", "its connector.toml needs a [[settings]] of that name"
        )
    if strange := sorted(set(info.lookup_by) - set(spec.lookups)):
        raise Misconfigured(
            f"{info.name} says lookup_by {strange[0]!r}, and has no [rest.lookups.{strange[0]}]", "declare it"
        )
    return RestSource(spec, options, context)


class RestSource:
    """``Source`` on a declared REST service. Safe for use by several threads."""

    def __init__(self, spec: RestSpec, options: Mapping[str, Any], context: Context) -> None:
        self._spec = spec
        self._context = context
        self._name = context.info.name
        self._calls = calls_of(spec.auth, options, context)
        self._client = RestClient(
            context,
            options["url"],
            self._calls.sign,
            options.get("ca_file") or "",
            self._calls.certificate,
            self._calls.refused,
        )
        self._answers = Answers(self._name, spec.encoding, spec.result)
        self._rows = Rows(spec, context, trusted_keys_of(options) if spec.signed else {})
        self._paging = Paging(spec.feed) if spec.feed else None

    # ---- the feed --------------------------------------------------------------------------------------------------

    def fetch(self, cursor: Cursor | None) -> Page:
        if self._spec.feed is None or self._paging is None:
            # It only answers questions.
            return Page([], dict(cursor or {}), False)
        state = self._paging.ask(cursor, self._context.clock.process_ms())
        if state is None:
            return Page([], dict(cursor or {}), False)
        return self._page(self._spec.feed, self._paging, state)

    def _page(self, feed: FeedSpec, paging: Paging, state: State) -> Page:
        asked: list[int] = []

        def call(rows: int) -> Answer:
            asked.append(rows)
            return self._call(feed, paging.parameters(state, rows))

        value = self._fed(lambda: self._client.page(call))
        skipped = paging.skipped(state, asked[-1])
        rows = self._rows.of(value, feed.rows)[skipped:]
        cursor, more, used = paging.turn(state, value, len(rows), asked[-1])
        return Page(rows if used else [], cursor, more)

    def _fed(self, call: Callable[[], Answer]) -> Any:
        """The content of an answer to the feed. Raises ``Misconfigured`` when the service refuses the call."""
        try:
            return self._final(lambda: self._again(lambda: self._answers.value(call())))
        except Refused as refused:
            raise Misconfigured(
                refused.detail,
                "read what the code means in the manual of the service, and correct [rest] or our access",
            ) from None

    def total(self) -> int | None:
        """How many rows the list has; ``None`` for a feed by time, and where the service does not tell. One call."""
        feed, paging = self._spec.feed, self._paging
        if not feed or not paging or feed.window or not feed.total:
            return None
        value = self._fed(lambda: self._call(feed, paging.parameters({}, 1)))
        return paging.total(value)

    def read(self, extent: Extent, cursor: Cursor | None) -> Page:
        """Rows that changed in a time, for a feed by time. Raises ``Misconfigured`` for keys and for other feeds."""
        feed, paging = self._spec.feed, self._paging
        if not feed or not paging or not feed.window or extent.keys:
            raise Misconfigured(
                f"{self._name}: only rows of a time can be read from it again, and only with a feed by time",
                "give --since and --until; or read all of it again: `hub connectors offsets NAME --reset --forget`",
            )
        until = self._context.clock.process_ms() if extent.until_ms is None else extent.until_ms
        since = first_ms(feed.window) if extent.since_ms is None else extent.since_ms
        page = self._page(feed, paging, cursor or extent_state(since, until))
        if "since" in page.cursor:
            return page
        # A window in which rows moved was halved: what is left is the next one.
        covered = page.cursor["covered"]
        return replace(page, cursor=extent_state(covered, until), more=covered < until)

    def remap(self, stored: Stored) -> SourceRow:
        """The row, mapped again from its bytes."""
        return self._rows.again(stored)

    def take(self, items: Sequence[Any], proof: bytes) -> list[SourceRow]:
        """The rows in what the service sent."""
        return self._rows.sent(items, proof)

    # ---- look-ups --------------------------------------------------------------------------------------------------

    def look_up(self, query: LookupQuery) -> Page:
        spec = self._spec.lookups.get(query.by)
        if spec is None:
            raise RecordRejected("LOOKUP_UNSUPPORTED", detail=f"{self._name} has no look-up by {query.by}")
        words = self._words(spec, query)
        return self._final(lambda: self._answered(spec, words))

    def _answered(self, spec: LookupSpec, words: Mapping[str, Any]) -> Page:
        if spec.list is None:
            return self._found(spec, [words], more=False)
        try:
            return self._in_two_steps(spec, spec.list, words)
        except Expired:
            # The codes of the list live shortly: they are asked for again, once.
            self._context.further()
            return self._in_two_steps(spec, spec.list, words)

    def _in_two_steps(self, spec: LookupSpec, first: ListSpec, words: Mapping[str, Any]) -> Page:
        listed = list(self._listed(first, words))
        return self._found(spec, [{**words, **taken} for taken in listed[:LISTED_MAX]], more=len(listed) > LISTED_MAX)

    def _listed(self, spec: ListSpec, words: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """What the second step sends for each item of the list."""
        found = at(self._asked(spec, words), spec.rows) or []
        for item in found if isinstance(found, list) else [found]:
            if all(tidy(str(at(item, place))) in map(tidy, texts) for place, texts in spec.only.items()):
                taken = {name: at(item, place) for name, place in spec.take.items()}
                if not all(isinstance(one, (str, int)) and one != "" for one in taken.values()):
                    raise Unavailable(f"{self._name}: an item of the list has not what [rest.lookups] takes of it")
                yield taken

    def _found(self, spec: LookupSpec, asked: list[Mapping[str, Any]], more: bool) -> Page:
        rows: list[SourceRow] = []
        for words in asked:
            if spec.list is not None:
                self._context.further()
            value = self._asked(spec, words)
            rows += self._rows.of(value, spec.rows)
            more |= bool(spec.more) and at(value, spec.more) is True
        return Page(rows, {}, more)

    def _asked(self, spec: LookupSpec | ListSpec, words: Mapping[str, Any]) -> Any:
        sent = {name: words[word] for name, word in spec.send.items()}
        return self._again(lambda: self._answers.value(self._call(spec, sent)))

    def _words(self, spec: LookupSpec, query: LookupQuery) -> dict[str, Any]:
        """What can be sent of a question. Raises ``RecordRejected`` (LOOKUP_INCOMPLETE) when it has not what the
        service binds its answer to."""
        words = {
            "value": query.value,
            "purpose": query.purpose,
            "legal_basis": query.legal_basis,
            "service_item": query.service_item,
            "business_number": query.business_number,
            "ticket": query.ticket or "",
        }
        sent = {*spec.send.values(), *(spec.list.send.values() if spec.list else ())}
        if lacking := [word for word, text in words.items() if word in sent and not text.strip()]:
            told = f"{self._name} is not asked without it; {_REMEDIES.get(lacking[0], _LEAVE_OUT)}"
            raise RecordRejected("LOOKUP_INCOMPLETE", lacking[0], told)
        if not spec.purposes or "purpose" not in sent:
            return words
        if query.purpose not in spec.purposes:
            told = f"`purposes` of [rest.lookups.{query.by}] has no word for it"
            raise RecordRejected("LOOKUP_INCOMPLETE", "purpose", told, tuple(sorted(spec.purposes)))
        return words | {"purpose": spec.purposes[query.purpose]}

    def file(self, query: FileQuery) -> Fetched | None:
        spec = self._spec.file
        if spec is None:
            raise Misconfigured(
                f"{self._name} gives no files", "declare [rest.file], if the manual of the service has it"
            )
        sent = file.sent(spec, query, self._name)
        try:
            return self._final(lambda: self._again(lambda: self._file(spec, sent)))
        except AnswerTooLarge:
            raise RecordRejected("FILE_TOO_LARGE") from None

    def _file(self, spec: FileSpec, sent: Mapping[str, Any]) -> Fetched | None:
        answer = self._call(spec, sent)
        if answer.status in file.NONE and not self._spec.result:
            return None
        # In the place of a file, a service answers with its own code.
        told = spec.content or not answer.ok or (self._spec.result and answer.body.lstrip().startswith(b"{"))
        value = self._answers.value(answer) if told else answer
        return None if value is None else file.fetched(spec, answer, value)

    # ---- a day -----------------------------------------------------------------------------------------------------

    def day(self, day: date) -> DayCount:
        if self._spec.day is not None:
            return DayCount(day, self._keys(self._spec.day, day))
        if self._context.info.day == "update_time":
            return DayCount(day, frozenset(self._changed(day)))
        raise Misconfigured(
            f"{self._name} cannot say what changed on a day",
            'declare [rest.day], or day = "update_time" for a feed by time, if the manual of the service has one',
        )

    def _keys(self, spec: DaySpec, day: date) -> frozenset[str]:
        value = self._fed(lambda: self._call(spec, {spec.date: day.strftime(spec.form)}))
        keys, count = at(value, spec.rows), at(value, spec.count) if spec.count else None
        if value is None:
            return frozenset()
        if not isinstance(keys, list) or count not in (None, len(keys)):
            raise Unavailable(f"{self._name}: the count of the day is not complete")
        return frozenset(tidy(str(key)) for key in keys)

    def _changed(self, day: date) -> Iterator[str]:
        """The keys whose version is a time of that day."""
        begin = round(datetime.combine(day, time(), CHINA).timestamp() * 1000)
        extent = Extent((), begin, begin + _DAY_MS)
        cursor: Cursor | None = None
        for _ in range(DAY_PAGES_MAX):
            page = self.read(extent, cursor)
            for row in page.rows:
                if begin <= row.version < begin + _DAY_MS and not row.key.startswith(NAMELESS):
                    yield f"{row.key}#{row.version}"
            if not page.more:
                return
            cursor = page.cursor
            self._context.further()
        raise Unavailable(f"{self._name}: the day has more than {DAY_PAGES_MAX} pages")

    # ---- calls -----------------------------------------------------------------------------------------------------

    def _again(self, call: Callable[[], T]) -> T:
        """Once more with a new token, when the service's code says that ours has run out. Raises ``Expired``."""
        try:
            return call()
        except Expired:
            if not self._calls.forget():
                raise
        return call()

    def _final(self, call: Callable[[], T]) -> T:
        """As ``call``. A code of `expired` that comes again with a new token is a no where `refuse` has it too."""
        try:
            return call()
        except Expired as again:
            if again.refused:
                raise Refused("LOOKUP_REFUSED", detail=str(again)) from None
            raise

    def _call(self, spec: CallSpec, sent: Mapping[str, Any]) -> Answer:
        parameters = {**spec.constant, **sent}
        if spec.method == "GET":
            return self._client.get(spec.path, {name: _written(value) for name, value in parameters.items()})
        if spec.body == "form":
            return self._client.post_form(spec.path, {name: _written(value) for name, value in parameters.items()})
        return self._client.post(spec.path, nested(parameters))

    def close(self) -> None:
        self._client.close()


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
