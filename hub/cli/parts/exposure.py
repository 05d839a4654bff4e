"""What others can read: connections without verified TLS, and files with personal data or secrets."""

import stat
import tomllib
from pathlib import Path
from typing import Any

from hub import transport
from hub.connect.host.registry import discover
from hub.errors import Misconfigured
from hub.settings import Settings

_KAFKA_SECRETS = frozenset(("password", "key_password"))


def connections(settings: Settings) -> str:
    """The connections without verified TLS that a setting allows, for people. A hub with another one does not open."""
    found = transport.plain(settings)
    if not found:
        return "every connection to another machine has verified TLS"
    return "without verified TLS, as allowed: " + ", ".join(f"{one.what} ({one.key} = true)" for one in found)


def files(settings_file: Path, settings: Settings) -> str:
    """Raises ``Misconfigured`` when other users of this machine can read a database, or a settings file with secrets.
    The master key's file is checked when it is loaded."""
    urls = (settings.log_url, settings.store_url, settings.vault_url)
    for database in (Path(url.removeprefix("sqlite:///")) for url in urls if url.startswith("sqlite:")):
        # In a folder that is closed to others, a file's own mode does not matter.
        if _open(database) and _open(database.parent):
            raise Misconfigured(
                f"other users of this machine can read {database}",
                f"chmod 700 {database.parent}; chmod 600 {database}*",
            )
    if _open(settings_file) and _has_secrets(tomllib.loads(settings_file.read_text("utf-8")), settings.connectors_dir):
        raise Misconfigured(
            f"other users of this machine can read {settings_file}, which has secrets",
            f"chmod 640 {settings_file}, or move the secrets to the environment",
        )
    return "other users of this machine can read no database and no secret"


def _open(file: Path) -> bool:
    return file.exists() and bool(file.stat().st_mode & stat.S_IRWXO)


def _has_secrets(values: dict[str, Any], directory: Path | None) -> bool:
    tables = values.get("connectors", {}).items()
    return bool(values.get("kafka", {}).keys() & _KAFKA_SECRETS) or any(
        table.keys() & _secret_names(name, directory) for name, table in tables
    )


def _secret_names(connector: str, directory: Path | None) -> frozenset[str]:
    installed = discover(directory).get(connector)
    if installed is None or isinstance(installed, Misconfigured):
        return frozenset()
    return installed.info.secret_names()
