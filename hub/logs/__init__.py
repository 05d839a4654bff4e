"""Record logs: the adapters of the ``RecordLog`` port, chosen by URL."""

from pathlib import Path
from typing import TYPE_CHECKING

from hub.errors import Misconfigured
from hub.ports import Clock, RecordLog
from hub.settings import KafkaSettings

if TYPE_CHECKING:
    from hub.logs.kafka.admin import KafkaAdmin

_DEFAULTS = KafkaSettings()


def open_log(url: str, clock: Clock, kafka: KafkaSettings = _DEFAULTS) -> RecordLog:
    """The log that ``url`` names.

    ``sqlite:///PATH`` is the embedded log; an absolute path makes it four slashes. ``kafka://HOST:PORT,…`` is a
    broker; ``kafka`` and the URL's query say how to connect, and the query wins. Opening makes no connection, changes
    nothing and takes no lock. Raises ``Misconfigured`` for any other URL.
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
    """Access to what only a broker has: the configuration of topics, and grants. ``None`` for the embedded log.

    Connects. Raises ``Misconfigured`` when the broker refuses us, ``Unavailable`` when none answers.
    """
    if not url.startswith("kafka://"):
        return None
    from hub.logs.kafka.admin import KafkaAdmin

    return KafkaAdmin(url, kafka)
