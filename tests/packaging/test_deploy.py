"""What deploy/ says of the hub is true of the hub."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from hub import settings, transport
from hub.connect.host.granted import compare
from hub.connect.host.registry import find
from hub.grants.grant import load
from hub.privacy.purposes import shipped

DEPLOY = Path(__file__).parents[2] / "deploy"
EXAMPLE = dict(line.split("=", 1) for line in (DEPLOY / "hub.env.example").read_text("utf-8").split())


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return found


def test_the_example_settings_load_with_the_example_environment() -> None:
    loaded = settings.load(DEPLOY / "hub.toml", EXAMPLE)
    assert (loaded.kafka.replication, loaded.kafka.min_insync_replicas) == (3, 2)
    assert loaded.store_url != loaded.vault_url
    for name in ("business_licence", "property_title", "utility_crm"):
        assert find(name).info.options(loaded.connector(name))


def test_the_example_grants_are_for_look_ups_and_fit_the_sources() -> None:
    """Who starts with them reads no one ahead: a feed, and the files of licences, are written down by a person who has
    the approval."""
    loaded = settings.load(DEPLOY / "hub.toml", EXAMPLE)
    grants = load(loaded.grants)
    sources = {name: find(name).info for name in grants}
    found = compare(grants, sources, shipped().names(), date(2026, 6, 1))
    assert [(one.source, one.key, one.grave) for one in found] == [("business_licence", "ways", False)]
    assert {one.ways for one in grants.values()} == {frozenset({"look-up"})}
    assert {name for name in loaded.connectors if find(name).info.direction == "source"} == set(grants)


def test_ports_are_published_on_loopback_only() -> None:
    published = [port for service in compose()["services"].values() for port in service.get("ports", ())]
    assert published and all(port.startswith("127.0.0.1:") for port in published)


def test_secrets_are_files_that_are_never_committed() -> None:
    assert all(secret["file"].startswith("./secrets/") for secret in compose()["secrets"].values())
    assert "deploy/secrets/" in (DEPLOY.parent / ".gitignore").read_text("utf-8")


def test_brokers_keep_three_copies_and_every_volume_is_declared() -> None:
    services = compose()["services"]
    brokers = [service for name, service in services.items() if name.startswith("kafka-")]
    assert len(brokers) == 3 and len({mount for one in brokers for mount in one["volumes"]}) == 6
    properties = (DEPLOY / "kafka/server.properties").read_text("utf-8")
    for line in ("min.insync.replicas=2", "default.replication.factor=3", "transaction.state.log.min.isr=2"):
        assert f"\n{line}\n" in properties
    mounts = {mount.split(":")[0] for one in services.values() for mount in one.get("volumes", ()) if mount[0] != "."}
    assert mounts == set(compose()["volumes"])


def test_images_are_fixed_by_digest() -> None:
    """A tag can be moved to another image; only our own image, built here, has none."""
    images = [one["image"] for one in compose()["services"].values()]
    images += re.findall(r"(?m)^FROM (\S+)", (DEPLOY / "Containerfile").read_text("utf-8"))
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", image) for image in images if image != "onecert-hub")


def test_p5_nothing_in_the_compose_file_is_without_tls() -> None:
    loaded = settings.load(DEPLOY / "hub.toml", EXAMPLE)
    assert transport.plain(loaded) == []
    protocols = re.findall(
        r"(?m)^listener\.security\.protocol\.map=(.*)$", (DEPLOY / "kafka/server.properties").read_text()
    )
    assert protocols == ["CLIENTS:SASL_SSL,BROKERS:SSL,CONTROLLER:SSL"]


def test_the_addresses_agree() -> None:
    """hub.toml, compose and Prometheus name the same brokers, hubs and port."""
    services = set(compose()["services"])
    log_url = tomllib.loads((DEPLOY / "hub.toml").read_text("utf-8"))["log_url"]
    prometheus = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))
    targets = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    for named in (re.findall(r"kafka-\d", log_url), [target.split(":")[0] for target in targets]):
        assert named and set(named) <= services


def test_the_container_runs_as_nobody_in_particular() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    assert re.search(r"(?m)^USER 10001:10001$", text) and "/health" in text
