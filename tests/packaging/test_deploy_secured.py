"""P5: what deploy/prepare makes is used by a real broker and a real PostgreSQL: TLS, passwords, two ordinary roles."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.privacy.tables import VAULT
from hub.stores.migrate import STORE
from sandbox.servers import kafka, postgres
from sandbox.servers.missing import Missing
from sandbox.servers.ports import free_port

PATIENCE_S = 60.0
DEPLOY = Path(__file__).parents[2] / "deploy"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of deploy/ after ``deploy/prepare``."""
    folder = tmp_path_factory.mktemp("prepared") / "deploy"
    shutil.copytree(DEPLOY, folder, ignore=shutil.ignore_patterns("secrets", "hub.env"))
    subprocess.run([str(folder / "prepare")], check=True, capture_output=True)
    return folder


def secret(prepared: Path, name: str) -> str:
    return (prepared / "secrets" / name).read_text("utf-8").strip()


def environment(prepared: Path) -> dict[str, str]:
    lines = (prepared / "hub.env").read_text("utf-8").split()
    return dict(line.split("=", 1) for line in lines)


def test_secrets_are_closed_and_made_once(prepared: Path) -> None:
    before = {file.name: file.read_bytes() for file in (prepared / "secrets").iterdir()}
    modes = {file.name: file.stat().st_mode & 0o777 for file in (prepared / "secrets").iterdir()}
    assert {name for name, mode in modes.items() if mode & 0o077} == {"ca.pem"}
    subprocess.run([str(prepared / "prepare")], check=True, capture_output=True)
    assert {file.name: file.read_bytes() for file in (prepared / "secrets").iterdir()} == before
    assert "PASSWORD" not in "".join(environment(prepared)[key] for key in ("HUB_STORE_URL", "HUB_VAULT_URL"))


@pytest.fixture(scope="module")
def broker(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One node from the first node's properties: other places and one copy, all else as deployed. Gives HOST:PORT."""
    home = tmp_path_factory.mktemp("secured") / "node"
    home.mkdir()
    clients, brokers, controller = free_port(), free_port(), free_port()
    text = (prepared / "secrets/kafka-1.properties").read_text("utf-8")
    for old, new in {
        r"(?m)^(controller\.quorum\.voters)=.*": rf"\1=1@127.0.0.1:{controller}",
        r"(kafka-1)?:9092": f"127.0.0.1:{clients}",
        r"(kafka-1)?:9094": f"127.0.0.1:{brokers}",
        r"(?<=CONTROLLER://):9093": f"127.0.0.1:{controller}",
        r"/run/secrets/broker\.pem": str(prepared / "secrets/kafka-1.pem"),
        r"/run/secrets/ca\.pem": str(prepared / "secrets/ca.pem"),
        r"/var/lib/kafka": str(home),
        r"(?m)^(.*(?:replication\.factor|min\.isr|min\.insync\.replicas))=.*": r"\1=1",
    }.items():
        text = re.sub(old, new, text)
    (home / "server.properties").write_text(text, "utf-8")
    node = kafka.Node(1, clients, controller, home)
    try:
        kafka.format_node(node, "b25lY2VydC1odWItMDAwMQ")
    except Missing as missing:
        pytest.skip(str(missing))
    node.start()
    try:
        node.wait_ready()
        yield f"127.0.0.1:{clients}"
    finally:
        node.stop()


def hub(prepared: Path, broker: str, home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command of the hub with deploy/hub.toml."""
    environ: Mapping[str, str] = {
        **{key: value for key, value in os.environ.items() if not key.startswith("HUB_")},
        "HUB_INSTANCE": "hub-1",
        "HUB_LOG_URL": f"kafka://{broker}",
        "HUB_KAFKA__CA_FILE": str(prepared / "secrets/ca.pem"),
        "HUB_KAFKA__PASSWORD": environment(prepared)["HUB_KAFKA__PASSWORD"],
        "HUB_KAFKA__REPLICATION": "1",
        "HUB_KAFKA__MIN_INSYNC_REPLICAS": "1",
        "HUB_STORE_URL": f"sqlite:///{home}/store.db",
        "HUB_VAULT_URL": f"sqlite:///{home}/vault.db",
        "HUB_MASTER_KEY_FILE": str(prepared / "secrets/master.key"),
        **more,
    }
    command = [sys.executable, "-m", "hub", "--config", str(prepared / "hub.toml"), *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, cwd=DEPLOY.parent)


def _once_granted(prepared: Path, broker: str, home: Path) -> list[dict[str, Any]]:
    """What doctor finds when the broker has applied the grants: it does so a moment after it has acknowledged them."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        told = hub(prepared, broker, home, "doctor", "--json").stdout
        found: list[dict[str, Any]] = [json.loads(line) for line in told.splitlines()]
        if all(one["sound"] for one in found if one["what"] in ("log", "topics")):
            return found
        assert time.monotonic() < deadline_s, found


@pytest.mark.kafka
def test_p5_the_deployed_broker_wants_tls_and_a_password_and_gives_the_hub_its_grants_only(
    prepared: Path, broker: str, tmp_path: Path
) -> None:
    admin = {"HUB_KAFKA__USER": "admin", "HUB_KAFKA__PASSWORD": secret(prepared, "kafka_admin_password")}
    made = hub(prepared, broker, tmp_path, "topics", "apply", "--acls", **admin)
    assert made.returncode == 0, made.stderr
    found = _once_granted(prepared, broker, tmp_path)
    assert "without" not in next(one["detail"] for one in found if one["what"] == "transport")
    refused = hub(prepared, broker, tmp_path, "topics", "apply", "--acls")
    assert refused.returncode, "an ordinary user may not grant"
    wrong = hub(prepared, broker, tmp_path, "topics", "list", HUB_KAFKA__PASSWORD="wrong")
    plain = hub(
        prepared, broker, tmp_path, "topics", "list", HUB_LOG_URL=f"kafka://{broker}?security_protocol=PLAINTEXT"
    )
    assert (wrong.returncode, plain.returncode) == (78, 78)


@pytest.mark.postgres
def test_p5_two_ordinary_roles_own_the_two_databases_and_only_tls_is_answered(prepared: Path) -> None:
    try:
        server = postgres.start()
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        _secure(server, prepared)
        urls = {name: _url(prepared, name, server.port) for name in ("store", "vault")}
        assert STORE.upgrade(urls["store"]) and VAULT.upgrade(urls["vault"])
        for name, other in (("store", "vault"), ("vault", "store")):
            plain = urls[name].replace("+psycopg", "")
            with psycopg.connect(plain) as one:
                role = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
                assert one.execute(role.encode()).fetchone() == (False,)
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(plain.replace(f"/{name}?", f"/{other}?"))
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(plain.replace("sslmode=verify-full", "sslmode=disable"))
    finally:
        server.stop()


def _url(prepared: Path, name: str, port: int) -> str:
    """The URL of hub.env, at another place."""
    url = environment(prepared)[f"HUB_{name.upper()}_URL"]
    return url.replace("@postgres/", f"@127.0.0.1:{port}/").replace("/run/secrets", str(prepared / "secrets"))


def _secure(server: postgres.Server, prepared: Path) -> None:
    """What compose.yaml does with the official image: roles.sh first, then TLS, and passwords for every connection."""
    script = (prepared / "postgres/roles.sh").read_text("utf-8").replace("/run/secrets", str(prepared / "secrets"))
    environ = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres"}
    subprocess.run(["sh", "-c", script], env=environ, check=True, capture_output=True)
    data = server.home / "data"
    for name in ("postgres.crt", "postgres.key"):
        shutil.copy(prepared / "secrets" / name, data / name)
        (data / name).chmod(0o600)
        shutil.chown(data / name, (data / "PG_VERSION").stat().st_uid, (data / "PG_VERSION").stat().st_gid)
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n", "utf-8")
    with (data / "postgresql.conf").open("a") as settings:
        settings.write("ssl=on\nssl_cert_file='postgres.crt'\nssl_key_file='postgres.key'\n")
    server.control("restart")
