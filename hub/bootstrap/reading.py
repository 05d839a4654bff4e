"""A hub to read only: it makes no file, table, topic or key."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from hub.bootstrap.hub import Hub, exists
from hub.clock import SystemClock
from hub.errors import Misconfigured
from hub.ports import Clock
from hub.privacy.vault import KEY_BYTES, MasterKey
from hub.settings import Settings, without_secrets
from hub.stores.migrate import STORE
from hub.topics.declared import declared

PARTS = ("log", "store", "vault")


@contextmanager
def reading(settings: Settings, clock: Clock | None = None) -> Iterator[Hub]:
    """A hub for a command that only reads: it makes no file, table, topic or key. Of what is not made yet it sees an
    empty one.

    Raises ``Misconfigured`` for a part that was lost, for tables that are older than this hub needs, for a missing
    master key of a vault that exists, and for a folder that this user may not enter; ``Unavailable`` when log or
    database is away.
    """
    with TemporaryDirectory(prefix="hub-empty-") as folder:
        stand_in, unmade = with_empty(settings, Path(folder))
        for part in PARTS:
            check_not_lost(settings, part, unmade)
        hub = Hub(stand_in, clock or SystemClock())
        try:
            _complete(hub, settings, unmade)
            yield hub
        finally:
            hub.close()


def with_empty(settings: Settings, folder: Path) -> tuple[Settings, frozenset[str]]:
    """Settings in which each embedded part that does not exist yet is one in ``folder``, and which parts these are:
    log, store, vault, key. Nothing but a master key is made there. Raises ``Misconfigured`` for a folder that this user
    may not enter."""
    unmade = {name for name in PARTS if not is_made(getattr(settings, f"{name}_url"))}
    changes: dict[str, object] = {f"{name}_url": f"sqlite:///{folder}/{name}.db" for name in unmade}
    if not exists(settings.master_key_file):
        unmade.add("key")
        changes["master_key_file"] = key = folder / "master.key"
        key.touch(0o600)
        key.write_bytes(os.urandom(KEY_BYTES))
    return settings.model_copy(update=changes), frozenset(unmade)


def check_not_lost(settings: Settings, part: str, unmade: Collection[str]) -> None:
    """Raises ``Misconfigured`` for an embedded part that is missing although there is another one that is made after
    it or together with it: it was lost, and an empty one would look like a hub without applications."""
    witness = "vault" if part == "store" else "store"
    there = witness not in unmade and getattr(settings, f"{witness}_url").startswith("sqlite:")
    if part in unmade and there:
        where = without_secrets(getattr(settings, f"{part}_url"))
        remedy = "restore it from the backup" + (
            "; or `hub rebuild --replace`" if part == "store" else ", with its key"
        )
        raise Misconfigured(f"{where} is missing, and there is a {witness}", remedy)


def is_made(url: str) -> bool:
    """Whether the file of an embedded part exists. A broker or a server counts as there."""
    return not url.startswith("sqlite:") or exists(Path(make_url(url).database or ""))


def _complete(hub: Hub, settings: Settings, unmade: frozenset[str]) -> None:
    """Make the empty parts that are used for ``unmade`` ones, and check the others."""
    if "log" in unmade:
        hub.log.create(declared(settings.partitions))
    if "store" in unmade:
        STORE.upgrade(hub.settings.store_url, hub.procedures.tables)
    else:
        check_tables(hub)
    if "vault" in unmade:
        hub.vault.prepare()
    else:
        check_vault(hub, settings)


def check_tables(hub: Hub) -> str:
    """The revision of the store. Raises ``Misconfigured`` when it is missing or older than this hub needs."""
    with hub.store.read() as connection:
        return STORE.check(connection)


def check_vault(hub: Hub, settings: Settings) -> str:
    """The revision of the vault. Raises ``Misconfigured`` when its tables or its master key are missing,
    ``TamperDetected`` when the key is another one."""
    revision = hub.vault.revision()
    MasterKey.load(settings.master_key_file)
    hub.vault.find([("doctor", "probe")])
    return revision
