"""``hub doctor`` finds what is wrong with a log, says how to mend it, and is quiet about what is none of ours."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from hub.cli import cli
from hub.clock import SystemClock
from hub.errors import Misconfigured
from hub.logs import open_log
from hub.logs.kafka import topics as kafka_topics
from hub.ports import TopicSpec
from hub.privacy.tables import VAULT
from hub.settings import KafkaSettings
from hub.stores.migrate import STORE
from hub.topics.declared import declared
from sandbox.servers import kafka
from sandbox.servers.missing import Missing

TOPIC = "licence.business.received"


def run(home: Path, url: str, *arguments: str, **environ: str) -> str:
    for name in ("store", "vault"):
        environ[f"HUB_{name.upper()}_URL"] = f"sqlite:///{home}/{name}.db"
    environ |= {"HUB_LOG_URL": url, "HUB_MASTER_KEY_FILE": str(home / "key")}
    return CliRunner().invoke(cli, list(arguments), env=environ, catch_exceptions=False).stdout


def findings(home: Path, url: str, **environ: str) -> dict[str, list[dict[str, Any]]]:
    told = map(json.loads, run(home, url, "doctor", "--json", **environ).splitlines())
    found: dict[str, list[dict[str, Any]]] = {}
    for one in told:
        found.setdefault(one["what"], []).append(one)
    return found


def test_the_embedded_log_has_neither_copies_nor_grants(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    assert "not made yet" in findings(tmp_path, url)["log"][0]["detail"]
    run(tmp_path, url, "topics", "apply")
    found = findings(tmp_path, url)
    assert [(one["sound"], one["detail"]) for one in found["topics"]] == [
        (True, f"{len(declared(1))} as declared, 1 partition each")
    ]
    assert "grants" not in found


def test_both_databases_are_told_with_their_revision_and_the_look_changes_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    for name in ("store", "vault"):
        (tmp_path / f"{name}.db").touch()
    (tmp_path / "key").write_bytes(bytes(32))
    for _ in range(2):
        before = findings(tmp_path, url)
        for name in ("store", "vault"):
            (one,) = before[name]
            assert not one["sound"]
            assert one["detail"].startswith(f"the {name} is at revision None, this hub needs 0")
    run(tmp_path, url, "rejected", "redrive")  # any command that writes migrates them
    after = findings(tmp_path, url)
    assert [after[name][0]["sound"] for name in ("store", "vault")] == [True, True]
    assert f"revision {STORE.head()}" in after["store"][0]["detail"]
    assert f"revision {VAULT.head()}, master key opens it" in after["vault"][0]["detail"]


def test_a_dead_broker_is_one_finding_in_seconds(tmp_path: Path) -> None:
    began_s = time.monotonic()
    found = findings(tmp_path, "kafka://127.0.0.1:1")
    assert time.monotonic() - began_s < 10
    assert not found["log"][0]["sound"]
    assert "topics" not in found
    assert "grants" not in found


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of this module's own, with every topic as declared and one that is not the hub's."""
    home = tmp_path_factory.mktemp("doctor")
    try:
        cluster = kafka.start(home / "cluster")
    except Missing as missing:
        pytest.skip(str(missing))
    log = open_log(cluster.log_url, SystemClock())
    log.create([*declared(1), TopicSpec("somebody.elses", 3, configs={"retention.ms": "1000"})])
    log.close()
    yield cluster.log_url
    cluster.stop()


@pytest.fixture
def admin(broker: str) -> Iterator[Any]:
    client = KafkaAdminClient(bootstrap_servers=urlsplit(broker).netloc)
    yield client
    client.close()


@pytest.mark.kafka
@pytest.mark.slow
def test_a_broker_as_declared_is_sound_whoever_else_is_on_it(broker: str, tmp_path: Path) -> None:
    found = findings(tmp_path, broker)
    assert [one["detail"] for one in found["topics"]] == [f"{len(declared(1))} as declared, 1 partition each"]
    assert "no authorizer" in found["grants"][0]["detail"]
    assert "somebody.elses" not in json.dumps(found)
    assert "left as it is" not in run(tmp_path, broker, "topics", "apply")


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "wrong", "right"),
    [
        ("min.insync.replicas", "2", "1"),
        ("retention.ms", "604800000", "-1"),
        ("retention.bytes", "1000000", "-1"),
        ("message.timestamp.type", "LogAppendTime", "CreateTime"),
        ("unclean.leader.election.enable", "true", "false"),
        ("cleanup.policy", "compact", "delete"),
        ("max.message.bytes", "1000", "1048588"),
    ],
)
def test_a_topic_that_is_configured_otherwise_is_found(
    broker: str, admin: Any, tmp_path: Path, config: str, wrong: str, right: str
) -> None:
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC, {config: wrong})])
    try:
        (finding,) = _until_bad(tmp_path, broker)
        assert finding["detail"] == f"{config} is {wrong}, not {right}: {TOPIC}"
        assert f"{config}={right}" in finding["remedy"]
        assert f"left as it is: {TOPIC} has {config} {wrong}, not {right}" in run(tmp_path, broker, "topics", "apply")
        assert f"{config} {wrong}, not {right}" in run(tmp_path, broker, "topics", "list", "--json")
    finally:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC, {config: right})])


def _until_bad(home: Path, url: str) -> list[dict[str, Any]]:
    """A broker shows a changed configuration a moment later."""
    deadline_s = time.monotonic() + 10
    while (found := findings(home, url)["topics"])[0]["sound"] and time.monotonic() < deadline_s:
        time.sleep(0.1)
    return found


@pytest.mark.kafka
@pytest.mark.slow
def test_fewer_copies_than_set_are_found_once_for_all_topics(broker: str, tmp_path: Path) -> None:
    url = broker.replace("replication=1", "replication=3")
    (finding,) = findings(tmp_path, url)["topics"]
    assert finding["detail"].startswith("replication is 1, not 3: ")
    assert finding["detail"].endswith(f"and {len(declared(1)) - 3} more")
    assert "kafka.replication" in finding["remedy"]


@pytest.mark.kafka
@pytest.mark.slow
def test_p2_unequal_partitions_are_found(broker: str, admin: Any, tmp_path: Path) -> None:
    admin.create_partitions({"lookup.requests": 2})
    (finding,) = _until_bad(tmp_path, broker)
    assert finding["detail"] == "partitions is 2, not 1: lookup.requests"
    admin.delete_topics(["lookup.requests"])
    found = findings(tmp_path, broker)["topics"]
    assert found[0]["detail"] == "1 topics are missing: lookup.requests"
    assert "`hub topics apply`" in found[0]["remedy"]
    told = run(tmp_path, broker, "topics", "apply")
    assert told == "1 topics created\n  lookup.requests\n"


@pytest.mark.kafka
@pytest.mark.slow
def test_p1_a_single_node_is_used_only_when_the_settings_say_so(broker: str) -> None:
    log = open_log(broker.partition("?")[0], SystemClock())
    with pytest.raises(Misconfigured, match=r"too few nodes for 3 copies.*kafka\.replication"):
        log.create([TopicSpec("three.copies", 1)])
    log.close()


@pytest.mark.kafka
@pytest.mark.slow
def test_a_topic_that_another_hub_made_meanwhile_is_as_good(broker: str, admin: Any) -> None:
    alone = KafkaSettings(replication=1, min_insync_replicas=1)
    for _ in range(2):
        kafka_topics.create(admin, [TopicSpec("at-once", 2)], alone)
    log = open_log(broker, SystemClock())
    assert log.topics()["at-once"] == 2
    log.close()


def test_a_sink_whose_system_fetches_and_has_no_token_is_told(tmp_path: Path) -> None:
    url, there = f"sqlite:///{tmp_path}/log.db", {"HUB_CONNECTORS__UTILITY_PULL__RATE_PER_S": "50"}
    run(tmp_path, url, "client", "create", "utility", **there)
    (told,) = findings(tmp_path, url, **there)["callers"]
    assert told["sound"] and "--scope deliveries:utility_pull" in told["remedy"]
    run(tmp_path, url, "token", "create", "--client", "utility", "--scope", "deliveries:utility_pull", **there)
    assert "callers" not in findings(tmp_path, url, **there)


def test_a_token_that_ends_soon_is_told_with_the_remedy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    run(tmp_path, url, "client", "create", "prometheus")
    run(tmp_path, url, "token", "create", "--client", "prometheus", "--scope", "metrics")
    assert "callers" not in findings(tmp_path, url)
    made = run(tmp_path, url, "token", "create", "--client", "prometheus", "--scope", "cases", "--days", "9", "--json")
    (told,) = findings(tmp_path, url)["callers"]
    assert told["sound"] and told["remedy"] == f"`hub token rotate {json.loads(made)['id']}`"


def test_a_policy_whose_end_is_past_without_another_is_told(tmp_path: Path) -> None:
    told = findings(tmp_path, f"sqlite:///{tmp_path}/log.db")["policy"]
    assert [(one["sound"], "its end is past" in one["detail"], bool(one["remedy"])) for one in told] == [(True,) * 3]
