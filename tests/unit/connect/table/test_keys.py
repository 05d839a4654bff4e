"""Keys of several columns as one text."""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column, create_engine, literal, select, tuple_
from sqlalchemy.pool import StaticPool

from hub.connect.rowkeys import joined, split
from hub.connect.table.keys import Key

PARTS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=2, max_size=3)


@given(PARTS, PARTS)
def test_p2_different_keys_are_different_texts(one: list[str], other: list[str]) -> None:
    if len(one) == len(other):
        assert (joined(one) == joined(other)) == (one == other)
    assert split(joined(one), len(one)) == one


@given(*[st.tuples(*[st.sampled_from("abc")] * 3)] * 2)
def test_p1_the_columns_together_have_the_database_s_order(row: tuple[str, ...], last: tuple[str, ...]) -> None:
    """A row that comes after the place in no condition, or in both, would be lost or read twice."""
    with create_engine("sqlite://", poolclass=StaticPool).connect() as connection:
        key = Key([literal(part) for part in row])
        after, up_to = connection.execute(select(key.after(joined(last)), key.up_to(joined(last)))).one()
    assert (bool(after), bool(up_to)) == (row > last, row <= last)


def test_rows_by_their_keys() -> None:
    one, two = column("a"), column("b")
    assert str(Key([one]).among(["x/y"])) == str(one.in_(["x/y"]))
    assert str(Key([one, two]).among(["x/y"])) == str(tuple_(one, two).in_([("x", "y")]))
