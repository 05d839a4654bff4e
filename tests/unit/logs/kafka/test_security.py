"""A guarded broker: every way in works and refuses a stranger, and each role may do what acls.toml says and no more."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaAdminClient, KafkaProducer, errors
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
)
from pydantic import SecretStr

from hub.bootstrap import open_hub
from hub.cli import cli
from hub.clock import SystemClock
from hub.errors import HubError, Misconfigured
from hub.logs import open_admin, open_log
from hub.logs.kafka.admin import KafkaAdmin
from hub.logs.kafka.options import client_options
from hub.ports import Outgoing, RecordLog, TopicSpec
from hub.settings import KafkaSettings, Settings
from hub.topics.acls import granted
from hub.topics.declared import declared
from sandbox.servers import kafka
from sandbox.servers.kafka_secured import Secured
from sandbox.servers.missing import Missing
from tests.certificates import Authority

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

# Topics that no stage reads, so that a test may write what it likes.
SOURCE, TARGET = "audit.heads", "access.events"
VERIFIED = "licence.business.verified"
WAYS = ["PLAIN", "SCRAM-SHA-512", "OAUTHBEARER", "certificate"]
PASSWORDS = {name: f"{name}-secret" for name in ("admin", "hub", "auditor", "consumer")}
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Guarded:
    """A guarded broker, and ways to come to it."""

    folder: Path
    authority: Authority
    bootstrap: str
    certificate_port: int

    def settings(self, name: str, way: str = "SCRAM-SHA-512", wrong: bool = False, seconds: int = 3_600) -> Settings:
        """As ``name``, by that way; ``wrong``: with what does not prove it. A token is good for so many seconds."""
        common: dict[str, Any] = {"ca_file": self.authority.file, "replication": 1, "min_insync_replicas": 1}
        if way == "certificate":
            authority = Authority(self.folder, "stranger") if wrong else self.authority
            cert, key, _ = authority.issue(name, password="locked")
            mine = KafkaSettings(
                security_protocol="SSL", cert_file=cert, key_file=key, key_password=SecretStr("locked"), **common
            )
            return self._settings(f"kafka://127.0.0.1:{self.certificate_port}", mine)
        if way == "OAUTHBEARER":
            token = self.folder / f"{name}.token"
            token.write_text("nonsense" if wrong else unsigned_token(name, seconds))
            common["token_file"] = token
        else:
            common |= {"user": name, "password": SecretStr("wrong" if wrong else PASSWORDS[name])}
        mine = KafkaSettings.model_validate({"security_protocol": "SASL_SSL", "sasl_mechanism": way, **common})
        return self._settings(f"kafka://{self.bootstrap}", mine)

    def _settings(self, url: str, mine: KafkaSettings) -> Settings:
        home = self.folder / uuid4().hex
        home.mkdir()
        databases = {name: f"sqlite:///{home}/{name}.db" for name in ("store", "vault")}
        return Settings(
            log_url=url, store_url=databases["store"], vault_url=databases["vault"], master_key_file=home / "key",
            kafka=mine,
        )  # fmt: skip

    def log(self, name: str, way: str = "SCRAM-SHA-512", wrong: bool = False) -> RecordLog:
        settings = self.settings(name, way, wrong)
        return open_log(settings.log_url, SystemClock(), settings.kafka)

    def run(self, *arguments: str) -> Result:
        """A command of the administrator's."""
        kafka = self.settings("admin").kafka
        keys = {"security_protocol", "ca_file", "sasl_mechanism", "user", "replication", "min_insync_replicas"}
        environ = {f"HUB_KAFKA__{key.upper()}": str(getattr(kafka, key)) for key in keys}
        environ |= {"HUB_KAFKA__PASSWORD": PASSWORDS["admin"], "HUB_LOG_URL": f"kafka://{self.bootstrap}"}
        return CliRunner().invoke(cli, list(arguments), env=environ, catch_exceptions=False)


def unsigned_token(name: str, seconds: int) -> str:
    """A token as Kafka's stand-in for development takes it."""
    now_s = int(time.time())
    parts = ({"alg": "none"}, {"sub": name, "iat": now_s, "exp": now_s + seconds})
    encoded = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, ""))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority(folder)
    secured = Secured(authority.issue("broker")[2], authority.file, PASSWORDS, ["admin"])
    try:
        cluster = kafka.start(folder / "cluster", secured=secured)
    except Missing as missing:
        pytest.skip(str(missing))
    broker = Guarded(folder, authority, cluster.bootstrap, secured.certificate_port)
    told = broker.run("topics", "apply", "--acls").output
    assert f"{len(declared(1))} topics created" in told
    assert f"{len(granted({}))} grants added" in told
    yield broker
    cluster.stop()


def outgoing(topic: str, value: bytes) -> Outgoing:
    return Outgoing(topic, 0, b"k", value, [], 1_000)


@pytest.mark.parametrize("way", WAYS)
def test_p2_every_way_in_takes_a_record_along_its_path_in_one_transaction(guarded: Guarded, way: str) -> None:
    log = guarded.log("hub", way)
    value = uuid4().bytes
    log.writer("ingest.business_licence").commit([outgoing(SOURCE, value)])
    member = log.join("verify", [SOURCE], "hub-1.verify")
    found: list[Any] = []
    deadline_s = time.monotonic() + 30
    while value not in [one.value for one in found] and time.monotonic() < deadline_s:
        batches = member.poll(100, 1.0)
        found += [one for batch in batches for one in batch.records]
        member.commit([outgoing(TARGET, one.value) for batch in batches for one in batch.records])
    verified = [one.value for batch in log.scan(TARGET, 0) for one in batch.records]
    assert verified.count(value) == 1
    assert log.committed("verify")[SOURCE, 0] > 0
    member.close()
    log.close()


@pytest.mark.parametrize("way", WAYS)
def test_who_cannot_prove_his_name_is_told_so_in_seconds(guarded: Guarded, way: str) -> None:
    log = guarded.log("hub", way, wrong=True)
    for call in (log.topics, lambda: log.writer("relay"), lambda: log.bounds(SOURCE)):
        began_s = time.monotonic()
        with pytest.raises(Misconfigured) as error:
            call()
        assert time.monotonic() - began_s < PATIENCE_S
        assert "secret" not in str(error.value)
    log.close()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sasl_mechanism": "SCRAM-SHA-256"}, "SASL_SSL with SCRAM-SHA-256"),
        ({"ca_file": None}, "not to be trusted"),
        ({"security_protocol": "SSL", "sasl_mechanism": None}, "SSL with no credentials"),
    ],
)
def test_a_listener_that_speaks_otherwise_is_told(guarded: Guarded, changes: dict[str, Any], told: str) -> None:
    settings = guarded.settings("hub")
    log = open_log(settings.log_url, SystemClock(), settings.kafka.model_copy(update=changes))
    with pytest.raises(Misconfigured, match=told):
        log.topics()
    log.close()


def test_a_renewed_token_counts_without_a_restart(guarded: Guarded) -> None:
    settings = guarded.settings("hub", "OAUTHBEARER")
    log = open_log(settings.log_url, SystemClock(), settings.kafka)
    assert settings.kafka.token_file is not None
    settings.kafka.token_file.write_text(unsigned_token("hub", -60))
    with pytest.raises(Misconfigured):
        log.topics()
    settings.kafka.token_file.write_text(unsigned_token("hub", 60))
    assert SOURCE in log.topics()
    log.close()


def test_the_hub_s_principal_may_do_all_that_its_stages_do(guarded: Guarded) -> None:
    hub = open_hub(guarded.settings("hub"))
    try:
        for name, make in hub.tasks():
            task = make()
            for _ in range(3):
                assert task.step() >= 0, name
            task.close()
        hub.log.writer("redrive").close()
        hub.log.writer("run.hub-1").close()
    finally:
        hub.close()


def test_the_hub_may_not_make_topics(guarded: Guarded) -> None:
    log = guarded.log("hub")
    with pytest.raises(Misconfigured, match="hub may not create it"):
        log.create([TopicSpec("licence.business.other", 1)])
    log.close()


@pytest.mark.parametrize("name", ["auditor", "consumer"])
def test_p4_who_only_reads_cannot_write(guarded: Guarded, name: str) -> None:
    log = guarded.log(name)
    with pytest.raises(Misconfigured, match="TransactionalIdAuthorizationFailed"):
        log.writer("relay")
    assert isinstance(list(log.scan(VERIFIED, 0)), list)
    log.close()
    settings = guarded.settings(name)
    options = client_options(settings.log_url, settings.kafka)
    producer = KafkaProducer(**options, enable_idempotence=False, retries=0)
    with pytest.raises(errors.TopicAuthorizationFailedError):
        producer.send(VERIFIED, b"forged", partition=0).get(10)
    producer.close()


def test_p5_a_consumer_does_not_see_what_was_received(guarded: Guarded) -> None:
    log = guarded.log("consumer")
    assert VERIFIED in log.topics()
    assert SOURCE not in log.topics()
    with pytest.raises(HubError):
        list(log.scan(SOURCE, 0))
    log.close()


def test_the_auditor_s_doctor_compares_topics_and_says_that_it_cannot_see_grants(guarded: Guarded) -> None:
    settings = guarded.settings("auditor")
    admin = open_admin(settings.log_url, settings.kafka)
    assert admin is not None
    with admin, pytest.raises(Misconfigured, match="may not list grants"):
        admin.missing(granted({}))


def test_a_grant_that_was_taken_away_is_found_and_given_back(guarded: Guarded) -> None:
    assert "0 grants would be added" in guarded.run("topics", "apply", "--acls", "--dry-run").output
    _take_away(guarded, "User:consumer", VERIFIED)
    told = guarded.run("doctor", "--json").output
    (finding,) = [one for one in map(json.loads, told.splitlines()) if one["what"] == "grants"]
    assert not finding["sound"]
    assert f"User:consumer may not read topic {VERIFIED}" in finding["detail"]
    assert "1 grants would be added" in guarded.run("topics", "apply", "--acls", "--dry-run").output
    assert (
        f"1 grants added\n  User:consumer may read topic {VERIFIED}" in guarded.run("topics", "apply", "--acls").output
    )
    settings = guarded.settings("admin")
    with KafkaAdmin(settings.log_url, settings.kafka) as admin:
        assert admin.missing(granted({})) == []


def _take_away(guarded: Guarded, principal: str, topic: str) -> None:
    settings = guarded.settings("admin")
    admin = KafkaAdminClient(**client_options(settings.log_url, settings.kafka))
    pattern = ResourcePatternFilter(ResourceType.TOPIC, topic, ACLResourcePatternType.LITERAL)
    admin.delete_acls([ACLFilter(principal, "*", ACLOperation.READ, ACLPermissionType.ALLOW, pattern)])
    admin.close()
