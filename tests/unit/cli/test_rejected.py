"""``hub rejected``: what is still open, with all its reasons; a name that means nothing is an error."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import Hub
from hub.cli import cli
from hub.pipeline.redrive import Filter, Redrive
from hub.ports import Outgoing, SourceRow
from tests import samples
from tests.feeding import flow

KIND, NAME = "licence.property-title", "property_title"
TOPIC = f"{KIND}.rejected"
BAD = {"status": "UNKNOWN"}


def receive(hub: Hub, key: str, version: int = 1, **changes: Any) -> None:
    """A row as ingest puts it on its topic; then verify and project."""
    record = samples.title(key) | changes
    record["source"] = record["source"] | {"version": version}
    row = SourceRow(key, version, b"raw", record)
    (sealed,) = hub.sealer.seal_page(samples.Info(NAME, KIND), [row], hub.clock.now_ms())
    headers = (("ce_id", sealed.record_id.hex().encode()), ("ce_source", f"/sources/{NAME}".encode()))
    place = (f"{KIND}.received", 0, sealed.entity_id, sealed.value, headers, hub.clock.now_ms())
    hub.log.writer("test").commit([Outgoing(*place)])
    flow(hub)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["rejected", *arguments])


def listed(*arguments: str) -> list[dict[str, Any]]:
    done = run("list", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_rejection_that_a_later_version_settled_is_not_open_any_more(hub: Hub) -> None:
    """P1: what is listed is what a person has to do, and nothing of it is missing."""
    receive(hub, "a", **BAD)
    receive(hub, "b", **BAD)
    assert len(listed()) == 2
    receive(hub, "a", version=2)
    (left,) = listed()
    assert left["offset"] == 1
    receive(hub, "b", version=2, **BAD)
    assert [one["offset"] for one in listed()] == [2]


def test_a_record_that_was_rejected_again_is_listed_once(hub: Hub) -> None:
    receive(hub, "a", **BAD)
    Redrive(hub.log, hub.store, hub.clock, 5).run(Filter(), False, lambda _: None)
    flow(hub)
    (left,) = listed()
    assert (left["offset"], left["attempt"]) == (1, 2)
    assert json.loads(run("redrive", "--dry-run", "--json").stdout)["sent"] == 1


def test_a_rejection_that_the_tables_do_not_have_yet_is_open(hub: Hub) -> None:
    headers = [("ce_id", b"00" * 16), ("hub_reasons", b'[{"code": "EXPIRED", "field": "x"}]')]
    hub.log.writer("test").commit([Outgoing(TOPIC, 0, b"k", b"", headers, 0)])
    assert [one["reasons"] for one in listed()] == [[{"code": "EXPIRED", "field": "x"}]]


@pytest.mark.parametrize("header", [b"[not JSON", b"7", b"[7]", b'[{"code": 1}]', b"null"])
def test_a_header_that_another_program_wrote_does_not_stop_the_list(hub: Hub, header: bytes) -> None:
    receive(hub, "a", **BAD)
    hub.log.writer("test").commit([Outgoing(TOPIC, 0, b"k", b"", [("ce_id", b"x"), ("hub_reasons", header)], 0)])
    assert [bool(one["reasons"]) for one in listed()] == [True, False]
    assert run("list").exit_code == 0
    assert run("show", f"{TOPIC}/0/1").exit_code == 0


def test_all_reasons_are_listed_and_told_and_nothing_is_markup(hub: Hub) -> None:
    reasons = [{"code": "EXPIRED", "field": "[/red]x"}, {"code": "NOT_PUBLISHED", "field": "y"}] + [
        {"code": "SHAPE_MISSING", "field": f"holders.{n}.name"} for n in range(20)
    ]
    headers = [("ce_id", b"00" * 16), ("hub_reasons", json.dumps(reasons).encode())]
    hub.log.writer("test").commit([Outgoing(TOPIC, 0, b"k", b"", headers, 1_700_000_000_000)])
    told = run("list").output
    for reason in reasons:
        assert reason["field"] in told
    assert "2023-11-15 06:13:20" in told and "time (China)" in told
    assert "22:13:20" not in told
    assert "2023-11-15 06:13:20 China time" in run("show", f"{TOPIC}/0/0").output


def test_times_are_given_in_china_s_time_unless_they_say_otherwise(hub: Hub) -> None:
    headers = [("ce_id", b"00" * 16), ("hub_reasons", b"[]")]
    hub.log.writer("test").commit([Outgoing(TOPIC, 0, b"k", b"", headers, 1_700_000_000_000)])
    assert len(listed("--since", "2023-11-15T06:13:20")) == 1
    assert len(listed("--since", "2023-11-15T06:13:21")) == 0
    assert len(listed("--since", "2023-11-14T22:13:20Z")) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--source", "property_titel"), "no source 'property_titel'; there are outside, property_title"),
        (("--kind", "busines"), "no kind 'busines'; there are"),
        (("--code", "EXPIERD"), "no reason code 'EXPIERD'"),
        (("--id", "12"), "no record id"),
        (("--since", "soon"), "soon"),
    ],
)
@pytest.mark.parametrize("verb", [("list",), ("redrive", "--dry-run")], ids=" ".join)
def test_a_name_that_is_misspelt_is_an_error(
    hub: Hub, verb: tuple[str, ...], arguments: tuple[str, ...], told: str
) -> None:
    receive(hub, "a", **BAD)
    done = run(*verb, *arguments)
    assert done.exit_code == 2
    assert told in done.output


def test_a_source_that_brought_records_before_is_known(hub: Hub) -> None:
    receive(hub, "a", **BAD)
    assert len(listed("--source", NAME)) == 1
    assert listed("--source", "outside") == []


def test_a_record_that_is_not_rejected_is_not_shown_as_rejected(hub: Hub) -> None:
    receive(hub, "a")
    refused = run("show", f"{KIND}.verified/0/0")
    assert refused.exit_code == 2
    assert "no topic of rejected records" in refused.output
    assert TOPIC in refused.output


def test_without_a_terminal_nothing_but_the_result_is_written(hub: Hub) -> None:
    receive(hub, "a", **BAD)
    done = run("redrive", "--dry-run", "--json")
    assert json.loads(done.stdout)["sent"] == 1
    assert done.stderr == ""
