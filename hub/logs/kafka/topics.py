"""Topics on a broker: creates the declared ones, and compares those that exist with the declarations."""

from collections.abc import Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient, errors
from kafka.admin import ConfigResource, ConfigResourceType

from hub.errors import Misconfigured, Unavailable
from hub.ports import Difference, TopicSpec
from hub.settings import KafkaSettings

# The port's promises for every topic: records are never deleted by age, have their producer's timestamps, and an
# acknowledged record is not lost in a leader election.
PROMISED = {"retention.ms": "-1", "message.timestamp.type": "CreateTime", "unclean.leader.election.enable": "false"}
_AT_LEAST = ("max.message.bytes",)
_CREATE_MS = 10_000


def configs_of(spec: TopicSpec, kafka: KafkaSettings) -> dict[str, str]:
    """The configuration of a topic on the broker: Kafka's config name → value."""
    return {
        **PROMISED,
        "cleanup.policy": "compact" if spec.compacted else "delete",
        **spec.configs,
        "min.insync.replicas": str(kafka.min_insync_replicas),
    }


def create(admin: KafkaAdminClient, specs: Sequence[TopicSpec], kafka: KafkaSettings) -> None:
    """Create topics and wait until the broker knows them. A topic that exists meanwhile is left as it is.

    Raises ``Misconfigured`` when the broker refuses one (nodes, grants, policy), ``Unavailable`` for any other error.
    """
    wanted = {
        spec.name: {
            "num_partitions": spec.partitions,
            "replication_factor": kafka.replication,
            "configs": configs_of(spec, kafka),
        }
        for spec in specs
    }
    outcome = admin.create_topics(wanted, timeout_ms=_CREATE_MS, raise_errors=False)
    for topic in outcome["topics"]:
        _check(topic, kafka)
    admin.wait_for_topics(list(wanted))


def _check(topic: Mapping[str, Any], kafka: KafkaSettings) -> None:
    error = errors.for_code(topic["error_code"])
    if error in (errors.NoError, errors.TopicAlreadyExistsError):
        return
    if error is errors.InvalidReplicationFactorError:
        raise Misconfigured(
            f"the broker has too few nodes for {kafka.replication} copies of a topic",
            "start the other nodes; for a single node set kafka.replication and kafka.min_insync_replicas to 1",
        )
    if issubclass(error, errors.AuthorizationError):
        raise Misconfigured(
            f"topic {topic['name']} is missing, and the hub may not create it",
            "run `hub topics apply` with an administrator's credentials",
        )
    if error in (errors.InvalidConfigurationError, errors.PolicyViolationError):
        raise Misconfigured(
            f"the broker refuses topic {topic['name']}: {topic['error_message']}",
            "change its policy so that it allows what hub/topics/topics.toml declares",
        )
    raise Unavailable(f"topic {topic['name']} could not be created ({error.__name__})")


def differences(admin: KafkaAdminClient, specs: Sequence[TopicSpec], kafka: KafkaSettings) -> list[Difference]:
    """How the topics that exist differ from ``specs`` in copies and configuration. Missing topics are left out.

    Raises ``Misconfigured`` when the hub may not read the configuration.
    """
    copies = {
        topic["name"]: min(len(one["replica_nodes"]) for one in topic["partitions"])
        for topic in admin.describe_topics()
    }
    there = [spec for spec in specs if spec.name in copies]
    configs = _configs(admin, {spec.name: configs_of(spec, kafka) for spec in there})
    compared = [
        Difference(spec.name, what, found, wanted)
        for spec in there
        for what, found, wanted in (
            ("replication", str(copies[spec.name]), str(kafka.replication)),
            *((name, configs[spec.name][name], wanted) for name, wanted in configs_of(spec, kafka).items()),
        )
    ]
    return [one for one in compared if not _fits(one)]


def _fits(one: Difference) -> bool:
    return one.found == one.wanted or (one.what in _AT_LEAST and int(one.found) >= int(one.wanted))


def _configs(admin: KafkaAdminClient, wanted: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Topic → config name → the value in force."""
    if not wanted:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic, list(names)) for topic, names in wanted.items()]
    answer = admin.describe_configs(resources, config_filter="all")["topic"]
    if refused := [topic for topic, names in wanted.items() if not names.keys() <= answer.get(topic, {}).keys()]:
        raise Misconfigured(
            f"the hub may not read the configuration of {refused[0]}", "grant it: `hub topics apply --acls`"
        )
    return {topic: {name: str(one["value"]) for name, one in answer[topic].items()} for topic in wanted}
