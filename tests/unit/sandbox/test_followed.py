"""The demonstration shows a transfer with arrears line by line: the state after each, and both times."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from rich.console import Console

from hub.bootstrap import Hub
from sandbox.demo import followed
from tests.casework import House
from tests.transfers import Town, body, sinks


def test_p4_a_transfer_is_followed_through_its_states_with_both_times(tmp_path: Path) -> None:
    house = House(tmp_path, sinks=sinks())
    town = Town(house)
    (one,) = town.submit(body())

    def later(act: Any, *what: Any) -> None:
        house.clock.pass_s(600)
        act(*what)

    later(town.told, one, "ARREARS", 1)
    later(town.entered)
    later(town.told, one, "PAID")
    later(town.told, one, "APPLIED", 1)
    later(town.told, one, "DONE", 1)
    hub = cast(Hub, SimpleNamespace(transfers=lambda: town.service, store=house.store))
    lines = followed.follow(hub, [])
    states = list(dict.fromkeys(line.state for line in lines))
    assert states == ["checking", "arrears", "owing", "transferring", "applied", "done"]
    paid = next(nth for nth, line in enumerate(lines) if "欠费已结清" in line.what)
    assert [line.state for line in lines[paid : paid + 2]] == ["transferring"] * 2
    assert "过户提问" in lines[paid + 1].what, "it is asked for the transfer when the arrears are paid"
    assert all(line.happened_at and line.learned_at for line in lines)
    assert lines[paid].happened_at != lines[paid].learned_at
    out = Console(width=200, record=True)
    out.print(followed.table(lines))
    text = out.export_text()
    assert "发生" in text and "获知" in text
    house.close()


def test_p3_a_title_that_ended_is_shown_with_both_times_and_when_the_utility_was_told(tmp_path: Path) -> None:
    house = House(tmp_path, sinks=sinks())
    hub = cast(Hub, SimpleNamespace(transfers=lambda: Town(house).service, store=house.store))
    recall = {"reason": "NOT_CURRENT", "reason_zh": "失效", "reason_en": "Over.", "after_the_end": False}
    times = {"changed_at": None, "learned_at": "2026-03-02T01:00:00.000Z"}
    (line,) = followed.follow(hub, [{"story": "a tenant", "application_id": "00" * 16, "recalls": [recall | times]}])
    assert line == ("a tenant", "", "2026-03-02T01:00:00.000Z", "失效 Over.", "NOT_CURRENT")
    house.close()
