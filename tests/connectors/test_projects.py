"""Projects and their approvals from the exchange database that the standard describes, with its dirt, and what the hub
writes back into it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert, select, update

from connectors.project_approval.hook import before as approval_before
from connectors.project_register.hook import before as register_before
from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.folder import of_package
from hub.connect.host import registry
from hub.connect.host.guard import GuardedSource
from hub.errors import Misconfigured
from hub.ports import LookupQuery, RowVerdict, SourceRow
from hub.records.kinds import KINDS
from hub.records.verdict import Context as Judging
from hub.records.verdict import judge
from sandbox import launch
from sandbox.launch import Running
from sandbox.projects.tables import DOCUMENT, PROGRESS, PROJECT
from sandbox.world.world import World, WorldSpec
from tests.grants import granted

NAMES = ("project_register", "project_approval")
REST = "project_approval_rest"
SEED, SIZE = 5, 400
QUICK = {"lag_s": 0.5, "sweep_s": 0.2, "page_rows": 50}


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("projects")
    with launch.start(SEED, SIZE, home, systems=("projects",), defect_share=0.3) as running:
        yield running


def opened(sandbox: Running, name: str, **more: Any) -> GuardedSource:
    quick = {"page_rows": 50} if name == REST else QUICK
    settings = sandbox.connectors()[name] | quick | more
    return registry.open_source(name, settings, SystemClock(), grant=granted(name, ways=["look-up", "feed"]))


def truth(sandbox: Running, name: str) -> dict[str, dict[str, Any]]:
    lines = (json.loads(line) for line in sandbox.truth.open(encoding="utf-8"))
    return {line["key"]: line for line in lines if line["source"] == name}


def mapped(name: str, sample: Mapping[str, Any]) -> SourceRow:
    row = dict(sample)
    key, operation = str(row.get("id") or row.pop("lsh", "1")), str(row.pop("operation", "UPSERT"))
    folder = of_package(f"connectors.{name}")
    return row_of(Context(folder.info, folder.info.limits, SystemClock(), folder), DeclaredRow(key, 1, operation, row))


def verdict(row: SourceRow, kind: str) -> str | None:
    """The first reason why a row is rejected."""
    if row.record is None:
        return row.faults[0].code
    found = judge(kind, KINDS[kind].complete(row.record), Judging.at(datetime.now(UTC)))
    return found.rejections[0].code if found.rejected else None


@pytest.mark.parametrize("name", [*NAMES, REST])
def test_the_package_describes_itself_and_its_samples_map_as_expected(name: str) -> None:
    info = kit.check_package(f"connectors.{name}")
    folder = Path(str(import_module(f"connectors.{name}").__file__)).parent / "samples"
    assert kit.check_samples(folder, info.kind, lambda sample: mapped(name, sample)) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_column_stops_no_neighbour(name: str) -> None:
    folder = Path(str(import_module(f"connectors.{name}").__file__)).parent / "samples"
    sample = json.loads(next(iter(sorted(folder.glob("filed.json")))).read_text("utf-8"))
    kit.check_isolation(lambda row: mapped(name, row), sample)


@pytest.mark.parametrize("name", NAMES)
def test_every_row_comes_with_its_version_operation_and_verdict(projects: Running, name: str) -> None:
    """P1, and the dirt of the world: one code with many sub-projects, permits, rows that were taken back."""
    source, expected = opened(projects, name), truth(projects, name)
    rows = kit.check_feed(source, source.context.info)
    assert {row.key: row.version for row in rows} == {key: line["version"] for key, line in expected.items()}
    for row in rows:
        line = expected[row.key]
        assert verdict(row, source.context.info.kind) == line["code"], line
        if row.record:
            assert row.record["source"]["operation"] == line["operation"]
    assert kit.check_remap(source.inner, rows) == len(rows)
    source.close()


def test_the_world_has_what_the_standard_has(projects: Running) -> None:
    said = Counter(line["code"] for line in truth(projects, "project_approval").values())
    assert said["NOT_AN_APPROVAL"] > 5
    source = opened(projects, "project_register")
    records = [row.record for page in kit.read_all(source) for row in page.rows if row.record]
    codes = Counter(record["project"]["code"] for record in records)
    assert max(codes.values()) == 3, "one project code has many sub-projects"
    assert {record["project"]["regime"] for record in records} == {"APPROVAL", "VERIFICATION", "FILING"}
    assert any(line["operation"] == "DELETE" for line in truth(projects, "project_approval").values())
    source.close()


@pytest.mark.parametrize("name", [*NAMES, REST])
def test_a_look_up_finds_the_projects_of_a_builder(projects: Running, name: str) -> None:
    """P3: only the builder's own; refused without purpose."""
    code = World(WorldSpec(SEED, SIZE)).enterprises.code(0)
    query = LookupQuery("uscc", code, "connection-application", "action-plan-6")
    source = opened(projects, name)
    kit.check_look_up(source, source.context.info, query, lambda record: record["builder"]["uscc"] == code)
    assert kit.check_same_content(source, query) == 1
    source.close()


LINES = [
    {"dwlx": "1", "dwmc": "旧建设单位", "sjyxbs": "0"},
    {"dwlx": "1", "dwmc": "建设单位", "sjyxbs": "1"},
    {"dwlx": "2", "dwmc": "设计单位", "sjyxbs": "1"},
]


@pytest.mark.parametrize("before", [register_before, approval_before])
def test_the_builder_is_the_unit_that_builds_and_was_not_taken_back(before: Any) -> None:
    assert [one["dwmc"] for one in before({"units": LINES})["units"]] == ["建设单位"]
    assert before({"units": LINES[2:]})["units"] == []
    assert before({"units": None}) == {"units": None}


def test_the_last_progress_counts_whatever_the_order_of_its_rows() -> None:
    progress = [
        {"blzt": "15", "blsj": "2024-03-02 10:00:00", "sjyxbs": "1"},
        {"blzt": "11", "blsj": "2024-03-01 10:00:00", "sjyxbs": "1"},
        {"blzt": "13", "blsj": "2024-03-03 10:00:00", "sjyxbs": "0"},
    ]
    assert [one["blzt"] for one in approval_before({"progress": progress})["progress"]] == ["15"]


def test_rest_gives_the_same_approvals(projects: Running) -> None:
    """The same rows over another transport: the same verdicts, and the same records but for where they come from."""
    table, rest = opened(projects, "project_approval"), opened(projects, REST)
    rows = kit.check_feed(rest, rest.context.info)
    assert {row.key: verdict(row, "project.approval") for row in rows} == {
        key: line["code"] for key, line in truth(projects, "project_approval").items()
    }
    ours = {row.key: row.record for row in rows if row.record}
    theirs = {row.key: row.record for page in kit.read_all(table) for row in page.rows if row.record}
    apart = {"source": {}, "project": {}}
    assert {key: {**one, **apart} for key, one in ours.items()} == {
        key: {**one, **apart} for key, one in theirs.items()
    }
    assert {key: one["project"]["document_no"] for key, one in ours.items()} == {
        key: one["project"]["document_no"] for key, one in theirs.items()
    }
    table.close()
    rest.close()


# ---- verdicts that are written back ----------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Running]:
    """A database of one's own, to change."""
    with launch.start(9, 20, tmp_path, systems=("projects",), defect_share=0.0) as running:
        yield running


def states(sandbox: Running, table: Any = DOCUMENT) -> dict[int, tuple[str, str | None]]:
    engine = create_engine(sandbox.urls["projects"])
    with engine.connect() as connection:
        found = connection.execute(select(table.c.lsh, table.c.sjsczt, table.c.sbyy)).all()
    engine.dispose()
    return {lsh: (state, reason) for lsh, state, reason in found}


def test_p2_a_verdict_is_written_once_and_says_exactly_what_the_source_needs(own: Running) -> None:
    source = opened(own, "project_approval")
    first, second, *_ = (row for page in kit.read_all(source) for row in page.rows)
    verdicts = [
        RowVerdict(first.key, first.version, True),
        RowVerdict(second.key, second.version, False, "批准文号缺失(SHAPE_MISSING project.document_no)" * 100),
    ]
    for _ in range(2):
        source.report(verdicts)
        found = states(own)
        assert found.pop(int(first.key)) == ("3", None)
        state, reason = found.pop(int(second.key))
        assert (state, len(reason or "")) == ("-1", 500)
        assert set(found.values()) == {("0", None)}
    source.close()


def test_a_row_that_was_written_again_keeps_its_state(own: Running) -> None:
    source = opened(own, "project_approval")
    row = next(row for page in kit.read_all(source) for row in page.rows)
    own.control("projects", "take-back", {"lsh": int(row.key), "gxsj": "2025-01-01 00:00:00"})
    source.report([RowVerdict(row.key, row.version, True)])
    assert states(own)[int(row.key)] == ("0", None)
    source.close()


def test_a_row_whose_lines_were_written_again_keeps_its_state(own: Running) -> None:
    """P2: a verdict on what a document said before its project was corrected must not follow the later one."""
    source = opened(own, "project_approval")
    row = next(row for page in kit.read_all(source) for row in page.rows)
    engine = create_engine(own.urls["projects"])
    with engine.begin() as connection:
        code = select(DOCUMENT.c.xmdm).where(DOCUMENT.c.lsh == int(row.key)).scalar_subquery()
        connection.execute(update(PROJECT).where(PROJECT.c.xmdm == code).values(gxsj="2025-01-01 00:00:00"))
    engine.dispose()
    source.report([RowVerdict(row.key, row.version, False, "former")])
    assert states(own)[int(row.key)] == ("0", None)
    source.close()


def test_what_the_hub_writes_is_no_news(own: Running) -> None:
    """P2: the receiver's columns are not part of a row's content."""
    source = opened(own, "project_register")
    before = {row.key: row.raw for page in kit.read_all(source) for row in page.rows}
    source.report([RowVerdict(key, 2**41, True) for key in before])
    assert set(states(own, PROJECT).values()) == {("3", None)}
    assert {row.key: row.raw for page in kit.read_all(source) for row in page.rows} == before
    source.close()


def test_without_a_url_for_it_nothing_is_written_back(own: Running) -> None:
    source = opened(own, "project_register", report_url="")
    with pytest.raises(Misconfigured, match="report_url"):
        source.report([RowVerdict("1", 1, True)])
    source.close()


def test_a_reader_of_the_feed_cannot_write(own: Running) -> None:
    """P5: the user of ``url`` only reads."""
    source = opened(own, "project_register")
    inner: Any = source.inner
    with pytest.raises(Exception), inner._database.read() as connection:  # noqa: B017
        connection.execute(update(PROJECT).values(sjsczt="3"))
    assert set(states(own, PROJECT).values()) == {("0", None)}
    source.close()


def test_p3_an_approval_that_progress_alone_revokes_is_read_again(own: Running) -> None:
    """The document's row is as it was; the row of its progress is new."""
    source = opened(own, "project_approval")
    pages = kit.read_all(source)
    first = next(row for page in pages for row in page.rows if row.record)
    engine = create_engine(own.urls["projects"])
    with engine.begin() as connection:
        instance = select(DOCUMENT.c.spsxslbm).where(DOCUMENT.c.lsh == int(first.key))
        number = connection.execute(instance).scalar_one()
        said = {"lsh": 10**9, "spsxslbm": number, "blzt": "15", "blsj": "2025-02-01 10:00:00"}
        row = said | {"sjyxbs": "1", "sjsczt": "0", "gxsj": "2025-02-01 10:00:00"}
        connection.execute(insert(PROGRESS).values(**row))
    engine.dispose()
    (again,) = [row for page in kit.read_all(source, pages[-1].cursor) for row in page.rows if row.key == first.key]
    assert again.version > first.version
    assert again.record and again.record["status"] == "REVOKED"
    source.close()
