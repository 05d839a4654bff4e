"""Ids of records: P2, the same content of the same version of the same row has one id, however it was read, and nothing
else has it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hub.ports import Fault, SourceRow
from hub.privacy.record_ids import CONTENT_BYTES, ID_BYTES, RecordIds
from tests import samples

IDS = RecordIds(b"k" * 32)
TITLES = samples.Info("property_title", "licence.property-title")
VERSIONS = st.integers(0, 2**63 - 1)
KEYS = st.text(max_size=8)
ROWS = st.builds(
    SourceRow,
    key=KEYS,
    version=VERSIONS,
    raw=st.binary(max_size=8),
    record=st.none(),
    revision=st.integers(0, 2**31),
)


def id_of(row: SourceRow, source: samples.Info = TITLES, ids: RecordIds = IDS) -> bytes:
    return ids.record(source, row, ids.content(row))


@given(ROWS, st.binary(max_size=4), st.integers(0, 5))
def test_p2_a_retry_a_look_up_and_a_feed_of_one_content_give_one_id(row: SourceRow, proof: bytes, reading: int) -> None:
    """Neither the transport's proof, nor what a mapping made of it, nor the time and number of a reading is in it."""
    looked_up = SourceRow(row.key, row.version, row.raw, samples.title(), (), proof, row.revision, reading, 99)
    unmapped = SourceRow(row.key, row.version, row.raw, None, (Fault("UNREADABLE"),), b"", row.revision)
    assert id_of(row) == id_of(looked_up) == id_of(unmapped)
    assert len(id_of(row)) == len(IDS.row(TITLES, row.key)) == ID_BYTES and len(IDS.content(row)) == CONTENT_BYTES


@given(ROWS, ROWS)
def test_p2_other_content_another_version_and_another_row_give_another_id(one: SourceRow, other: SourceRow) -> None:
    same = (one.key, one.version, one.revision, one.raw) == (other.key, other.version, other.revision, other.raw)
    assert (id_of(one) == id_of(other)) == same
    assert (IDS.row(TITLES, one.key) == IDS.row(TITLES, other.key)) == (one.key == other.key)


@given(ROWS)
def test_p2_each_part_of_a_name_counts_by_itself(row: SourceRow) -> None:
    """Nothing of one part can pass for the end of the part before it."""
    sources = [
        TITLES,
        samples.Info("property_titl", "elicence.property-title"),
        samples.Info("property_title", "licence.property-titl"),
        samples.Info("another", TITLES.kind),
    ]
    longer = SourceRow(row.key + "1", row.version, row.raw, None, revision=row.revision)
    found = [id_of(row, source) for source in sources] + [id_of(longer)]
    rows = [IDS.row(source, row.key) for source in sources] + [IDS.row(TITLES, longer.key)]
    assert len(set(found)) == len(set(rows)) == 5


def test_sources_that_share_an_authority_share_their_rows() -> None:
    row = SourceRow("1", 1, b"raw", None)
    north, south = (samples.Info(name, TITLES.kind, "registry") for name in ("north", "south"))
    assert id_of(row, north) == id_of(row, south) != id_of(row)
    assert IDS.row(north, "1") == IDS.row(south, "1") != IDS.row(TITLES, "1")


def test_a_row_that_has_vanished_is_other_content_than_the_row_that_comes_back() -> None:
    """P1: under the same version and with the same bytes."""
    assert id_of(SourceRow("1", 5, b"raw", None, vanished=True)) != id_of(SourceRow("1", 5, b"raw", None))


def test_newer_versions_lie_behind_older_ones_in_an_index() -> None:
    found = [id_of(SourceRow("1", version, b"raw", None)) for version in (0, 1, 255, 256, 1_700_000_000_000)]
    assert all(one < other for one, other in pairwise(found))
    assert [int.from_bytes(one[:6], "big") for one in found] == [0, 1, 255, 256, 1_700_000_000_000]


def test_p2_versions_that_share_their_low_bits_are_still_two() -> None:
    low, high = (SourceRow("1", version, b"raw", None) for version in (7, 7 + 2**48))
    assert id_of(low)[:6] == id_of(high)[:6] and id_of(low) != id_of(high)


def test_p5_without_the_key_no_id_can_be_checked() -> None:
    row, other = SourceRow(samples.PERSON, 1, b"raw", None), RecordIds(b"o" * 32)
    assert id_of(row)[6:] != id_of(row, ids=other)[6:]
    assert IDS.content(row) != other.content(row) and IDS.digest(b"raw") != other.digest(b"raw")
