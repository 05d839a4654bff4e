"""``make kafka``: runs a real broker and a real PostgreSQL on this machine until Ctrl-C, and prints
settings for them.
"""

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path

from sandbox.servers import kafka, postgres
from sandbox.servers.missing import Missing


def main() -> None:
    """Run a Kafka cluster and a PostgreSQL until Ctrl-C and print their addresses."""
    parser = argparse.ArgumentParser(prog="make kafka", description=main.__doc__)
    parser.add_argument("--nodes", type=int, default=1, choices=(1, 3), help="Kafka brokers")
    parser.add_argument("--port", type=int, default=9092, help="port of the first broker; 0: a free one")
    parser.add_argument("--postgres-port", type=int, default=0, help="port of PostgreSQL; 0: a free one")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with tempfile.TemporaryDirectory(prefix="onecert-kafka-") as home:
        try:
            cluster = kafka.start(Path(home) / "cluster", options.nodes, options.port)
            database = postgres.start(options.postgres_port)
        except Missing as missing:
            sys.exit(f"error: {missing}")
        print(f'log_url = "{cluster.log_url}"')
        for name in ("store", "vault"):
            print(f'{name}_url = "{database.create(name)}"')
        print("Ctrl-C ends both", flush=True)
        try:
            ended.wait()
        finally:
            cluster.stop()
            database.stop()


if __name__ == "__main__":
    main()
