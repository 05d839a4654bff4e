"""What was dropped is counted by names that the source chose: P5 (no personal value in a count), and bounded."""

from pathlib import Path

from hub.grants.dropped import OTHERS, PATHS_MAX, Dropped
from hub.ingest.dropped import DroppedColumns
from hub.stores.database import Database
from hub.stores.migrate import STORE


def test_p5_a_name_that_holds_a_value_is_masked_and_one_line() -> None:
    dropped = Dropped()
    dropped.add(["holders.360426199101010071", "a\x00b", "c\ud800", "x" * 10_000])
    found = dropped.take()
    assert set(found) == {"holders.[masked]", "a\\x00b", "c\\ud800", "x" * 200}


def test_a_source_that_names_ever_new_columns_fills_neither_memory_nor_table(tmp_path: Path) -> None:
    dropped = Dropped()
    for number in range(3):
        dropped.add(f"c{number}-{at}" for at in range(PATHS_MAX))
    found = dropped.take()
    assert len(found) == PATHS_MAX + 1 and found[OTHERS] == 2 * PATHS_MAX
    STORE.upgrade(f"sqlite:///{tmp_path}/store.db")
    store = Database(f"sqlite:///{tmp_path}/store.db")
    counted = DroppedColumns(store)
    counted.add("any", {f"a{at}": 1 for at in range(PATHS_MAX - 1)})
    counted.add("any", {f"b{at}": 1 for at in range(50)})
    counted.add("any", {"a0": 1, "c": 1})
    found = counted.all()["any"]
    assert len(found) == PATHS_MAX + 1
    assert (found["a0"], found[OTHERS], found.total()) == (2, 50, PATHS_MAX + 51)
    store.close()
