"""``hub application story``: the whole story of one application from all topics, in the order in which it happened."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import Hub, open_hub
from hub.cases.by import By
from hub.cli import cli
from sandbox import launch
from sandbox.launch import Running
from tests.feeding import PATIENCE_S, connectors, settings

STAGES = ("lookup", "verify", "project", "due", "relay", "deliver.utility_crm")
BY = By("cli:test")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with launch.start(9, 60, tmp_path_factory.mktemp("world"), defect_share=0.0) as running:
        yield running


@pytest.fixture
def hub(sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    given = settings(tmp_path, connectors(sandbox, "business_licence", "property_title", "utility_crm"))
    lines = [f'{what}_url = "sqlite:///{tmp_path}/{what}.db"' for what in ("log", "store", "vault")]
    lines += ["partitions = 2", f'master_key_file = "{tmp_path}/master.key"']
    (tmp_path / "hub.toml").write_text("\n".join(lines), "utf-8")
    monkeypatch.setenv("HUB_CONFIG", str(tmp_path / "hub.toml"))
    hub = open_hub(given)
    yield hub
    hub.close()


def run(hub: Hub, done: Callable[[], bool], *names: str) -> None:
    """Step these stages until ``done``."""
    tasks = [hub.task(name)() for name in names]
    deadline = time.monotonic() + PATIENCE_S
    try:
        while not done():
            assert time.monotonic() < deadline, "it did not come to that in time"
            for task in tasks:
                task.step()
    finally:
        for task in tasks:
            task.close()


def submit(hub: Hub, number: str = "S-1", nth: int = 0) -> bytes:
    """An application of the nth enterprise that has a licence."""
    source = hub.connectors.open_source("business_licence")
    rows = [row.record for row in source.fetch(None).rows if row.record and row.record["status"] == "CURRENT"]
    licence = rows[nth]
    source.close()
    document = {
        "external_no": number,
        "channel": "counter",
        "applicant": {"uscc": licence["enterprise"]["uscc"]},
        "site": {"address": "天津市和平区南京路128号1号楼2单元301室"},
        "voltage": "LOW",
        "capacity_kw": 50,
        "customer_class": "NON_RESIDENT",
        "sanling": True,
        "purpose": "connection-application",
        "legal_basis": "action-plan-6",
    }
    return hub.applications().submit(document, BY).case_id


def pieces(hub: Hub, case_id: bytes) -> dict[str, str]:
    return {one["kind"]: one["state"] for one in hub.applications().show(case_id)["deliveries"]}


def story(*arguments: str) -> Result:
    done = CliRunner().invoke(cli, ["application", "story", *arguments])
    assert done.exit_code == 0, done.output
    return done


def whats(case_id: bytes) -> list[str]:
    return [json.loads(line)["what"] for line in story(case_id.hex(), "--json").stdout.splitlines()]


def test_the_whole_way_of_an_application_is_told_in_order(hub: Hub) -> None:
    case_id = submit(hub)
    other = submit(hub, "S-2", nth=1)
    assert whats(case_id) == ["connection.submitted"]
    run(hub, lambda: pieces(hub, case_id).get("licence.business") == "acknowledged", *STAGES)
    run(hub, lambda: False not in [json.loads(line)["published"] for line in lines(case_id)], "relay")
    told = [json.loads(line) for line in lines(case_id)]
    of_licence = [one["what"] for one in told if one["what"] not in ("connection.waiting", "lookup.requested")]
    assert of_licence[0] == "connection.submitted"
    in_order = [
        "connection.submitted", "licence.business.received", "lookup.answered", "licence.business.verified",
        "connection.matched",
    ]  # fmt: skip
    places = [of_licence.index(one) for one in in_order]
    assert places == sorted(places), of_licence
    assert of_licence.count("delivery.acknowledged") == 2
    topics = {one["topic"] for one in told}
    assert {"connection.events", "delivery.events", "lookup.requests", "lookup.received"} <= topics
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)
    numbers = [one["value"]["number"] for one in told if "number" in (one["value"] or {})]
    assert numbers == list(range(1, len(numbers) + 1))
    assert other.hex() not in json.dumps([one for one in told if one["topic"].endswith(".events")])


def lines(case_id: bytes) -> list[str]:
    return story(case_id.hex(), "--json").stdout.splitlines()


def test_p5_people_read_times_of_china_and_nothing_that_is_sealed_but_what_a_sink_said(hub: Hub) -> None:
    case_id = submit(hub)
    run(hub, lambda: pieces(hub, case_id)["registration"] == "acknowledged", *STAGES)
    told = story("--external-no", "S-1").stdout
    assert "time (China)" in told
    assert "S-1 (counter)" in told
    assert hub.applications().show(case_id)["deliveries"][0]["receipt"] in told
    assert "cli:test counter" in told
    for secret in ("南京路128号", json.loads(lines(case_id)[0])["value"]["sealed"][10:]):
        assert secret not in told or secret.endswith(" bytes")


def test_what_is_decided_and_not_on_its_topic_yet_is_told_once(hub: Hub) -> None:
    """P1: the database is the truth until the relay has published a decision."""
    case_id = submit(hub)
    (one,) = (json.loads(line) for line in lines(case_id))
    assert (one["published"], one["offset"]) == (False, None)
    run(hub, lambda: bool(json.loads(lines(case_id)[0])["published"]), "relay")
    assert whats(case_id) == ["connection.submitted"]
    hub.applications().hold(case_id, BY)
    assert whats(case_id) == ["connection.submitted", "delivery.held"]
    assert "not on its topic yet" in " ".join(story(case_id.hex()).stdout.split())


def test_an_application_that_there_is_not_has_no_story(hub: Hub) -> None:
    done = CliRunner().invoke(cli, ["application", "story", "0" * 32])
    assert done.exit_code == 1 and "NO_SUCH_APPLICATION" in done.stderr
    assert CliRunner().invoke(cli, ["application", "story"]).exit_code == 2
