"""Opens a declared source of the transport ``files``."""

from collections.abc import Mapping
from typing import Any

from hub.connect.context import Context
from hub.connect.files.source import FilesSource
from hub.connect.trust import trusted_keys_of
from hub.errors import Misconfigured
from hub.ports import Source


def open_files(options: Mapping[str, Any], context: Context) -> Source:
    """Open the source that the folder declares. Its settings have ``folder``, ``sender``, the trusted keys and
    ``first_batch``. Makes no call. Raises ``Misconfigured``."""
    spec, name = context.info.files, context.info.name
    if spec is None:
        raise Misconfigured(f"{name}/connector.toml has no section [files]", "write it: docs/connectors.md")
    if not (trusted := trusted_keys_of(options)):
        raise Misconfigured(
            f"connectors.{name} has no key_id and public_key", "set the sender's key: batches are signed"
        )
    first = int(options.get("first_batch") or 1)
    return FilesSource(str(options["folder"]), str(options["sender"]), trusted, first, spec, context)
