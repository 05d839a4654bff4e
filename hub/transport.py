"""Which connections of an installation leave this machine without verified TLS. Each is refused until a setting
``insecure = true`` beside it allows it; ``hub doctor`` names it then.

Covered: the broker, store, vault, schema registry, the address that the API listens on, and every URL in a
connector's table: ``http:`` and PostgreSQL. The
options of other databases are their drivers' own; they are not judged.
"""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from hub.errors import Misconfigured
from hub.settings import Settings, table_of

_VERIFIED = ("verify-ca", "verify-full")
"""Values of PostgreSQL's ``sslmode`` that prove whose server answers (libpq, 34.19.1)."""


class Plain(NamedTuple):
    """One connection without verified TLS. ``key`` is the setting that allows it, ``remedy`` another way."""

    what: str
    host: str
    key: str
    allowed: bool
    remedy: str


def plain(settings: Settings) -> list[Plain]:
    """The connections to other machines that have no verified TLS."""
    return [
        *(*_broker(settings), *_databases(settings), *_registry(settings), *_connectors(settings)),
        *_web(settings),
    ]


def check(settings: Settings) -> None:
    """Raises ``Misconfigured`` for the first connection that no setting allows."""
    for one in plain(settings):
        if not one.allowed:
            raise Misconfigured(
                f"{one.what} leads to {one.host} without verified TLS",
                f"{one.remedy}; or set {one.key} = true if that network is your own",
            )


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine. A folder (a Unix socket) and "" are.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.9", "::1", "/run/postgresql", "0.0.0.0", "db")]
    [True, True, True, True, False, False]
    """
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _first_away(hosts: Iterable[str]) -> str | None:
    return next((host for host in hosts if not is_loopback(host)), None)


def _hosts(place: str) -> list[str]:
    """The hosts of HOST:PORT,HOST:PORT.

    >>> _hosts("user:pw@a:1,[::1]:2,b")
    ['a', '::1', 'b']
    """
    return [urlsplit(f"//{one}").hostname or "" for one in place.rpartition("@")[2].split(",")]


def _broker(settings: Settings) -> Iterator[Plain]:
    url = urlsplit(settings.log_url)
    if url.scheme != "kafka":
        return
    query = {key: values[-1] for key, values in parse_qs(url.query).items()}
    protocol = query.get("security_protocol", settings.kafka.security_protocol)
    host = _first_away(_hosts(url.netloc))
    if host and not protocol.endswith("_SSL") and protocol != "SSL":
        allowed = query["insecure"].lower() in ("true", "1") if "insecure" in query else settings.kafka.insecure
        yield Plain("log_url", host, "kafka.insecure", allowed, "set kafka.security_protocol to SSL or SASL_SSL")


def _databases(settings: Settings) -> Iterator[Plain]:
    for key in ("store_url", "vault_url"):
        if host := _database_away(getattr(settings, key)):
            yield Plain(key, host, "insecure", settings.insecure, "add ?sslmode=verify-full to it")


def _registry(settings: Settings) -> Iterator[Plain]:
    if host := _http_away(settings.registry_url):
        yield Plain("registry_url", host, "insecure", settings.insecure, "use https")


def _web(settings: Settings) -> Iterator[Plain]:
    web = settings.web
    if web.cert_file is None and not is_loopback(web.host):
        remedy = "set web.cert_file and web.key_file, or put a TLS proxy on this machine before web.host = 127.0.0.1"
        yield Plain("web.host", web.host, "web.insecure", web.insecure, remedy)


def _connectors(settings: Settings) -> Iterator[Plain]:
    for name in (*settings.connectors, *settings.desks):
        allowed, where = settings.insecure_connector(name), table_of(name)
        for key, value in settings.connector(name).items():
            if isinstance(value, str) and (host := _http_away(value) or _database_away(value)):
                remedy = "use https" if value.startswith("http:") else "add ?sslmode=verify-full to it"
                yield Plain(f"{where}.{key}", host, f"{where}.insecure", allowed, remedy)


def _http_away(url: str) -> str | None:
    parts = urlsplit(url) if url.startswith("http://") else None
    return _first_away(_hosts(parts.netloc)) if parts else None


def _database_away(url: str) -> str | None:
    """The first host on another machine of a PostgreSQL URL without verified TLS."""
    if not url.startswith(("postgresql:", "postgresql+", "postgres:")):
        return None
    parts = urlsplit(url)
    query: dict[str, Any] = parse_qs(parts.query)
    hosts = _hosts(parts.netloc) + [host for given in query.get("host", ()) for host in _hosts(given)]
    return None if query.get("sslmode", [""])[-1] in _VERIFIED else _first_away(hosts)
