"""The connectors of the two other ways to the connection system: what they take and write, and what a table must not do
to it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text

import connectors.utility_table
from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.host import registry
from hub.connect.host.guard import GuardedSink
from hub.errors import Misconfigured, Unavailable, Unconfirmed
from hub.ports import Address, Placed, Receipt, Refused
from hub.web.api.shapes.answers import Deliveries
from tests import ways
from tests.ways import TABLES

NAME = "utility_table"
CASES = ["sqlite", *(pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("postgres", "mariadb"))]
ROW: dict[str, Any] = json.loads((TABLES / "samples/row.json").read_text("utf-8"))
SENT: dict[str, Any] = json.loads(ROW["body"])
BODY = {name: value for name, value in SENT.items() if name != "externalAppNo"} | {"custType": "NON_RESIDENT"}
"""In the hub's words."""


@pytest.fixture(params=CASES)
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    file = f"sqlite:///{tmp_path}/utility.db"
    engine = create_engine(file if request.param == "sqlite" else request.getfixturevalue(f"{request.param}_url"))
    ways.create(engine)
    yield engine
    engine.dispose()


def opened(engine: Engine, **settings: Any) -> GuardedSink:
    url = engine.url.render_as_string(hide_password=False)
    return registry.open_sink(NAME, {"url": url, **settings}, SystemClock())


def rows(engine: Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text("SELECT * FROM onecert_delivery")).mappings()]


def run(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def registration(key: str = "") -> Address:
    return Address("connection", "registration", SENT["externalAppNo"], key or uuid4().hex)


@pytest.mark.parametrize("name", ["utility_pull", "utility_table"])
def test_the_package_describes_itself_and_takes_what_a_push_takes(name: str) -> None:
    info = kit.check_package(f"connectors.{name}")
    assert info.accepts == registry.find("utility_crm").info.accepts
    assert (info.direction, info.fetches) == ("sink", name == "utility_pull")


def test_a_system_that_fetches_is_not_called_and_one_that_is_called_does_not_fetch() -> None:
    with pytest.raises(Misconfigured, match="fetches"):
        registry.open_sink("utility_pull", {}, SystemClock())
    with pytest.raises(Misconfigured, match="pushed to"):
        registry.open_pickup("utility_crm", {"url": "http://127.0.0.1:9", "token": "t"}, SystemClock())


def test_the_sample_of_a_page_has_the_form_of_the_interface_and_the_bodies_of_a_push() -> None:
    page = json.loads((TABLES.parent / "utility_pull/samples/page.json").read_text("utf-8"))
    (one,) = Deliveries.model_validate(page, strict=True).items
    shown = registry.open_pickup("utility_pull", {}, SystemClock()).shown(registration(), BODY)
    assert json.loads(json.dumps(shown)) == one.body == SENT


def test_p2_what_is_placed_is_there_once_under_its_key(engine: Engine) -> None:
    sink, to = opened(engine), registration(ROW["delivery_key"])
    assert kit.check_sink(sink, to, BODY) == Placed()
    (row,) = rows(engine)
    ours = ("delivery_key", "app_no", "kind", "body")
    assert {name: row[name] for name in ours} == {name: ROW[name] for name in ours}
    assert row["body"].isascii()
    sink.close()


def test_p2_two_hubs_that_place_one_piece_at_the_same_moment_place_it_once(engine: Engine) -> None:
    to, sinks = registration(), [opened(engine) for _ in range(4)]

    def place(sink: GuardedSink) -> Receipt | Placed | None:
        try:
            return sink.push(to, BODY)
        except Unavailable:
            return sink.find(to)

    with ThreadPoolExecutor(len(sinks)) as pool:
        assert set(pool.map(place, sinks)) == {Placed()}
    assert len(rows(engine)) == 1
    for sink in sinks:
        sink.close()


def test_the_system_answers_in_the_row(engine: Engine) -> None:
    sink, to = opened(engine), registration()
    sink.push(to, BODY)
    answered = f"answer_no = '{ROW['answer_no']}', answered_at = '{ROW['answered_at']}'"
    run(engine, f"UPDATE onecert_delivery SET state = 1, {answered}")
    receipt = Receipt(ROW["answer_no"], ROW["answered_at"])
    assert sink.find(to) == receipt
    assert sink.push(to, BODY) == receipt, "placed again, it is not there twice"
    run(engine, "UPDATE onecert_delivery SET state = 2, error_code = 'E1', error_message = '客户王伟在黑名单'")
    with pytest.raises(Refused) as told:
        sink.find(to)
    assert (told.value.code, told.value.message) == ("E1", "客户王伟在黑名单")
    assert len(rows(engine)) == 1
    sink.close()


@pytest.mark.parametrize("change", ["state = 1", "state = 1, answer_no = ' '", "state = 9", "state = -1"])
def test_p2_a_row_that_is_no_answer_is_neither_yes_nor_no(engine: Engine, change: str) -> None:
    sink, to = opened(engine), registration()
    sink.push(to, BODY)
    run(engine, f"UPDATE onecert_delivery SET {change}")
    with pytest.raises(Unconfirmed):
        sink.find(to)
    sink.close()


def test_what_the_database_cuts_is_noticed_before_it_is_committed(engine: Engine) -> None:
    """MariaDB cuts in silence without its strict mode; a trigger of SQLite plays it."""
    if engine.dialect.name == "sqlite":
        cut = "UPDATE onecert_delivery SET body = substr(body, 1, 100) WHERE delivery_key = new.delivery_key"
        run(engine, f"CREATE TRIGGER cut AFTER INSERT ON onecert_delivery BEGIN {cut}; END")
    else:
        run(engine, f"ALTER TABLE onecert_delivery {_SHORT[engine.dialect.name]}")
    sink = opened(engine)
    with pytest.raises(Misconfigured, match="outbox"):
        sink.push(registration(), BODY)
    assert rows(engine) == []
    sink.close()


_SHORT = {"postgresql": "ALTER COLUMN body TYPE varchar(100)", "mariadb": "MODIFY body varchar(100)"}
_SHORT["mysql"] = _SHORT["mariadb"]


def test_a_table_that_is_not_there_is_told_with_its_name(engine: Engine) -> None:
    sink = opened(engine, table="elsewhere")
    with pytest.raises(Misconfigured, match=r"elsewhere\."):
        sink.push(registration(), BODY)
    sink.close()


def test_a_database_that_is_away_is_unavailable(tmp_path: Path) -> None:
    sink = registry.open_sink(
        NAME, {"url": "postgresql+psycopg://x@127.0.0.1:9/x", "connect_timeout_s": 1.0}, SystemClock()
    )
    with pytest.raises(Unavailable):
        sink.push(registration(), BODY)
    sink.close()


def test_the_files_are_in_the_package() -> None:
    folder = Path(connectors.utility_table.__file__).parent
    assert sorted(file.name for file in folder.glob("*.sql")) == ["outbox.mysql.sql", "outbox.postgresql.sql"]
