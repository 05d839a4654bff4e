"""Record logs: the adapters of the ``RecordLog`` port, chosen by URL."""

from pathlib import Path
from typing import TYPE_CHECKING

from hub.errors import Misconfigured
from hub.ports import Clock, RecordLog
from hub.settings import KafkaSettings

if TYPE_CHECKING:
    from hub.logs.kafka.admin import KafkaAdmin

_ALONE = KafkaSettings()


def open_log(url: str, clock: Clock, kafka: KafkaSettings = _ALONE) -> RecordLog:
    """``sqlite:///PATH`` (four slashes for an absolute path): the embedded log. ``kafka://HOST:PORT,…``: a broker,
    reached as ``kafka`` and the URL's query say. Opening connects to nothing, changes nothing and takes no lock.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from hub.logs.sqlite.log import SqliteLog

        return SqliteLog(Path(rest[1:]), clock)
    if scheme == "kafka":
        from hub.logs.kafka.log import KafkaLog

        return KafkaLog(url, clock, kafka)
    raise Misconfigured(f"no record log of the kind {scheme!r}", "set log_url to sqlite:///PATH or kafka://HOST:PORT,…")


def open_admin(url: str, kafka: KafkaSettings) -> "KafkaAdmin | None":
    """What only a broker has: topics' configurations, and grants. ``None`` for the embedded log."""
    if not url.startswith("kafka://"):
        return None
    from hub.logs.kafka.admin import KafkaAdmin

    return KafkaAdmin(url, kafka)
