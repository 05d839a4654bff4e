"""Any mapping over any row: a row becomes a record or faults, and never an error (P1: no row stops its neighbours)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.connect import kit
from hub.connect.codes import Codes
from hub.connect.declared.compiled import Mapper
from hub.connect.declared.models import MappingSpec
from hub.connect.mapping import canonical, to_row
from hub.connect.spec import ConnectorInfo, Title
from hub.ports import SourceRow

CODES = Codes({"a": {"1": "CURRENT", "TRUE": "true"}, "b": {"0": "false", "1": "true"}})
INFO = ConnectorInfo(
    name="any", kind="licence.business", title=Title(zh="", en=""), direction="source", transport="table",
    assurance="CHANNEL_ONLY",
)  # fmt: skip
Columns = st.sampled_from(["a", "b", "c", "a.b", "a.0", "c.0.a", "b.c.1", "."])
Scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=3),
    st.sampled_from(["1", "2021-03-04", "2021-03-04 05:06:07", "1614830400", "a,b;c", "长期", Decimal("NaN"),
                     Decimal(7), date(2021, 3, 4), datetime(2021, 3, 4, tzinfo=UTC)]),
)  # fmt: skip
Values = st.recursive(
    Scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=8,
)
Rows = st.dictionaries(st.sampled_from(["a", "b", "c", "a.b"]), Values, max_size=4)


def optional(**more: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=more)


Whens = st.fixed_dictionaries({"column": Columns, "in": st.lists(st.text(max_size=3), min_size=1, max_size=2)})
FORMS = ("text", "identifier", "day", "instant", "number", "decimal", "flag", "address", "split")
Rules = st.one_of(
    st.builds(
        lambda column, form, more: {"from": column, "as": form, "required": False, **more},
        Columns, st.sampled_from(FORMS), optional(default=st.sampled_from(["x", 3, True]), when=Whens),
    ),
    st.builds(lambda column, form: {"from": column, "as": form}, Columns, st.sampled_from(FORMS)),
    st.just({"from": "a", "as": "code", "unknown": "UNKNOWN"}),
    st.just({"from": "c", "as": "code", "codes": "a"}),
    st.just({"as": "constant", "value": "x"}),
)  # fmt: skip
Fields = st.dictionaries(st.sampled_from(["x", "y", "z.u", "z.v"]), Rules, min_size=1, max_size=4)
Eachs = st.one_of(
    st.builds(
        lambda column, fields, more: {"from": column, "fields": fields, **more}, Columns, Fields, optional(when=Whens)
    ),
    st.builds(
        lambda columns, fields: {"zip": columns, "by": ",;", "fields": fields},
        st.lists(Columns, min_size=1, max_size=3, unique=True), Fields,
    ),
)  # fmt: skip
Mappings = st.fixed_dictionaries(
    {"fields": Fields},
    optional={
        "absent": st.sampled_from(["fault", "null"]),
        "each": st.dictionaries(st.sampled_from(["l", "m.n"]), Eachs),
    },
)
Granted = st.none() | st.frozensets(Columns, max_size=3)


def mapped(mapper: Mapper, row: dict[str, Any]) -> SourceRow:
    return to_row("k", 1, b"raw", lambda: mapper("k", 1, "UPSERT", row))


@given(Mappings, Rows, Granted)
def test_a_row_becomes_a_record_or_faults_with_their_fields(
    mapping: dict[str, Any], row: dict[str, Any], granted: frozenset[str] | None
) -> None:
    found = mapped(Mapper(MappingSpec.model_validate(mapping), CODES, INFO, None, granted), row)
    assert (found.record is None) == bool(found.faults)
    assert all(fault.code != "UNREADABLE" for fault in found.faults), "the language did not expect such a row"
    assert canonical(row)


@given(Mappings)
def test_each_declaration_isolates_its_rows(mapping: dict[str, Any]) -> None:
    mapper = Mapper(MappingSpec.model_validate(mapping), CODES, INFO)
    kit.check_isolation(lambda row: mapped(mapper, dict(row)), {"a": "1", "b": ["x"], "c": {"a": [{"a": 1}]}})
