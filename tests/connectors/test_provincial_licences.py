"""The provincial platform by the connector as it is shipped, against the sandbox's platform: a list, then one licence
for each auth code; tokens and codes that run out; English names and holders joined by commas."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import connectors.provincial_licences as package
from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.context import Context
from hub.connect.declared.rows import row_of
from hub.connect.declared.samples import declared_sample
from hub.connect.folder import of_package
from hub.connect.host import registry
from hub.connect.host.guard import GuardedSource, Health
from hub.connect.rest.pageproof import check_row_proof
from hub.errors import Misconfigured, RecordRejected, Unavailable
from hub.ports import LookupQuery, SourceRow
from hub.records.kinds import KINDS
from hub.records.shape import check_shape
from sandbox import launch
from sandbox.launch import Running
from sandbox.platform.licences import Licences
from sandbox.world.world import World, WorldSpec
from tests.grants import granted

NAME, KIND = "provincial_licences", "licence.property-title"
FOLDER = Path(package.__file__).parent
SPEC = WorldSpec(5, 200)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with launch.start(SPEC.seed, SPEC.size, tmp_path_factory.mktemp("platform"), systems=(NAME,)) as running:
        yield running


@pytest.fixture
def source(world: Running) -> Iterator[GuardedSource]:
    source = opened(world)
    yield source
    source.close()
    world.clear(NAME)


def opened(world: Running, **more: Any) -> GuardedSource:
    return registry.open_source(NAME, world.connectors()[NAME] | more, SystemClock(), grant=granted(NAME))


def query(position: int, **changes: Any) -> LookupQuery:
    owner = World(SPEC).titles.owners(position)[0]
    by = "resident-id" if owner.kind == "1" else "uscc"
    usual = {"service_item": "SI-1", "business_number": "B-1"}
    return LookupQuery(by, owner.number, "connection-application", "consent", **(usual | changes))


def mapped(sample: Any) -> SourceRow:
    folder = of_package(f"connectors.{NAME}")
    context = Context(folder.info, folder.info.limits, SystemClock(), folder)
    return row_of(context, declared_sample(folder, dict(sample)), b"raw", b"proof")


def calls(world: Running) -> int:
    found: int = world.control(NAME, "calls")["total"]
    return found


def test_the_package_describes_itself_and_its_samples_map_as_expected() -> None:
    assert kit.check_package(f"connectors.{NAME}").kind == KIND
    assert kit.check_samples(FOLDER / "samples", KIND, mapped) >= 3


def test_a_bad_column_stops_no_neighbour() -> None:
    kit.check_isolation(mapped, json.loads((FOLDER / "samples" / "two-holders.json").read_text("utf-8")))


@pytest.mark.parametrize("choose", [lambda one: "," in one, lambda one: "，" in one, lambda one: "," not in one])
def test_a_look_up_in_two_steps_finds_what_the_holder_has(
    world: Running, source: GuardedSource, choose: Callable[[str], bool]
) -> None:
    """P4: a licence of the trust level A keeps the proof of its signature."""
    copy = Licences(World(SPEC))
    place = next(n for n in range(SPEC.size) if choose(copy.record(n)["holder_names"]) and copy.of(query(n).value))
    page = source.look_up(query(place))
    assert {row.key for row in page.rows} == {copy.key(one) for one in copy.of(query(place).value)}
    trusted = registry.trusted_keys(NAME, world.connectors()[NAME])
    for row in page.rows:
        assert row.record is not None, row.faults
        assert not check_shape(KIND, KINDS[KIND].complete(row.record))
        assert check_row_proof(row.raw, row.proof, trusted) == "valid"
        level = json.loads(row.raw)["trust_level"]
        assert row.record["assurance"] == ("SIGNED_RESPONSE" if level == "A" else "CHANNEL_ONLY")
        names = World(SPEC).titles.owners(next(n for n in range(SPEC.size) if copy.key(n) == row.key))
        assert [one["name"] for one in row.record["holders"]] == [one.name for one in names]
    kit.check_rows(page.rows, source.context.info)


def test_it_is_refused_without_purpose_and_before_a_call_without_what_binds_the_answer(
    world: Running, source: GuardedSource
) -> None:
    """P3."""
    source.look_up(query(3))
    before = calls(world)
    for changes in ({"service_item": ""}, {"business_number": " "}):
        with pytest.raises(RecordRejected, match="LOOKUP_INCOMPLETE"):
            source.look_up(query(3, **changes))
    assert calls(world) == before
    kit.check_look_up(source, source.context.info, query(3), lambda record: record["unit"]["title_no"] != "")


def test_a_holder_without_licences_is_an_empty_answer(source: GuardedSource) -> None:
    assert source.look_up(LookupQuery("uscc", "91110000600037341L", "connection-application", "b", "S", "B")).rows == []


def test_one_token_serves_many_questions_and_one_that_has_run_out_is_fetched_again(
    world: Running, source: GuardedSource
) -> None:
    source.look_up(query(3))
    before = world.control(NAME, "calls")["calls"]
    source.look_up(query(4))
    tokens = {name: count for name, count in world.control(NAME, "calls")["calls"].items() if "token" in name}
    assert tokens == {name: count for name, count in before.items() if "token" in name}
    world.restart(NAME)
    assert source.look_up(query(3)).rows, "the platform forgot the token: 401, once"


def test_p3_each_call_of_a_question_counts_in_the_quota(world: Running) -> None:
    """A look-up in two steps is as many calls as the platform sees; one beyond the quota is not made."""
    source = opened(world, calls_a_day=3)
    before = calls(world)
    assert len(source.look_up(query(0)).rows) == 1, "a list and a licence"
    assert source.health().quota_left == 1
    with pytest.raises(Unavailable, match="quota"):
        source.look_up(query(0))
    assert calls(world) - before == 4, "a token, two calls, a list"
    assert source.health() == Health("CLOSED", 0)


@pytest.mark.parametrize("fault", ["expired_token", "expired_code", "busy", "unavailable", "drop_after_commit"])
def test_what_passes_with_time_is_unavailable_and_told(world: Running, source: GuardedSource, fault: str) -> None:
    world.fault(NAME, fault)
    with pytest.raises(Unavailable):
        source.look_up(query(3))
    world.clear(NAME)
    assert opened(world).look_up(query(3)).rows


def test_auth_codes_that_run_out_once_cost_a_second_list(world: Running, source: GuardedSource) -> None:
    world.fault(NAME, "expired_code", share=0.5)
    found = 0
    for _ in range(8):
        try:
            found += bool(source.look_up(query(3)).rows)
        except Unavailable:
            continue
    assert found >= 4


def test_a_signature_that_is_not_valid_is_never_used(world: Running, source: GuardedSource) -> None:
    """P4."""
    world.fault(NAME, "bad_signature")
    with pytest.raises(Unavailable, match="signature"):
        source.look_up(query(3))


def test_a_wrong_secret_is_for_the_operator_and_is_not_told(world: Running) -> None:
    with pytest.raises(Misconfigured, match="credentials") as told:
        opened(world, client_secret="wrong-secret-value").look_up(query(3))
    assert "wrong-secret-value" not in str(told.value)
