"""The district's folder: the same world puts the same bytes into it, and each row's truth is told."""

from pathlib import Path

from sandbox.files.district import BATCHES, District
from sandbox.files.server import load
from sandbox.world.world import World, WorldSpec


def files(folder: Path, world: World) -> dict[str, bytes]:
    load(folder, world)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    spec = WorldSpec(4, 200)
    first, second = files(tmp_path / "a", World(spec)), files(tmp_path / "b", World(spec))
    assert first == second
    assert first != files(tmp_path / "c", World(WorldSpec(5, 200)))
    assert len(first) == 2 * BATCHES
    assert {name.partition(".")[2] for name in first} == {"manifest.json", "jsonl", "csv", "csv.zip", "xlsx", "xml"}


def test_the_district_hears_of_some_cancellations_late_and_keeps_notes() -> None:
    world = World(WorldSpec(1, 2_000, 0.0))
    rows = {row.columns["bdcdyh"]: row for _, some in District(world).batches() for row in some}
    cancelled = [row for row in world.title_rows() if row.columns["qszt"] == "3" and row.columns["bdcdyh"] in rows]
    late = [row for row in cancelled if rows[row.columns["bdcdyh"]].columns["qszt"] == "1"]
    assert 0 < len(late) < len(cancelled)
    assert all(row.columns["fj"] for row in rows.values())


def test_the_truth_has_every_row_of_every_batch() -> None:
    district = District(World(WorldSpec(1, 500)))
    told = list(district.truth())
    assert len(told) == sum(len(rows) for _, rows in district.batches())
    assert sum("duplicate_of" in line for line in told) == 3
