"""What deploy/ says of the hub is true of the hub."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from hub import settings
from hub.connect.host.registry import find

DEPLOY = Path(__file__).parents[2] / "deploy"


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return found


def test_the_example_settings_load_with_the_example_environment() -> None:
    lines = (DEPLOY / "hub.env.example").read_text("utf-8").split()
    environ = dict(line.split("=", 1) for line in lines) | {"HUB_INSTANCE": "hub-1"}
    loaded = settings.load(DEPLOY / "hub.toml", environ)
    assert (loaded.kafka.replication, loaded.kafka.min_insync_replicas) == (3, 2)
    assert loaded.store_url != loaded.vault_url
    for name in ("business_licence", "property_title", "utility_crm"):
        assert find(name).info.options(loaded.connector(name))


def test_ports_are_published_on_loopback_only() -> None:
    published = [port for service in compose()["services"].values() for port in service.get("ports", ())]
    assert published and all(port.startswith("127.0.0.1:") for port in published)


def test_secrets_are_files_that_are_never_committed() -> None:
    assert all(secret["file"].startswith("./secrets/") for secret in compose()["secrets"].values())
    assert "deploy/secrets/" in (DEPLOY.parent / ".gitignore").read_text("utf-8")


def test_brokers_keep_three_copies_and_every_volume_is_declared() -> None:
    services = compose()["services"]
    brokers = [service for name, service in services.items() if name.startswith("kafka-")]
    assert len(brokers) == 3 and len({one["environment"]["KAFKA_NODE_ID"] for one in brokers}) == 3
    assert {one["environment"]["KAFKA_MIN_INSYNC_REPLICAS"] for one in brokers} == {2}
    mounts = {mount.split(":")[0] for one in services.values() for mount in one.get("volumes", ()) if mount[0] != "."}
    assert mounts == set(compose()["volumes"])


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
