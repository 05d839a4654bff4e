"""``python -m bench.sizing [RECORDS]``: disk that records take on a real broker and in PostgreSQL, scaled to a million.

Business licences of the sandbox, 2 % of them bad, through sealing, verify and project; one copy of the log.
"""

import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import make_url, text

from bench.stages import received
from bench.world import KIND, NAME, Feed
from hub.bootstrap import Hub, open_hub
from hub.connect.host.registry import find
from hub.settings import Settings
from hub.stores.database import Database
from sandbox.servers import kafka, postgres

MILLION = 1_000_000


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    home = Path(tempfile.mkdtemp(prefix="onecert-sizing-"))
    cluster, server = kafka.start(home / "broker"), postgres.start()
    try:
        print(json.dumps(_measure(home, cluster, server, records), indent=1))
    finally:
        cluster.stop()
        server.stop()
        shutil.rmtree(home)


def _measure(home: Path, cluster: kafka.Cluster, server: postgres.Server, records: int) -> dict[str, float]:
    """MB for a million records, by topic and database; seconds of CPU and peak MB of the one process."""
    hub = open_hub(_settings(home, cluster, server))
    empty = _databases(hub)
    try:
        _work(hub, records)
        after = _databases(hub)
        topics = {
            suffix: _bytes(cluster.nodes[0].home / "data", f"{KIND}.{suffix}")
            for suffix in ("received", "verified", "rejected")
        }
    finally:
        hub.close()
    disk = topics | {name: after[name] - empty[name] for name in after}
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {name: round(size * MILLION / records / 1e6, 1) for name, size in disk.items()} | {
        "cpu_s": round((used.ru_utime + used.ru_stime) * MILLION / records),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


def _settings(home: Path, cluster: kafka.Cluster, server: postgres.Server) -> Settings:
    base, admin = make_url(server.url), Database(server.url)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in ("store", "vault"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    admin.close()
    urls = {f"{name}_url": base.set(database=name).render_as_string(hide_password=False) for name in ("store", "vault")}
    return Settings.model_validate({**urls, "log_url": cluster.log_url, "master_key_file": home / "master.key"})


def _work(hub: Hub, records: int) -> None:
    feed, writer = Feed(records), hub.log.writer("sizing")
    hub.connectors.__dict__["trusted"] = {NAME: feed.trusted()}
    for page in feed.pages():
        sealed = hub.sealer.seal_page(find(NAME).info, feed.read(page), hub.clock.now_ms())
        writer.commit([received(one.entity_id, one.record_id, one.value, hub.clock.now_ms()) for one in sealed])
    writer.close()
    for name, messages in (("verify", records), ("project", 2 * records)):
        stage, taken = hub.task(name)(), 0
        while taken < messages:
            taken += stage.step()
        stage.close()


def _databases(hub: Hub) -> dict[str, int]:
    """Bytes of each database, indexes included."""
    found = {}
    for name, url in (("store", hub.settings.store_url), ("vault", hub.settings.vault_url)):
        database = Database(url)
        with database.read() as connection:
            found[name] = int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
        database.close()
    return found


def _bytes(data: Path, topic: str) -> int:
    """Bytes of the topic's segments: its records, not the indexes that a broker allots in advance."""
    time.sleep(1)
    return sum(file.stat().st_size for file in data.glob(f"{topic}-*/*.log"))


if __name__ == "__main__":
    main()
