"""The utility's system plays cases over three ways, in their order or with what goes wrong on demand."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import Misconfigured
from sandbox.steps import tables
from sandbox.steps.plans import NULL, PLANS, WRONG, Case, moments, rows
from sandbox.steps.server import Player
from sandbox.steps.signer import CallSigner

CASE = Case({"externalAppNo": "7K3M9QPDX2V4TW", "appNo": "A1"}, "starred", datetime(2026, 3, 2, tzinfo=UTC), 60)


def test_a_case_is_told_in_its_order_each_event_once() -> None:
    told = moments(CASE)
    assert [(one.step, one.kind) for one in told] == list(PLANS["starred"])
    assert len({one.event_id for one in told}) == len(told)
    assert [one.at for one in told] == sorted(one.at for one in told)
    last = next(one for one in told if one.step == "150").event(CASE)
    assert {"externalAppNo", "appNo", "meterBarcode", "firstReading"} <= last.keys()
    assert "customerRequestedAt" in next(one for one in told if one.step == "120").event(CASE)


def test_a_row_has_both_times_when_its_step_is_done() -> None:
    told = moments(CASE)
    running, done = rows(CASE, told[:1])[0], rows(CASE, told[:2])[0]
    assert running["acmp_time"] == NULL != done["acmp_time"]
    assert (running["step_id"], running["step_no"]) == (done["step_id"], "10")


@pytest.mark.parametrize("way", ["pull", "table"])
@pytest.mark.parametrize("listed", [False, True])
def test_a_case_that_was_stopped_in_the_middle_continues_there_and_says_what_is_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, listed: bool
) -> None:
    """The kill comes before the third moment is reported, or before it is counted."""
    player = Player(engine := tables.engine_of(f"sqlite:///{tmp_path}/steps.db"), CallSigner(1))
    wish = {"appNo": "A1", "plan": "short", "way": way, "once": True}
    report, told = player._report, []

    def killed(case: Case, moments: Any, place: int, wish: Any) -> None:
        if place != 2 or listed:
            report(case, moments, place, wish)
        told.append(place)
        if place == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(player, "_report", killed)
        player.play(wish)
    assert (told, tables.reported(engine)) == ([0, 1, 2], {way: 2})
    assert player.play(wish) == {"reported": 3}
    assert (tables.reported(engine), tables.doubted(engine)) == ({way: 5}, 1)
    if way == "pull":
        assert len(tables.page(engine, 0, 100)["items"]) == 5 + listed


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_goes_wrong_is_reported_otherwise(name: str) -> None:
    told = moments(CASE)
    assert WRONG[name](list(told)) != told


def test_the_list_and_the_table_have_what_was_played(tmp_path: Path) -> None:
    engine = tables.engine_of(f"sqlite:///{tmp_path}/steps.db")
    player = Player(engine, CallSigner(1))
    wish: dict[str, Any] = {"appNo": "A1", "plan": "short"}
    assert player.play(wish | {"way": "pull"}) == {"reported": len(PLANS["short"])}
    player.play(wish | {"way": "table"})
    first = tables.page(engine, 0, 2)
    rest = tables.page(engine, int(first["next"]), 100)
    assert (len(first["items"]), first["more"], rest["more"]) == (2, True, False)
    assert len(first["items"]) + len(rest["items"]) == len(PLANS["short"])
    assert tables.reported(engine) == {"pull": len(PLANS["short"]), "table": len(PLANS["short"])}
    wish |= {"appNo": "A2", "once": True}
    assert [player.play(wish | {"way": way})["reported"] for way in ("pull", "table", "pull")] == [5, 5, 0]
    with pytest.raises(Misconfigured, match="no way"):
        player.play(wish | {"way": "fax"})
