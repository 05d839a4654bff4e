"""P1, P3: a record has exactly its schema's shape, or a code and a field say where it has not."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ports import Fault
from hub.records.kinds import KIND_NAMES, KINDS
from hub.records.shape import ITEMS_MAX, check_shape

Plain = Callable[[str], dict[str, Any]]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates() | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def short(name: str) -> str:
    return name.rpartition(".")[2]


@pytest.mark.parametrize("name", KIND_NAMES)
def test_a_good_record_fits(name: str, plain: Plain) -> None:
    assert check_shape(name, plain(short(name))) == ()


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        found += paths(inner, (*at, step))
    return found


def put(record: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        record = record[step]
    record[path[-1]] = value


@pytest.mark.parametrize("name", KIND_NAMES)
def test_every_field_is_needed_and_typed(name: str, plain: Plain) -> None:
    """Each field in turn left out, and given something that it never is; the fault names exactly that field."""
    for path in paths(plain(short(name))):
        dotted = ".".join(map(str, path))
        record = plain(short(name))
        put(record, path, 3.5)
        assert Fault("SHAPE_TYPE", dotted) in check_shape(name, record)
        if isinstance(path[-1], str):
            record = plain(short(name))
            parent = record
            for step in path[:-1]:
                parent = parent[step]
            del parent[path[-1]]
            assert check_shape(name, record) == [Fault("SHAPE_MISSING", dotted)]


@pytest.mark.parametrize("name", KIND_NAMES)
def test_a_strange_field_is_refused_wherever_it_is(name: str, plain: Plain) -> None:
    record = plain(short(name))
    for path in [(), *paths(record)]:
        changed = plain(short(name))
        inner = changed
        for step in path:
            inner = inner[step]
        if isinstance(inner, dict):
            inner["strange"] = 1
            dotted = ".".join(map(str, (*path, "strange")))
            assert check_shape(name, changed) == [Fault("SHAPE_UNKNOWN_FIELD", dotted)]


def test_a_strange_field_s_name_is_not_repeated_when_it_may_be_data(plain: Plain) -> None:
    record = plain("business")
    record["enterprise"]["91110000600037341L"] = record["enterprise"]["张三"] = 1
    assert check_shape("licence.business", record) == [Fault("SHAPE_UNKNOWN_FIELD", "enterprise")]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "x" * 201, "TEXT_TOO_LONG"),
        ("name", "天\u0000津", "TEXT_CONTROL"),
        ("name", "天\n津", "TEXT_CONTROL"),
        ("name", "a\u202egnp", "TEXT_CONTROL"),
        ("name", "\ud842", "TEXT_ENCODING"),
        ("name", "天津\udce4", "TEXT_ENCODING"),
        ("business_scope", "第一行\n第二行", None),
        ("business_scope", "铃\u0007", "TEXT_CONTROL"),
        ("name", "𠮷野家\u3000天津", None),
        ("name", "\ue5e5生僻字", None),
        ("issued_on", "2021-06-01", "SHAPE_TYPE"),
        ("issued_on", datetime(2021, 6, 1), "SHAPE_TYPE"),  # noqa: DTZ001
        ("issued_on", 18_000, "SHAPE_TYPE"),
        ("valid_until", None, None),
        ("name", None, "SHAPE_TYPE"),
        ("name", "", "SHAPE_MISSING"),
        ("name", " \u3000", "SHAPE_MISSING"),
        ("name", "\u200b", "SHAPE_MISSING"),
        ("name", "天津\ufffd", "TEXT_ENCODING"),
        ("name", "天津\xa0公司", "TEXT_CONTROL"),
        ("name", "葛\U000e0100公司", None),
        ("former_names", ["天津"], None),
        ("business_scope", "", None),
        ("issued_on", date(1, 1, 1), "SHAPE_TYPE"),
        ("issued_on", date(1900, 1, 1), "SHAPE_TYPE"),
        ("issued_on", date(1900, 1, 2), None),
        ("valid_from", date(98, 3, 4), "SHAPE_TYPE"),
    ],
)
def test_values(plain: Plain, field: str, value: Any, code: str | None) -> None:
    record = plain("business")
    record["enterprise"][field] = value
    assert list(check_shape("licence.business", record)) == ([Fault(code, f"enterprise.{field}")] if code else [])


@pytest.mark.parametrize(
    ("field", "value", "former"),
    [
        ("name", "", None),
        ("name", "天津\ufffd", None),
        ("name", "天津\xa0公司", None),
        ("name", "葛\U000e0100公司", "TEXT_CONTROL"),
        ("name", "天津\u200e", "TEXT_CONTROL"),
        ("issued_on", date(1, 1, 1), None),
    ],
)
def test_history_is_judged_as_version_1_judged_it(plain: Plain, field: str, value: Any, former: str | None) -> None:
    """P4: a verdict under /rules/1 is found again."""
    record = plain("business")
    record["enterprise"][field] = value
    found = check_shape("licence.business", record, 1)
    assert list(found) == ([Fault(former, f"enterprise.{field}")] if former else [])


def test_a_blank_item_of_a_list_is_missing(plain: Plain) -> None:
    record = plain("business")
    record["enterprise"]["former_names"] = ["天津", " "]
    assert check_shape("licence.business", record) == [Fault("SHAPE_MISSING", "enterprise.former_names.1")]


def test_the_plans_of_combinations_of_nulls_have_a_bound() -> None:
    """P1: records that differ in what is null cannot fill the memory."""
    from hub.records.shape import _PLANS_MAX, _Record

    names = [f"f{place}" for place in range(12)]
    quick = _Record({"fields": [{"name": name, "type": ["null", "string"]} for name in names]})
    for combination in range(2**12):
        assert quick({name: "x" if combination >> place & 1 else None for place, name in enumerate(names)})
    assert len(quick._plans) == _PLANS_MAX


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("unit", "area_m2"), "89.5平方米", "SHAPE_TYPE"),
        (("unit", "area_m2"), "1e9", "SHAPE_TYPE"),
        (("unit", "area_m2"), None, None),
        (("unit", "seized"), 1, "SHAPE_TYPE"),
        (("unit", "co_ownership"), "ALONE", "SHAPE_TYPE"),
        (("holders", 1, "share"), "1/0", "SHAPE_TYPE"),
        (("holders", 1, "share"), "一半", "SHAPE_TYPE"),
        (("holders", 1, "share"), "33.3%", None),
        (("region",), "12010", "SHAPE_TYPE"),
        (("source", "version"), True, "SHAPE_TYPE"),
        (("source", "version"), 2**63, "SHAPE_TYPE"),
        (("source", "operation"), "upsert", "SHAPE_TYPE"),
    ],
)
def test_forms(plain: Plain, path: tuple[Any, ...], value: Any, code: str | None) -> None:
    record = plain("property-title")
    put(record, path, value)
    dotted = ".".join(map(str, path))
    assert list(check_shape("licence.property-title", record)) == ([Fault(code, dotted)] if code else [])


def test_a_list_has_a_bound(plain: Plain) -> None:
    record = plain("property-title")
    record["holders"] *= ITEMS_MAX
    assert check_shape("licence.property-title", record) == [Fault("TOO_LARGE", "holders")]


@pytest.mark.parametrize("name", KIND_NAMES)
@given(value=anything)
def test_anything_gets_a_verdict(name: str, value: Any) -> None:
    assert check_shape(name, value)


@given(st.sampled_from(KIND_NAMES), st.data())
def test_the_quick_pass_and_the_slow_one_agree(name: str, data: st.DataObject) -> None:
    """Whatever one field becomes: no fault found means that Avro can write it, and the record comes back equal."""
    from hub.records.shape import _IN_FORCE, _faults

    kind = KINDS[name]
    record = kind.complete({"source": {}})
    value = data.draw(anything)
    record[data.draw(st.sampled_from(sorted(record)))] = value
    quick, slow = check_shape(name, record), _faults(record, {"type": kind.schema.parsed}, "", _IN_FORCE)
    assert list(quick) == slow


def test_dates_are_days(plain: Plain) -> None:
    assert type(plain("business")["enterprise"]["issued_on"]) is date
