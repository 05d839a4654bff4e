"""The erase stage: once a day, by one hub."""

from pathlib import Path

from sqlalchemy import update

from hub.bootstrap import open_hub
from hub.pipeline.tables import erase_due
from hub.pipeline.unused import stage
from hub.settings import Settings
from tests.clocks import HandClock


def test_one_hub_takes_the_day_and_the_first_is_a_day_after_the_installation(tmp_path: Path) -> None:
    urls = {f"{name}_url": f"sqlite:///{tmp_path / name}.db" for name in ("log", "store", "vault")}
    clock = HandClock(look_s=0.1)
    hub = open_hub(Settings.model_validate({**urls, "master_key_file": tmp_path / "master.key"}), clock)
    first, second = stage.EraseStage(hub.parts), stage.EraseStage(hub.parts)
    assert not first._begins() and not first._begins()
    clock.pass_s(86_401)
    assert first._begins()
    assert not second._begins()
    while first._work is not None:
        first.step()
    clock.pass_s(7_200)
    assert not second._begins(), "the day is done"
    with hub.store.write() as connection:
        connection.execute(update(erase_due).values(next_ms=clock.process_ms()))
    clock.pass_s(61)
    assert second._begins()
    second.close()
    clock.pass_s(3_700)
    assert first._begins(), "what one hub left is taken by another within an hour"
    hub.close()
