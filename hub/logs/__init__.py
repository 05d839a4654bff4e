"""Record logs: the adapters of the ``RecordLog`` port, chosen by URL."""

from pathlib import Path

from hub.errors import Misconfigured
from hub.ports import Clock, RecordLog


def open_log(url: str, clock: Clock) -> RecordLog:
    """``sqlite:///PATH`` (four slashes for an absolute path): the embedded log. Opening changes nothing and takes no
    lock.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from hub.logs.sqlite import SqliteLog

        return SqliteLog(Path(rest[1:]), clock)
    if scheme == "kafka":
        from hub.logs.kafka import KafkaLog

        return KafkaLog(url, clock)
    raise Misconfigured(f"no record log of the kind {scheme!r}", "set log_url to sqlite:///PATH or kafka://HOST:PORT,…")
