"""A declared REST service as a source: encodings, the service's own codes, rows that cannot be read, feeds by time."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect import kit
from hub.connect.context import Context
from hub.connect.folder import Folder
from hub.connect.rest.client import Answer as HttpAnswer
from hub.connect.rest.declared import RestSource, open_rest
from hub.connect.spec import Limits
from hub.errors import Misconfigured, RecordRejected, Unavailable, Unconfirmed
from hub.ports import Extent, LookupQuery, Stored
from tests.clocks import BEGIN, HandClock
from tests.field.gateway import Answer, Handler, Server, serving

INFO = """
name = "heat"
kind = "project.approval"
direction = "source"
transport = "rest"
assurance = "CHANNEL_ONLY"
remembers = true
day = "update_time"
lookup_by = ["uscc"]
title = { zh = "供热", en = "Heat" }
settings = [{ name = "url", doc = "x" }, { name = "api_key", doc = "x", secret = true }]

[rest]
encoding = "gb18030"
auth = { by = "api-key", header = "X-Key" }
result = { code = "head.code", ok = ["0"], empty = ["404"], retry = ["busy"], refuse = ["403"] }

[rest.row]
key = ["district", "id"]
version = "changed"
version_as = "%Y-%m-%d %H:%M:%S"
operation = "op"
outside = ["asked"]

[rest.feed]
path = "/rows"
rows = "data.list"
paging = "page"
at = "pageNo"
size = "pageSize"
total = "data.total"
constant = { format = "json", all = true }
window = { since = "from", until = "to", begin = 2026-03-01, span_s = 86400 }

[rest.lookups.uscc]
path = "/rows/of"
send = { code = "value", reason = "purpose" }
rows = "data.list"
"""
MAPPING = '[fields]\nauthority = { from = "org", as = "identifier" }\n"project.name" = { from = "data.name" }\n'
TIME = "2026-03-02 08:00:00"
QUERY = LookupQuery("uscc", "91110000600037341L", "p", "b")


def row(number: int, **changes: Any) -> dict[str, Any]:
    usual = {"id": number, "district": "120104", "changed": TIME, "op": "I", "org": "1112", "asked": "now"}
    return {**usual, "data": {"name": f"供热管网{number}"}, **changes}


def says(rows: Any, code: Any = 0, status: int = 200, total: int | None = None) -> Answer:
    data = {"list": rows, "total": len(rows) if total is None and isinstance(rows, list) else total}
    return status, {}, json.dumps({"head": {"code": code}, "data": data}, ensure_ascii=False).encode("gb18030")


def context(folder: Path, clock: HandClock, info: str = INFO, **limits: Any) -> Context:
    for name, text in (("connector.toml", info), ("mapping.toml", MAPPING)):
        (folder / name).write_text(text, "utf-8")
    found = Folder("heat", folder)
    return Context(found.info, Limits(**{"page_rows": 2, **limits}), clock, found)


@pytest.fixture
def opened(tmp_path: Path, clock: HandClock) -> Callable[..., Any]:
    @contextmanager
    def opening(handler: Handler, info: str = INFO) -> Iterator[tuple[RestSource, Server]]:
        with serving(handler) as server:
            source = open_rest({"url": server.url, "api_key": "k"}, context(tmp_path, clock, info))
            assert isinstance(source, RestSource)
            yield source, server
            source.close()

    return opening


def by_window(rows: list[dict[str, Any]]) -> Handler:
    def handler(path: str, query: Mapping[str, str]) -> Answer:
        found = [one for one in rows if query["from"] <= str(one["changed"]) < query["to"]]
        begin = (int(query["pageNo"]) - 1) * int(query["pageSize"])
        return says(found[begin : begin + int(query["pageSize"])], total=len(found))

    return handler


def test_a_feed_by_time_gives_every_row_once_and_ends(opened: Callable[..., Any]) -> None:
    rows = [row(number, changed=f"2026-03-02 08:0{number}:00") for number in range(5)]
    with opened(by_window(rows)) as (source, server):
        pages = kit.read_all(source)
        found = [one for page in pages for one in page.rows]
        assert [one.key for one in found] == [f"120104/{number}" for number in range(5)]
        assert found[0].record is not None
        assert found[0].record["project"]["name"] == "供热管网0"
        assert found[0].version == 1_772_409_600_000
        assert b"asked" not in found[0].raw, "the time of the answer is no part of the row"
        assert server.calls[0][2]["x-key"] == "k"
        assert server.calls[0][1] | {"format": "json", "all": "true"} == server.calls[0][1]
        assert kit.check_remap(source, found) == 5


def test_a_days_count_and_a_targeted_read_use_the_windows(opened: Callable[..., Any]) -> None:
    rows = [row(1, changed="2026-03-01 23:59:59"), row(2), row(3, changed="2026-03-03 00:00:00")]
    with opened(by_window(rows)) as (source, _):
        assert source.day(date(2026, 3, 2)).keys == {"120104/2#1772409600000"}
        since = 1_772_409_600_000 - 9 * 3_600_000
        page = source.read(Extent((), since, since + 3_600_000), None)
        assert [one.key for one in page.rows] == ["120104/1"] and not page.more
        with pytest.raises(Misconfigured, match="only rows of a time"):
            source.read(Extent(("120104/1",)), None)


def test_a_row_that_cannot_be_read_stops_no_neighbour(opened: Callable[..., Any]) -> None:
    """P1: each fault is its row's."""
    good, text = row(1), json.dumps
    texts = [
        text(good), text(row(2, op="X")), text(row(3, id=None)), text(row(4, changed="soon")), "7",
        text(row(5)).replace('"org"', '"org": 1, "org"'), text(row(6, org="@")).replace('"@"', "1e999"),
        text(row(7, org="@")).replace('"@"', "9" * 400), text(row(8, org="@")).replace('"@"', "[" * 40 + "]" * 40),
        text(row(9, org="@")),
    ]  # fmt: skip
    body = f'{{"head":{{"code":"0"}},"data":{{"total":10,"list":[{",".join(texts)}]}}}}'.encode("gb18030")
    with opened(lambda path, query: (200, {}, body.replace(b'"@"', b'"\xff\xff"'))) as (source, _):
        found = source.look_up(QUERY).rows
        codes = [one.faults[0].code if one.faults else "" for one in found]
        assert codes == [
            "", "SHAPE_TYPE", "SHAPE_MISSING", "SHAPE_MISSING", "SHAPE_MISSING", "DUPLICATE_KEY", "NUMBER_NOT_FINITE",
            "NUMBER_TOO_LARGE", "TOO_DEEP", "TEXT_ENCODING",
        ]  # fmt: skip
        assert len({one.key for one in found}) == 10
        assert [one.key.startswith("sha256:") for one in found] == [False, False, True, True, True, *[False] * 5]


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (says([], "busy"), Unavailable, "'busy'"),
        (says([], "E17"), Unconfirmed, "'E17', which"),
        (says([], "403"), RecordRejected, "LOOKUP_REFUSED"),
        (says([], "403", status=400), RecordRejected, "LOOKUP_REFUSED"),
        (says([], "0", status=404), Misconfigured, "HTTP 404"),
        ((200, {}, b"<html>"), Unavailable, "no JSON"),
        ((200, {}, b'{"head": {"code": 0}, "data": {"list": "x"}}'), Unavailable, "something else"),
    ],
)
def test_what_the_services_own_code_means(
    opened: Callable[..., Any], answer: Answer, error: type[Exception], told: str
) -> None:
    with opened(lambda path, query: answer) as (source, _), pytest.raises(error, match=told):
        source.look_up(QUERY)


def test_a_feed_that_is_refused_is_for_the_operator_and_an_empty_code_is_no_row(opened: Callable[..., Any]) -> None:
    with opened(lambda path, query: says([], "403")) as (source, _), pytest.raises(Misconfigured, match="'403'"):
        source.fetch(None)
    with opened(lambda path, query: says(None, 404)) as (source, _):
        assert source.look_up(QUERY).rows == []
        page = source.fetch(None)
        assert (page.rows, page.more) == ([], True), "the next window"


def test_a_question_by_another_word_or_without_purpose_is_not_asked(opened: Callable[..., Any]) -> None:
    with opened(lambda path, query: says([])) as (source, server):
        for query in (LookupQuery("unit-no", "1", "p", "b"), LookupQuery("uscc", "1", " ", "b")):
            with pytest.raises(RecordRejected):
                source.look_up(query)
        assert server.calls == []


def test_a_list_that_grows_says_how_many_rows_it_has(opened: Callable[..., Any]) -> None:
    info = INFO.replace("window = {", "# window = {").replace('day = "update_time"', 'day = "none"')
    rows = [row(number) for number in range(3)]

    def handler(path: str, query: Mapping[str, str]) -> Answer:
        begin = (int(query["pageNo"]) - 1) * int(query["pageSize"])
        return says(rows[begin : begin + int(query["pageSize"])], total=len(rows))

    with opened(handler, info) as (source, _):
        assert source.total() == 3
        pages = kit.read_all(source)
        assert [one.key for page in pages for one in page.rows] == [f"120104/{number}" for number in range(3)]
        rows.append(row(3))
        assert [one.key for one in source.fetch(pages[-1].cursor).rows] == ["120104/3"]
        with pytest.raises(Misconfigured, match="changed on a day"):
            source.day(BEGIN.date())


def test_a_declaration_that_lacks_a_setting_or_a_look_up_is_told(tmp_path: Path, clock: HandClock) -> None:
    with pytest.raises(Misconfigured, match="declares no setting 'api_key'"):
        open_rest({"url": "http://127.0.0.1:9"}, context(tmp_path, clock))
    info = INFO.replace('lookup_by = ["uscc"]', 'lookup_by = ["uscc", "address"]')
    with pytest.raises(Misconfigured, match=r"rest\.lookups\.address"):
        open_rest({"url": "http://127.0.0.1:9", "api_key": "k"}, context(tmp_path, clock, info))


def test_an_object_with_a_name_of_the_hubs_own_hides_no_column(opened: Callable[..., Any]) -> None:
    info = INFO.replace('operation = "op"\n', "")
    with opened(lambda path, query: says([row(1, row={"x": 1}, operation=["y"])]), info) as (source, _):
        (found,) = source.look_up(QUERY).rows
        assert json.loads(found.raw)["row"]["org"] == "1112"
        assert kit.check_remap(source, [found]) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
COLUMNS = st.dictionaries(st.sampled_from(["id", "district", "changed", "op", "org", "data", "asked", "row"]), JSON)


@given(st.lists(COLUMNS | JSON, max_size=5))
def test_p1_any_row_is_a_record_or_a_fault(rows: list[Any]) -> None:
    """And mapped again from its bytes it is the same."""
    body = json.dumps({"head": {"code": "0"}, "data": {"list": rows}}, ensure_ascii=True).encode()
    with TemporaryDirectory() as folder:
        source = open_rest({"url": "http://127.0.0.1:9", "api_key": "k"}, context(Path(folder), HandClock()))
    assert isinstance(source, RestSource)
    found = source._rows.of(source._answers.value(HttpAnswer(200, body)), "data.list")
    assert len(found) == len(rows)
    for one in found:
        assert (one.record is None) == bool(one.faults)
        assert one.key and one.raw
        again = source.remap(Stored(one.key, one.version, "UPSERT", one.raw))
        assert (again.key, again.version, again.raw) == (one.key, one.version, one.raw)
        assert one.record is None or again.record == one.record


def test_a_source_without_a_feed_is_asked_only(opened: Callable[..., Any]) -> None:
    info = INFO[: INFO.index("[rest.feed]")] + INFO[INFO.index("[rest.lookups") :]
    with opened(lambda path, query: says([]), info) as (source, server):
        page = source.fetch(None)
        assert (page.rows, page.cursor, page.more) == ([], {}, False)
        assert source.total() is None and server.calls == []


BOTH = INFO.replace('refuse = ["403"]', 'refuse = ["403"], expired = ["403"]')
WORDS = INFO + 'purposes = { p = "用电报装" }\n'


def test_a_code_for_an_expired_token_and_for_a_no_is_a_no_when_it_comes_again(opened: Callable[..., Any]) -> None:
    with opened(lambda path, query: says([], "403"), BOTH) as (source, _):
        with pytest.raises(Misconfigured, match="'403'"):
            source.fetch(None)
        with pytest.raises(RecordRejected, match="LOOKUP_REFUSED"):
            source.look_up(QUERY)


def test_p3_a_purpose_is_sent_in_the_words_of_the_service_and_another_one_is_refused(
    opened: Callable[..., Any],
) -> None:
    with opened(lambda path, query: says([row(1)]), WORDS) as (source, server):
        source.look_up(QUERY)
        assert server.calls[0][1]["reason"] == "用电报装"
        with pytest.raises(RecordRejected, match=r"LOOKUP_INCOMPLETE purpose .*no word for it allowed: p"):
            source.look_up(LookupQuery("uscc", QUERY.value, "other", "b"))
        assert len(server.calls) == 1


def test_what_a_question_lacks_is_told_with_the_remedy(opened: Callable[..., Any]) -> None:
    item = INFO.replace('reason = "purpose"', 'item = "service_item"')
    with opened(lambda path, query: says([]), item) as (source, server):
        with pytest.raises(RecordRejected, match="service_items has it for each purpose, and where it may be empty"):
            source.look_up(QUERY)
        assert server.calls == []
