"""Other people's clients read every topic by the hub's registry alone: Confluent's deserialiser, and kcat."""

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from hub.codec import wire
from hub.codec.catalogue import catalogue, schema_id
from hub.topics.messages import MESSAGES
from sandbox.servers import kafka
from sandbox.servers.missing import Missing
from tests.contract.topics_full import Full, expected, full

pytestmark = [pytest.mark.slow, pytest.mark.kafka]

CLOUD_EVENT = {"ce_id", "ce_type", "ce_source", "ce_time", "ce_specversion"}

RECORD = schema_id("hub.record")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    """A broker of its own: the topics have their real names."""
    home = tmp_path_factory.mktemp("readers")
    try:
        cluster = kafka.start(home / "cluster")
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        with full(home, f"kafka://{cluster.bootstrap}") as one:
            yield one
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def messages(written: Full) -> dict[str, list[Message]]:
    """Every committed message by topic, as librdkafka reads it."""
    consumer = Consumer(
        {
            "bootstrap.servers": written.bootstrap,
            "group.id": "reader",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    places = [TopicPartition(t, p, 0) for t, count in written.hub.log.topics().items() for p in range(count)]
    consumer.assign(places)
    found: dict[str, list[Message]] = defaultdict(list)
    ends = 0
    while ends < len(places):
        message = consumer.poll(20)
        assert message is not None, "the broker has fallen silent"
        if message.error():
            ends += 1
        else:
            found[message.topic()].append(message)
    consumer.close()
    return found


def test_confluents_deserialiser_decodes_every_message_of_every_topic(
    written: Full, messages: dict[str, list[Message]]
) -> None:
    decode = AvroDeserializer(SchemaRegistryClient({"url": written.url}))
    for topic, carried in MESSAGES.items():
        assert bool(messages[topic]) == bool(carried), topic
        for message in messages[topic]:
            value = decode(message.value(), SerializationContext(topic, MessageField.VALUE))
            assert value == wire.decode(message.value())[1]


def test_every_message_is_as_declared(messages: dict[str, list[Message]]) -> None:
    """Its schema, its CloudEvents type and its headers; and every schema that is declared for a topic is there."""
    for topic, carried in MESSAGES.items():
        declared = {one.schema: one for one in carried}
        found = set()
        for message in messages[topic]:
            name = catalogue().by_id(wire.decode(message.value())[0]).name
            found.add(name)
            headers = dict(message.headers() or [])
            always = CLOUD_EVENT if declared[name].types else set()
            assert always <= headers.keys() <= always | set(declared[name].headers), (topic, name)
            assert not always or headers["ce_type"].decode() in declared[name].types
        assert found == expected(topic), topic


def test_the_clients_other_questions_are_answered(written: Full) -> None:
    client = SchemaRegistryClient({"url": written.url})
    schema = client.get_schema(RECORD)
    found = client.lookup_schema("cn.onecert.hub.Record", schema)
    assert (found.schema_id, found.version) == (RECORD, 1)
    assert client.get_latest_version("licence.business.verified-value").schema_id == RECORD
    assert client.register_schema("cn.onecert.hub.Record", schema) == RECORD
    assert client.get_compatibility("cn.onecert.hub.Record") == "FULL_TRANSITIVE"
    assert client.test_compatibility("cn.onecert.hub.Record", schema)
    assert [one.subject for one in client.get_schema_versions(3)] == ["cn.onecert.hub.Cursor", "hub.cursors-value"]
    assert "hub.cursors-value" in client.get_subjects()


@pytest.mark.skipif(not shutil.which("kcat"), reason="kcat is missing: apt-get install -y kcat")
def test_kcat_shows_the_cloudevents_headers(written: Full, messages: dict[str, list[Message]]) -> None:
    topic = "licence.business.verified"
    command = ["kcat", "-b", written.bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%h\n"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()
    assert len(lines) == len(messages[topic])
    for line in lines:
        headers: dict[str, Any] = dict(entry.partition("=")[::2] for entry in line.split(","))
        assert headers.keys() >= CLOUD_EVENT
        assert headers["ce_type"] == f"cn.onecert.{topic}"


def test_nothing_but_the_schemas_is_open(written: Full) -> None:
    assert httpx.get(f"{written.url}/subjects").status_code == 200
    assert httpx.get(f"{written.url}/applications").status_code == 401
