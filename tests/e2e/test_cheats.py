"""The ways to cheat the clock, or to ask for more, each carried out on a running hub through what its people can reach.
Each is refused or flagged, is on a topic, and is among the auditor's findings under its class, with what shows it (P4,
P6)."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from hub.audit.findings.classes import Class
from hub.cases.steps.judge import Why
from hub.topics.declared import ACCESS_EVENTS, CONNECTION_EVENTS
from tests.e2e.cheating import Cheated, Json, audited, cheated_hub, command, day_after
from tests.e2e.cheats import STEPS
from tests.e2e.plays import PLAYS

CHEATS = (*STEPS, *PLAYS)


class Left(NamedTuple):
    """What all the cheats left. ``claims``: application → what its clock shows as claims. ``records``: of steps, on
    their topic; ``refusals``: (application or "", code) of those that are on a topic."""

    cheated: list[Cheated]
    segments: list[Json]
    findings: list[Json]
    claims: dict[str, list[Json]]
    applications: set[str]
    records: set[str]
    refusals: set[tuple[str, str]]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    home = tmp_path_factory.mktemp("cheated")
    with cheated_hub(home) as world:
        cheated = world.play([one.play(world) for one in CHEATS])
        shown = [one["application_id"] for one in world.listed()]
        claims = {one: world.get(f"/applications/{one}/clock", "channel").json()["claims"] for one in shown}
    segments, findings = audited(home, world.files, day_after(world.clock))
    records = {one["headers"]["ce_id"] for one in command(home, "replay", "utility.step.verified")}
    events = [one["value"] for topic in (CONNECTION_EVENTS, ACCESS_EVENTS) for one in command(home, "replay", topic)]
    refusals = {(one.get("case_id", ""), one.get("code", "")) for one in events}
    yield Left(cheated, segments, findings, claims, set(shown), records, refusals)


@pytest.mark.parametrize("place", range(len(CHEATS)), ids=[one.how for one in CHEATS])
def test_p4_p6_a_cheat_is_refused_or_flagged_and_recorded_and_found_under_its_class(left: Left, place: int) -> None:
    cheat, cheated = CHEATS[place], left.cheated[place]
    of_it = [one for one in left.findings if one["application_id"] in (cheated.case_id, "")]
    found = [one for one in of_it if one["code"] == cheat.code and one["class"] == cheat.of.value]
    shown = [{event["ref"] for event in one["shown_by"]} for one in found]
    assert any(refs and refs >= set(cheated.refs) for refs in shown), (cheated, sorted(one["code"] for one in of_it))
    steps = {one for one in cheated.refs if one in left.records}
    assert steps == {one for one in cheated.refs if not one.startswith("line") and one not in left.applications}
    assert steps <= {event["record_id"] for one in left.segments for event in one["events"]}
    if cheat.code in list(Why):
        claims = [one["record_id"] for one in left.claims[cheated.case_id] if one["why"] == cheat.code]
        assert steps & set(claims) or (not cheated.refs and claims), left.claims[cheated.case_id]
    if cheated.refused and cheat.code not in list(Why):
        assert (cheated.case_id, cheated.refused) in left.refusals


def test_every_class_has_its_ways_and_there_are_more_than_twenty() -> None:
    assert {one.of for one in CHEATS} == set(Class)
    assert len({one.code for one in CHEATS}) > 20
