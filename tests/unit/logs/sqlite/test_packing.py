"""What is packed comes back byte for byte (P4)."""

from hypothesis import given
from hypothesis import strategies as st

from hub.logs.sqlite import packing
from hub.ports import Outgoing

HEADERS = st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=5)), max_size=4)
RECORDS = st.lists(
    st.builds(
        Outgoing,
        st.just("t"),
        st.just(0),
        st.none() | st.binary(max_size=8),
        st.none() | st.binary(max_size=20),
        HEADERS,
        st.integers(-(2**63), 2**63 - 1),
    ),
    max_size=12,
)


@given(RECORDS, st.integers(0, 2**40))
def test_p4_records_come_back_as_they_were(given_records: list[Outgoing], base: int) -> None:
    rows = list(packing.pack(given_records))
    found = [one for row in rows for one in packing.unpack(base + row.base, row.payload)]
    assert [one.offset for one in found] == list(range(base, base + len(given_records)))
    assert [(o.timestamp, o.key, o.value, list(o.headers)) for o in found] == [
        (o.timestamp, o.key, o.value, list(o.headers)) for o in given_records
    ]


def test_rows_are_bounded_in_records_and_bytes() -> None:
    small = [Outgoing("t", 0, b"k", b"v", [], n) for n in range(packing.RECORDS_MAX * 2 + 1)]
    assert [(row.base, row.stop) for row in packing.pack(small)] == [
        (0, packing.RECORDS_MAX),
        (packing.RECORDS_MAX, packing.RECORDS_MAX * 2),
        (packing.RECORDS_MAX * 2, packing.RECORDS_MAX * 2 + 1),
    ]
    large = [Outgoing("t", 0, b"k", b"v" * (packing.BYTES_MAX // 2), [], n) for n in range(4)]
    assert all(len(row.payload) < packing.BYTES_MAX * 1.1 for row in packing.pack(large))
    assert [row.stop for row in packing.pack(large)][-1] == 4


def test_one_record_larger_than_a_row_has_a_row_of_its_own() -> None:
    huge = [Outgoing("t", 0, None, b"v" * packing.BYTES_MAX * 2, [], 1)] * 2
    assert [(row.base, row.stop) for row in packing.pack(huge)] == [(0, 1), (1, 2)]
