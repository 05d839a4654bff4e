"""The look-up of earlier applications works on PostgreSQL: it sorts only by columns that it selects."""

from types import SimpleNamespace
from typing import Any

from hub.cases.connection.steps.again import _same


def test_what_is_selected_once_is_sorted_by_selected_columns_only() -> None:
    found: Any = SimpleNamespace(case_id=bytes(16), subject_id=bytes(16))
    query = _same(found, [bytes(16)])
    selected = {str(one) for one in query.selected_columns}
    assert {str(one) for one in query._order_by_clauses} <= selected
