"""One batch: its memory does not grow with its rows, and no manifest can do more than be refused (P1)."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.files.batch import check, lines
from hub.connect.files.manifest import MANIFEST_BYTES_MAX, Manifest, Unfinished, read_manifest
from hub.connect.files.spec import FilesSpec
from sandbox.files.batches import BatchSigner, write
from tests.unit.connect.files.conftest import ROWS

SPEC = FilesSpec(key=("djbh",), version="gxsj", operation="czlx")
GROWTH_BYTES_MAX = 2_200_000
"""Less than the rows of the test take together."""


def made(folder: Path, rows: int, form: str, packed: bool = False) -> tuple[Path, Manifest]:
    some = [ROWS[number % len(ROWS)] | {"djbh": f"K-{number}"} for number in range(rows)]
    file = write(folder, BatchSigner(1), 1, some, form=form, made_at="2026-03-01T08:00:00Z", packed=packed)
    told = read_manifest(file.read_bytes())
    return folder / told.file, told


@pytest.mark.parametrize(("form", "packed"), [("jsonl", True), ("csv", False), ("xlsx", False), ("xml", False)])
def test_p1_memory_does_not_grow_with_the_rows(tmp_path: Path, form: str, packed: bool) -> None:
    file, told = made(tmp_path, 1_500, form, packed)
    with file.open("rb") as stream:
        tracemalloc.start()
        try:
            check(stream, told, SPEC, "district")
            assert sum(1 for _ in lines(stream, told, SPEC)) == 1_500
            assert tracemalloc.get_traced_memory()[1] < GROWTH_BYTES_MAX
        finally:
            tracemalloc.stop()


@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda value: json.dumps(value).encode()),
    )
)
def test_p1_whatever_a_manifest_is_it_is_read_or_told(data: bytes) -> None:
    try:
        read_manifest(data)
    except (Unfinished, ValueError) as told:
        assert len(str(told)) < 500


def test_a_manifest_of_deep_lists_is_unfinished() -> None:
    with pytest.raises(Unfinished):
        read_manifest(b"[" * MANIFEST_BYTES_MAX)


def test_p5_what_is_wrong_with_a_manifest_is_told_without_its_value(tmp_path: Path) -> None:
    file, _ = made(tmp_path, 1, "csv")
    told = json.loads((file.with_name("titles-000001.manifest.json")).read_bytes())
    for name in told:
        with pytest.raises(ValueError, match=rf"^{name}: ") as caught:
            read_manifest(json.dumps(told | {name: ["360426199101010071"]}).encode())
        assert "3604" not in str(caught.value)
